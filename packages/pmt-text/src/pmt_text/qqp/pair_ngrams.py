"""N-grams of pairs of texts, as sparse features for a linear model."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError, field, json_errors, json_object
from pmt_text.files.errors import check_at_least
from pmt_text.qqp.tfidf import EncodedBags
from pmt_text.qqp.word_overlap import jaccard
from pmt_text.tokenizers.normalize import Tokenize, tokenize

_CHARACTERS = (3, 4)  # lengths of the n-grams of characters


class PairNgrams:
    """Pairs of texts as sparse vectors of the n-grams that both texts have, or only one of them.

    The n-grams are those of one and two words, and those of three and four characters of the
    tokens joined by blanks, with a blank at either end. With s n-grams of a kind (words,
    characters) that both texts of a pair have, and u that only one of them has, known or not,
    component 2i is 1 / sqrt(s) if both have the known n-gram i, and component 2i + 1 is
    1 / sqrt(u) if only one has it. The vector does not depend on the order of the pair.

    Args:
        ngrams: the known n-grams; those of characters begin with a tab.

    Attributes:
        n_scores: number of scores beside the vector of a pair.

    Raises:
        DataError: if an n-gram occurs twice.

    Examples:
        >>> from pmt_text import PairNgrams
        >>> ngrams = PairNgrams(["who", "who is", "he"])
        >>> bags = ngrams.encode([("Who is he?", "Who was he?")])
        >>> bags.ids  # both have "who" and "he", only one has "who is"
        array([0, 3, 4], dtype=int32)
        >>> bags.values.round(2)  # both have "he ?" and "?" as well
        array([0.5 , 0.41, 0.5 ], dtype=float32)
    """

    n_scores: ClassVar[int] = 11

    def __init__(self, ngrams: Sequence[str]) -> None:
        self.ngrams = list(ngrams)
        self._index = {gram: i for i, gram in enumerate(self.ngrams)}
        if len(self._index) != len(self.ngrams):
            raise DataError("an n-gram occurs twice")

    @classmethod
    def learn(
        cls,
        pairs: Iterable[tuple[Sequence[str], Sequence[str]]],
        min_count: int = 2,
        most: int = 300_000,
    ) -> PairNgrams:
        """Count the n-grams of pairs of texts, each given as tokens.

        Args:
            pairs: of which each counts once for an n-gram.
            min_count: pairs that have an n-gram, at least.
            most: number of n-grams, at most: the most frequent.

        Raises:
            SettingsError: if a number is less than 1.
        """
        check_at_least(1, min_count=min_count, most=most)
        counts = Counter[str]()
        for first, second in pairs:
            for a, b in zip(_grams(first), _grams(second), strict=True):
                counts.update(a | b)
        frequent = [(gram, count) for gram, count in counts.items() if count >= min_count]
        frequent.sort(key=lambda item: (-item[1], item[0]))
        return cls([gram for gram, _ in frequent[:most]])

    def __len__(self) -> int:
        """Return the number of known n-grams v; vectors have 2v components."""
        return len(self.ngrams)

    def encode(
        self,
        pairs: Sequence[tuple[str, str]],
        labels: Sequence[int] | NDArray[np.integer] | None = None,
        *,
        tokenize: Tokenize = tokenize,
        progress: Callable[[int], object] | None = None,
    ) -> EncodedBags:
        """Return the vectors of n pairs of texts, with their labels (n,).

        The scores (n, 11) are 1 for the bin of the `jaccard` similarity of the words, [0, 0.1),
        [0.1, 0.2), ..., [0.9, 1) or 1, and 0 for the others.

        Args:
            pairs: of texts, (n,).
            labels: (n,); None: unknown.
            tokenize: maps a text to its tokens; may cache them.
            progress: called with 1 after each pair.
        """
        n = len(pairs)
        ids, values = [np.empty(0, np.int32)], [np.empty(0, np.float32)]
        scores = np.zeros((n, self.n_scores), np.float32)
        offsets = np.zeros(n + 1, np.int64)
        for i, (first, second) in enumerate(pairs):
            tokens = tokenize(first), tokenize(second)
            row = self._components(*tokens)
            ids.append(np.array(list(row), np.int32))
            values.append(np.array(list(row.values()), np.float32))
            offsets[i + 1] = offsets[i] + len(row)
            scores[i, int((self.n_scores - 1) * jaccard(*tokens))] = 1
            if progress is not None:
                progress(1)
        return EncodedBags(
            ids=np.concatenate(ids),
            values=np.concatenate(values),
            offsets=offsets,
            scores=scores,
            labels=None if labels is None else np.asarray(labels, np.int64),
        )

    def _components(self, first: Sequence[str], second: Sequence[str]) -> dict[int, float]:
        """Return the components of a pair that are not 0, by number, in order."""
        find = self._index.get
        row: dict[int, float] = {}
        for a, b in zip(_grams(first), _grams(second), strict=True):
            for offset, grams in enumerate((a & b, a ^ b)):
                known = [2 * i + offset for gram in grams if (i := find(gram)) is not None]
                row.update(dict.fromkeys(known, 1 / math.sqrt(max(len(grams), 1))))
        return dict(sorted(row.items()))

    def to_json(self) -> dict[str, Any]:
        """Return the n-grams as a JSON object."""
        return {"ngrams": self.ngrams}

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> PairNgrams:
        """Return the n-grams of a JSON object made by `to_json`. Raises DataError for another."""
        state = json_object(state, ("ngrams",))
        ngrams = field(state, "ngrams", list[str])
        with json_errors(state.where):
            return cls(ngrams)


def _grams(tokens: Sequence[str]) -> tuple[set[str], set[str]]:
    """Return the n-grams of words and those of characters, which begin with a tab."""
    words = {*tokens, *map(" ".join, pairwise(tokens))}
    text = f" {' '.join(tokens)} "
    return words, {f"\t{text[i : i + n]}" for n in _CHARACTERS for i in range(len(text) - n + 1)}
