"""Question pairs into ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError, SettingsError
from pmt_text.encoded_pairs import EncodedPairs
from pmt_text.tokenize import tokenize
from pmt_text.vocabulary import CLS, SEP, Vocabulary

__all__ = ["PairEncoder"]

_SPECIALS = 3  # <cls> a <sep> b <sep>
_CHUNK = 20_000  # pairs; bounds the memory that encoding needs besides its result


class PairEncoder:
    """Encodes pairs of texts as ``<cls> a <sep> b <sep>``.

    vocabulary: gives the ids. max_length: the most tokens of a pair, the three special ones
    included; what is too long loses tokens from the end of its longer question first, and from
    both in turn once they are equally long.
    """

    def __init__(self, vocabulary: Vocabulary, max_length: int = 64) -> None:
        if max_length < _SPECIALS + 2:
            raise SettingsError(
                f"max_length must be {_SPECIALS + 2} or more (three special tokens and a word of "
                f"each question), not {max_length}"
            )
        self.vocabulary = vocabulary
        self.max_length = max_length

    def encode(
        self,
        pairs: Sequence[tuple[str, str]],
        labels: Sequence[int] | NDArray[np.integer] | None = None,
    ) -> EncodedPairs:
        """Encode n pairs of texts, raw or treebank-tokenized; labels: (n,), carried along.

        `matches` compares tokens, not ids (two unknown words match if they are the same word),
        with the whole other question, also with what truncation takes off it. Marks are tokens
        like any other.
        """
        chunks = [
            self._encode_chunk(pairs[start : start + _CHUNK])
            for start in range(0, len(pairs), _CHUNK)
        ]
        lengths = np.concatenate([np.zeros(1, np.int64), *(chunk[0] for chunk in chunks)])
        return EncodedPairs(
            ids=np.concatenate([np.empty(0, np.int32), *(chunk[1] for chunk in chunks)]),
            segments=np.concatenate([np.empty(0, np.int8), *(chunk[2] for chunk in chunks)]),
            matches=np.concatenate([np.empty(0, np.int8), *(chunk[3] for chunk in chunks)]),
            offsets=np.cumsum(lengths),
            labels=None if labels is None else np.asarray(labels, np.int64),
        )

    def _encode_chunk(
        self, pairs: Sequence[tuple[str, str]]
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int8], NDArray[np.int8]]:
        """Lengths (n,) of the pairs, and their ids, segments and matches (m,)."""
        texts = [tokenize(text) for pair in pairs for text in pair]
        counts = np.fromiter(map(len, texts), np.int64, len(texts))
        words, ids = self._number(texts)
        matches = _matches(words, counts)
        keep = _truncated(counts.reshape(-1, 2), self.max_length - _SPECIALS).ravel()

        # Each question is followed by <sep>, each first one preceded by <cls>.
        first = np.arange(len(counts)) % 2 == 0
        lengths = keep + 1 + first
        starts = np.cumsum(lengths) - lengths
        total = int(lengths.sum())
        source = _ranges(np.cumsum(counts) - counts, keep)
        target = _ranges(starts + first, keep)

        flat_ids = np.empty(total, np.int32)
        flat_ids[starts[first]] = CLS
        flat_ids[starts + lengths - 1] = SEP
        flat_ids[target] = ids[source]
        flat_matches = np.zeros(total, np.int8)
        flat_matches[target] = matches[source]
        segments = np.repeat((~first).astype(np.int8), lengths)
        return lengths.reshape(-1, 2).sum(axis=1), flat_ids, segments, flat_matches

    def _number(self, texts: list[list[str]]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """For every token of `texts`: a number of its own among them, and its id."""
        seen: dict[str, int] = {}
        number = seen.setdefault
        total = sum(map(len, texts))
        words = np.fromiter(
            (number(token, len(seen)) for tokens in texts for token in tokens), np.int64, total
        )
        return words, self.vocabulary.ids(seen).astype(np.int32)[words]

    def to_json(self) -> dict[str, Any]:
        """The encoder as JSON can hold it."""
        return {"max_length": self.max_length, "vocabulary": self.vocabulary.to_json()}

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> PairEncoder:
        """The encoder that `to_json` wrote."""
        if set(state) != {"max_length", "vocabulary"}:
            raise DataError(
                "an encoder in JSON is {'max_length': int, 'vocabulary': list}, as to_json() "
                "writes it"
            )
        if not isinstance(state["max_length"], int):
            raise DataError(f"max_length must be an integer, not {state['max_length']!r}")
        return cls(Vocabulary.from_json(state["vocabulary"]), state["max_length"])


def _matches(words: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int8]:
    """1 or, where the token occurs in the other question of its pair too, 2, for every token.

    words: (m,), equal where tokens are; counts: (2n,), the tokens of each question, both of a
    pair in turn.
    """
    question = np.repeat(np.arange(len(counts)), counts)
    vocabulary = words.max(initial=0) + 1
    key = (question >> 1) * vocabulary + words  # a token within a pair
    order = np.argsort(key, kind="stable")  # keeps question1's tokens before question2's
    sorted_key, side = key[order], question[order] & 1
    new = np.diff(sorted_key, prepend=-1) != 0
    group = np.cumsum(new) - 1
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], len(words)) - 1
    in_both = side[starts] != side[ends] if len(starts) else np.empty(0, np.bool_)
    matches = np.empty(len(words), np.int8)
    matches[order] = 1 + in_both[group]
    return matches


def _truncated(counts: NDArray[np.int64], budget: int) -> NDArray[np.int64]:
    """The tokens to keep of each question, (n, 2), at most `budget` a pair, the shorter spared."""
    shorter = counts.min(axis=1, keepdims=True)
    share = np.array([budget - budget // 2, budget // 2])
    room = np.where(shorter <= budget // 2, budget - shorter, share)
    return np.where(counts.sum(axis=1, keepdims=True) > budget, np.minimum(counts, room), counts)


def _ranges(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """``starts[i] ... starts[i] + lengths[i] - 1`` for every i, end to end."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
