"""Encode question pairs as token ids, segments, match types and features."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError, decode_field, field, json_object
from pmt_text.qqp.encoded_pairs import EncodedPairs
from pmt_text.qqp.few_pairs import FEW, encode_few
from pmt_text.qqp.idf import InverseDocumentFrequency
from pmt_text.qqp.pair_features import PAIR_FEATURES, features_of
from pmt_text.qqp.word_matches import (
    MISSING,
    N_BANDS,
    N_MATCH_TYPES,
    SAME,
    SIMILAR,
    alike_words,
    is_shared,
    rarity_band,
)
from pmt_text.tokenizers.normalize import Tokenize, tokenize
from pmt_text.tokenizers.token_numbers import NumberedTokens, token_numbers
from pmt_text.tokenizers.vocabulary import CLS, SEP, Vocabulary

_SPECIALS = 3  # <cls> a <sep> b <sep>
_BLOCK = 4096  # pairs encoded at once; bounds the memory that encoding needs besides its result


class PairEncoder:
    """Encoder of pairs of texts as ``<cls> a <sep> b <sep>``.

    Args:
        vocabulary: maps tokens to ids.
        max_length: maximal number of tokens of a pair, including three special tokens. A pair that
            is too long loses tokens from the end of its longer question first, and from both
            alternately once they are equally long.
        idf: of words; if given, match types are those of `match_types`, and each pair has
            `pair_features`.

    Examples:
        >>> from pmt_text import PairEncoder, Vocabulary
        >>> encoder = PairEncoder(Vocabulary.build([["who", "is", "he"]]), max_length=12)
        >>> pairs = encoder.encode([("Who is he?", "Is she?")])
        >>> encoder.vocabulary.tokens(pairs.ids)
        ['<cls>', 'who', 'is', 'he', '<unk>', '<sep>', 'is', '<unk>', '<unk>', '<sep>']
        >>> pairs.segments
        array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1], dtype=int8)
        >>> pairs.match_types  # 2: the other question has it, 1: it has not, 0: special token
        array([0, 1, 2, 1, 2, 0, 2, 1, 2, 0], dtype=int8)
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        max_length: int = 64,
        idf: InverseDocumentFrequency | None = None,
    ) -> None:
        if max_length < _SPECIALS + 2:
            raise SettingsError(
                f"max_length must be {_SPECIALS + 2} or more (three special tokens and a word of "
                f"each question), not {max_length}"
            )
        self.vocabulary, self.max_length, self.idf = vocabulary, max_length, idf

    @property
    def n_match_types(self) -> int:
        """Number of different match types; 0 is that of special tokens."""
        return 3 if self.idf is None else N_MATCH_TYPES

    @property
    def features(self) -> int:
        """Number of features of a pair."""
        return 0 if self.idf is None else len(PAIR_FEATURES)

    def encode(
        self,
        pairs: Sequence[tuple[str, str]],
        labels: Sequence[int] | NDArray[np.integer] | None = None,
        *,
        tokenize: Tokenize = tokenize,
    ) -> EncodedPairs:
        """Encode n pairs of texts, raw or treebank-tokenized, with their labels (n,).

        Match types and features compare tokens, not ids (two unknown words match if they are the
        same word), with the other question before truncation. Punctuation counts as tokens.
        tokenize: maps a text to its tokens; may cache them.
        """
        ids, segments, types, lengths = array("i"), array("b"), array("b"), array("q", [0])
        features = np.empty((len(pairs), self.features), np.float32)
        if len(pairs) <= FEW:
            room = self.max_length - _SPECIALS
            few = encode_few(pairs, tokenize, self.vocabulary, room, self.idf, features)
            for flat, values in zip((ids, segments, types, lengths), few, strict=True):
                flat.extend(values)
        else:
            self._encode_blocks(pairs, tokenize, features, (ids, segments, types, lengths))
        return EncodedPairs(
            ids=np.asarray(ids, np.int32),  # which shares the memory
            segments=np.asarray(segments, np.int8),
            match_types=np.asarray(types, np.int8),
            offsets=np.cumsum(np.frombuffer(lengths, np.int64)),
            labels=None if labels is None else np.asarray(labels, np.int64),
            features=None if self.idf is None else features,
        )

    def _encode_blocks(
        self,
        pairs: Sequence[tuple[str, str]],
        tokenize: Tokenize,
        features: NDArray[np.float32],
        flat: Sequence[array[int]],
    ) -> None:
        """Append ids, segments, match types and lengths of all pairs to flat arrays."""
        tokens = token_numbers(tokenize)
        ids = np.zeros(0, np.int32)  # of all tokens so far, each looked up once
        for start in range(0, len(pairs), _BLOCK):
            rows = slice(start, start + _BLOCK)
            encoded = tokens.encode(itertools.chain.from_iterable(pairs[rows]))
            words = tokens.words
            new = self.vocabulary.ids(islice(words, len(ids), None))
            ids = np.concatenate((ids, new.astype(np.int32)))
            block: Sequence[NDArray[Any]] = self._encoded(encoded, words, ids, features[rows])
            for whole, part in zip(flat, block, strict=True):
                whole.frombytes(part.tobytes())

    def _encoded(
        self,
        encoded: NumberedTokens,
        words: Sequence[str],
        word_ids: NDArray[np.int32],
        features: NDArray[np.float32],
    ) -> tuple[NDArray[np.int32], NDArray[np.int8], NDArray[np.int8], NDArray[np.int64]]:
        """Return ids, segments and match types of pairs, (m,), and lengths (n,); fill features.

        words, word_ids: of all numbers of tokens.
        """
        numbers, lengths = encoded
        numbers, occurring = _occurring(numbers, len(words))
        types = self._match_types(numbers, lengths, (words, occurring), features)
        keep = _truncated(lengths.reshape(-1, 2), self.max_length - _SPECIALS)
        if keep.sum() < len(numbers):
            column = np.arange(len(numbers)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
            is_kept = column < np.repeat(keep.ravel(), lengths)
            numbers, types = numbers[is_kept], types[is_kept]
        ends = np.cumsum(keep.sum(axis=1) + _SPECIALS)
        starts = ends - (keep.sum(axis=1) + _SPECIALS)
        n = len(keep)
        ids = np.full(len(numbers) + _SPECIALS * n, SEP, np.int32)
        ids[starts] = CLS
        is_word = np.ones(len(ids), np.bool_)
        for specials in (starts, starts + 1 + keep[:, 0], ends - 1):
            is_word[specials] = False
        ids[is_word] = word_ids[occurring][numbers]
        all_types = np.zeros(len(ids), np.int8)
        all_types[is_word] = types
        segment = np.tile(np.array([0, 1], np.int8), n)
        segments = np.repeat(segment, (keep + np.array([2, 1])).ravel())
        return ids, segments, all_types, ends - starts

    def _match_types(
        self,
        numbers: NDArray[np.int32],
        lengths: NDArray[np.int64],
        words_of: tuple[Sequence[str], NDArray[np.intp]],
        features: NDArray[np.float32],
    ) -> NDArray[np.int8]:
        """Return the match type of each token, (m,); fill the features if there are any.

        words_of: words, and the index of that of each number.
        """
        shared = is_shared(numbers, lengths)
        if self.idf is None:
            return shared.astype(np.int8) + np.int8(1)
        words = [words_of[0][i] for i in words_of[1].tolist()]
        tokens = [words[i] for i in numbers.tolist()]
        similar = np.zeros(len(tokens), np.bool_)
        ends = np.cumsum(lengths).tolist()
        for n, (start, middle, end) in enumerate(zip([0, *ends[1::2]], ends[::2], ends[1::2])):
            first, second = tokens[start:middle], tokens[middle:end]
            alike = alike_words(set(first), set(second))
            features[n] = features_of(first, second, alike, self.idf)
            if alike:  # a word of one text is like one of the other; shared words do not count
                letters = {word for pair in alike for word in pair if word.isalpha()}
                similar[start:end] = [token in letters for token in tokens[start:end]]
        match = np.where(
            shared, np.int8(SAME), np.where(similar, np.int8(SIMILAR), np.int8(MISSING))
        )
        bands = np.array([rarity_band(self.idf(word)) for word in words], np.int8)
        return 1 + N_BANDS * match + bands[numbers]

    def to_json(self) -> dict[str, Any]:
        """Return the encoder as a JSON object."""
        state = {"max_length": self.max_length, "vocabulary": self.vocabulary.to_json()}
        if self.idf is not None:
            state["rarity"] = self.idf.to_json()
        return state

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> PairEncoder:
        """Return the encoder of a JSON object made by `to_json`. Raises DataError for another."""
        state = json_object(state, ("max_length", "vocabulary", "rarity"))
        idf = decode_field(state, "rarity", InverseDocumentFrequency.from_json, None)
        vocabulary = decode_field(state, "vocabulary", Vocabulary.from_json)
        return cls(vocabulary, field(state, "max_length", int, minimum=_SPECIALS + 2), idf)


def _occurring(
    numbers: NDArray[np.int32], words: int
) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
    """Return the numbers that tokens have among those that occur, (m,), and those that occur.

    words: how many numbers there are.
    """
    occurs = np.zeros(words, np.bool_)
    occurs[numbers] = True
    renumbered = np.cumsum(occurs, dtype=np.int32) - np.int32(1)
    return renumbered[numbers], np.flatnonzero(occurs)


def _truncated(lengths: NDArray[np.int64], budget: int) -> NDArray[np.int64]:
    """Return what `truncated_lengths` returns for each of n pairs of lengths, (n, 2)."""
    half = budget // 2
    shorter = lengths.min(axis=1, keepdims=True)
    truncated = np.where(
        shorter > half, np.array([budget - half, half]), np.minimum(lengths, budget - shorter)
    )
    return np.where(lengths.sum(axis=1, keepdims=True) > budget, truncated, lengths)
