"""Word vectors: look-up, similarity and nearest neighbors."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from functools import cached_property
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError, SettingsError, ShapeError, scaled_to_one
from pmt_text.files.errors import check_at_least

_SEARCHED = 50_000  # words among which a similar spelling is searched
_SHORT, _LONG = 1e-15, 1e18  # lengths whose squares float32 holds with all digits


Query = str | NDArray[Any] | tuple[str | NDArray[Any], float]
"""A word, a vector (d,), or one of them with its weight."""


class Neighbor(NamedTuple):
    """A word and the cosine between its vector and that of the query.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import WordVectors
        >>> vectors = WordVectors(["cat", "kitten", "car"], np.array([[1, 0], [3, 4], [0, 1]]))
        >>> nearest = vectors.neighbors("cat", 1)[0]
        >>> nearest.word, round(nearest.similarity, 3)
        ('kitten', 0.6)
    """

    word: str
    similarity: float


class WordVectors:
    """v different words, most frequent first (`restrict` selects the first ones), with vectors.

    Immutable.

    Args:
        words: (v,).
        matrix: finite numbers, (v, d); stored as float32, not copied if they already are.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import WordVectors
        >>> words = ["king", "queen", "man", "woman"]
        >>> vectors = WordVectors(words, np.array([[3, 1], [3, -1], [1, 1], [1, -1]]))
        >>> vectors["king"]
        array([3., 1.], dtype=float32)
        >>> round(vectors.similarity("king", "queen"), 3)
        0.8
        >>> [neighbor.word for neighbor in vectors.neighbors("king", 2)]
        ['man', 'queen']
        >>> vectors.most_similar(["king", "woman"], ["man"], 1)[0].word
        'queen'
    """

    def __init__(self, words: Sequence[str], matrix: NDArray[Any]) -> None:
        self._words = tuple(words)
        self._matrix = _checked(matrix, len(self._words))
        self._ids = {word: i for i, word in enumerate(self._words)}
        if len(self._ids) < len(self._words):
            twice = next(word for i, word in enumerate(self._words) if self._ids[word] != i)
            raise DataError(f"the word {twice!r} occurs twice; expected different words")

    @property
    def words(self) -> tuple[str, ...]:
        """The words, in the order of the rows of `matrix`."""
        return self._words

    @property
    def matrix(self) -> NDArray[np.float32]:
        """The vectors, (v, d), read-only."""
        return self._matrix

    @property
    def width(self) -> int:
        """d, the number of components of a vector."""
        return int(self._matrix.shape[1])

    @cached_property
    def unit(self) -> NDArray[np.float32]:
        """The vectors scaled to length 1, (v, d); computed once. Zero vectors stay zero."""
        unit = _unit_rows(self._matrix)
        unit.flags.writeable = False
        return unit

    def find(self, word: str) -> int | None:
        """Return the row of a word, or None if it has no vector."""
        return self._ids.get(word)

    def row_of(self, word: str) -> int:
        """Return the row of a word. Raises `DataError` if it has no vector."""
        row = self._ids.get(word)
        if row is None:
            near = get_close_matches(word, self._words[:_SEARCHED], 3)
            hint = f"; similar words that do: {', '.join(near)}" if near else ""
            raise DataError(f"the word {word!r} has no vector{hint}")
        return row

    def __getitem__(self, word: str) -> NDArray[np.float32]:
        """Return the vector (d,) of a word. Raises `DataError` if it has none."""
        vector: NDArray[np.float32] = self._matrix[self.row_of(word)]
        return vector

    def similarity(self, first: str, second: str) -> float:
        """Return the cosine between the vectors of two words, -1 to 1."""
        return float(self.unit[self.row_of(first)] @ self.unit[self.row_of(second)])

    def neighbors(
        self,
        query: str | NDArray[Any],
        n: int = 10,
        *,
        restrict: int | None = None,
        without: Collection[str] = (),
    ) -> list[Neighbor]:
        """Return the n words with the highest cosine to `query`, best first.

        query: a word, which is not its own neighbor, or a vector (d,). restrict: only the first
        `restrict` words are considered. without: words to exclude.
        """
        check_at_least(1, n=n)
        excluded = {self._ids[word] for word in without if word in self._ids}
        if isinstance(query, str):
            row = self.row_of(query)
            excluded.add(row)
            direction = self.unit[row]
        else:
            direction = _unit_vector(query, self.width)
        cosines = self.unit[:restrict] @ direction
        return [
            Neighbor(self._words[i], float(cosines[i])) for i in best_rows(cosines, n, excluded)
        ]

    def most_similar(
        self,
        positive: Query | Sequence[Query] = (),
        negative: Query | Sequence[Query] = (),
        n: int = 10,
        *,
        restrict: int | None = None,
    ) -> list[Neighbor]:
        """Return the n words with the highest cosine to a sum of vectors, best first.

        The vectors of words have length 1 in the sum, as in gensim; given vectors (d,) are added as
        they are. Those of `negative` are subtracted. A pair (word or vector, weight) multiplies it;
        in `negative`, gensim adds such a pair. None of the words is a result. restrict: only the
        first `restrict` words are considered.

        Raises DataError if a word has no vector or a number is not finite, SettingsError without
        any word or vector, and ShapeError for a vector that is not (d,).
        """
        weighted = [_weighted(query, 1.0) for query in _listed(positive)]
        weighted += [_weighted(query, -1.0) for query in _listed(negative)]
        if not weighted:
            raise SettingsError("expected a word or vector to be similar to, got none")
        total = np.zeros(self.width)
        words = []
        for query, weight in weighted:
            if isinstance(query, str):
                words.append(query)
                total += weight * self.unit[self.row_of(query)].astype(np.float64)
            else:
                total += weight * _vector(query, self.width).astype(np.float64)
        return self.neighbors(total, n, restrict=restrict, without=words)

    def __len__(self) -> int:
        return len(self._words)

    def __contains__(self, word: object) -> bool:
        return word in self._ids

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __repr__(self) -> str:
        return f"WordVectors({len(self):,} words, {self.width} numbers each)"


def best_rows(scores: NDArray[np.floating], n: int, excluded: Collection[int]) -> list[int]:
    """Return the indices of the n highest of `scores` (v,), highest first, without `excluded`."""
    allowed = scores.copy()
    allowed[[row for row in excluded if row < len(scores)]] = -np.inf
    count = min(n, len(scores))
    if count == 0:
        return []
    # All rows as good as the n-th best, so that the index alone decides between equal ones.
    threshold = np.partition(allowed, -count)[-count]
    rows = np.flatnonzero((allowed >= threshold) & (allowed > -np.inf))
    best: list[int] = rows[np.argsort(-allowed[rows], kind="stable")][:n].tolist()
    return best


def _checked(matrix: NDArray[Any], words: int) -> NDArray[np.float32]:
    array = np.asarray(matrix)
    if array.dtype.kind not in "fiu" or array.ndim != 2 or len(array) != words:
        raise ShapeError(
            f"{words} words need a matrix of numbers ({words}, d), "
            f"got {array.shape} of {array.dtype}"
        )
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(array, np.float32).view()
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if bad.size:
        raise DataError(f"the vector of word {bad[0] + 1} of {words} holds numbers not finite")
    array.flags.writeable = False
    return array


def _unit_rows(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return rows (n, d) scaled to length 1; zeros stay zero."""
    with np.errstate(over="ignore", under="ignore"):
        lengths = np.linalg.norm(matrix, axis=1)
        divisors = np.where(lengths > 0, lengths, 1)[:, np.newaxis].astype(np.float32)
        unit: NDArray[np.float32] = np.divide(matrix, divisors)
    # The squares of very small or large numbers are 0 or infinite in float32.
    rows = np.flatnonzero(~((lengths > _SHORT) & (lengths < _LONG)))
    rows = rows[matrix[rows].any(axis=1)]
    scaled, _ = scaled_to_one(matrix[rows], axis=1)
    unit[rows] = scaled / np.linalg.norm(scaled, axis=1)[:, np.newaxis]
    return unit


