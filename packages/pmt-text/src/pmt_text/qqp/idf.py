"""Inverse document frequency of words."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from pmt_core import DataError, field, json_errors, json_object
from pmt_text.files.errors import check_at_least
from pmt_text.tokenizers.normalize import Tokenize, tokenize
from pmt_text.tokenizers.token_numbers import text_blocks, token_numbers


class InverseDocumentFrequency:
    """log(n / (1 + d)) of a word that d of n different texts contain, at least 0.

    Sparck Jones 1972.

    Args:
        texts: n, 1 or more.
        counts: d of each word; 0 for other words.

    Examples:
        >>> from pmt_text import InverseDocumentFrequency
        >>> texts = [["the", "cat"], ["the", "dog"], ["the", "cat", "sat"], ["a", "cow"]]
        >>> idf = InverseDocumentFrequency.build(texts)
        >>> [round(idf(word), 3) for word in ("the", "cat", "cow", "zebra")]
        [0.0, 0.288, 1.386, 1.386]
    """

    __slots__ = ("_cache", "_counts", "texts")

    def __init__(self, texts: int, counts: Mapping[str, int]) -> None:
        check_at_least(1, texts=texts)
        self.texts = texts
        self._counts = dict(counts)
        self._cache: dict[str, float] = {}

    @classmethod
    def build(cls, texts: Iterable[Sequence[str]]) -> InverseDocumentFrequency:
        """Count the words of token lists; equal texts count once.

        Words of a single text, nearly half of all words, are not stored: they have the value of
        an unknown word, the maximum.
        """
        different = {" ".join(tokens) for tokens in texts}
        counts = Counter(itertools.chain.from_iterable(map(set, map(str.split, different))))
        return cls._of_counts(len(different), counts)

    @classmethod
    def of_texts(
        cls, texts: Iterable[str], tokenize: Tokenize = tokenize
    ) -> InverseDocumentFrequency:
        """Count the words of texts as `build` counts those of token lists, but faster.

        Args:
            texts: read once.
            tokenize: maps a text to its tokens; a `TokenCache` is the fastest.
        """
        tokens = token_numbers(tokenize)
        different: set[bytes] = set()
        counts = np.zeros(0, np.int64)  # texts with each word
        for block in text_blocks(texts):
            numbers, lengths = tokens.encode(block)
            ends = np.cumsum(lengths).tolist()
            rows = [numbers[i:j].tobytes() for i, j in pairwise([0, *ends])]
            is_new = np.zeros(len(rows), np.bool_)
            for i, row in enumerate(rows):
                if row not in different:
                    is_new[i] = True
                    different.add(row)
            words = max(len(tokens.words), 1)
            row_words = np.repeat(np.arange(len(rows)) * words, lengths) + numbers
            new = np.sort(row_words[np.repeat(is_new, lengths)])
            new = new[np.diff(new, prepend=-1) > 0]  # each word of a row once
            more = np.bincount(new % words, minlength=words)
            more[: len(counts)] += counts
            counts = more
        repeated = np.flatnonzero(counts > 1).tolist()
        names = tokens.words
        return cls._of_counts(len(different), {names[i]: int(counts[i]) for i in repeated})

    @classmethod
    def _of_counts(cls, texts: int, counts: Mapping[str, int]) -> InverseDocumentFrequency:
        repeated = {word: count for word, count in sorted(counts.items()) if count > 1}
        return cls(max(texts, 1), repeated)

    def __call__(self, word: str) -> float:
        """Return the inverse document frequency of a word, in nats."""
        value = self._cache.get(word)
        if value is None:
            value = max(math.log(self.texts / (1 + self._counts.get(word, 0))), 0.0)
            self._cache[word] = value
        return value

    @property
    def maximum(self) -> float:
        """The value of an unknown word: log n."""
        return math.log(self.texts)

    def to_json(self) -> dict[str, Any]:
        """Return the counts as a JSON object."""
        return {"texts": self.texts, "counts": self._counts}

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> InverseDocumentFrequency:
        """Return the counts of a JSON object made by `to_json`. Raises DataError for another."""
        state = json_object(state, ("texts", "counts"))
        texts = field(state, "texts", int, minimum=1)
        counts = field(state, "counts", dict[str, int])
        low, high = min(counts.values(), default=0), max(counts.values(), default=0)
        with json_errors(state.where):
            if low < 0 or high > texts:
                raise DataError(
                    f"expected counts of 0 to {texts}, the number of texts, got {low} to {high}"
                )
        return cls(texts, counts)
