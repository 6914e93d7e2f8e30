"""Question pairs into ids."""

from __future__ import annotations

from array import array
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
        ids, segments, matches = array("i"), array("b"), array("b")
        offsets = np.zeros(len(pairs) + 1, np.int64)
        for n, (first, second) in enumerate(pairs, start=1):
            self._append(tokenize(first), tokenize(second), ids, segments, matches)
            offsets[n] = len(ids)
        return EncodedPairs(
            ids=np.array(ids, np.int32),
            segments=np.array(segments, np.int8),
            matches=np.array(matches, np.int8),
            offsets=offsets,
            labels=None if labels is None else np.asarray(labels, np.int64),
        )

    def _append(
        self,
        first: list[str],
        second: list[str],
        ids: array[int],
        segments: array[int],
        matches: array[int],
    ) -> None:
        """Add one pair's tokens to the end of the arrays."""
        in_first, in_second = set(first), set(second)
        keep1, keep2 = _kept(len(first), len(second), self.max_length - _SPECIALS)
        id_of = self.vocabulary.id_of
        ids.append(CLS)
        ids.extend([id_of(word) for word in first[:keep1]])
        ids.append(SEP)
        ids.extend([id_of(word) for word in second[:keep2]])
        ids.append(SEP)
        matches.append(0)
        matches.extend([2 if word in in_second else 1 for word in first[:keep1]])
        matches.append(0)
        matches.extend([2 if word in in_first else 1 for word in second[:keep2]])
        matches.append(0)
        segments.frombytes(bytes(keep1 + 2) + b"\1" * (keep2 + 1))

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


def _kept(first: int, second: int, budget: int) -> tuple[int, int]:
    """How many tokens to keep of two questions, at most `budget` together, the shorter spared."""
    if first + second <= budget:
        return first, second
    half = budget // 2
    shorter = min(first, second)
    if shorter > half:
        return budget - half, half
    return min(first, budget - shorter), min(second, budget - shorter)