def _listed(queries: Query | Sequence[Query]) -> list[Query]:
    """Return a list of queries: the given ones, or the only one."""
    if isinstance(queries, (str, np.ndarray)) or _is_weighted(queries):
        return [cast(Query, queries)]
    return list(cast(Sequence[Query], queries))


def _is_weighted(query: object) -> bool:
    return (
        isinstance(query, tuple)
        and len(query) == 2
        and isinstance(query[1], (int, float, np.integer, np.floating))
    )


def _weighted(query: Query, sign: float) -> tuple[str | NDArray[Any], float]:
    """Return a word or vector, and its weight times `sign`."""
    if not _is_weighted(query):
        return cast("str | NDArray[Any]", query), sign
    word, weight = cast("tuple[str | NDArray[Any], float]", query)
    if not np.isfinite(weight):
        raise DataError(f"the weight of a word or vector is a finite number, got {weight}")
    return word, sign * float(weight)


def _vector(vector: NDArray[Any], width: int) -> NDArray[np.float32]:
    array = np.asarray(vector, np.float32)
    if array.shape != (width,):
        raise ShapeError(f"expected a word or a vector ({width},), got shape {array.shape}")
    if not np.isfinite(array).all():
        raise DataError("expected a vector of finite numbers, got nan or inf")
    return array


def _unit_vector(vector: NDArray[Any], width: int) -> NDArray[np.float32]:
    direction = _vector(vector, width)
    unit: NDArray[np.float32] = _unit_rows(direction[np.newaxis])[0]
    return unit


class FoldedWords:
    """Look-up of the first `restrict` words of a `WordVectors`, optionally without regard to case.

    With `fold_case`, "Paris", "paris" and "PARIS" are one word, represented by the first of them.
    same: row of the representative of each of `size` words, (size,). others: row of a
    representative -> rows of the words it represents, without itself.
    """

    def __init__(self, vectors: WordVectors, restrict: int | None, fold_case: bool) -> None:
        words = vectors.words[:restrict]
        self.size = len(words)
        self._fold = fold_case
        self._rows: dict[str, int] = {}
        self.same = np.array(
            [self._rows.setdefault(self._folded(word), i) for i, word in enumerate(words)], np.int64
        )
        self.others: dict[int, list[int]] = {}
        for row in np.flatnonzero(self.same != np.arange(self.size)).tolist():
            self.others.setdefault(int(self.same[row]), []).append(row)

    def find(self, word: str) -> int | None:
        """Return the row of a word, or None."""
        return self._rows.get(self._folded(word))

    def _folded(self, word: str) -> str:
        # Upper case, as in gensim and the C program: "ß" and "SS" are the same word then.
        return word.upper() if self._fold else word
