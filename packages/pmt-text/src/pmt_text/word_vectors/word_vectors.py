"""Words and their vectors."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError, SettingsError, ShapeError

__all__ = ["Neighbor", "WordVectors"]

_SEARCHED = 50_000  # words looked through for one that is spelled nearly alike


class Neighbor(NamedTuple):
    """A word, and the cosine between its vector and the one that was asked about."""

    word: str
    similarity: float


class WordVectors:
    """v words and their vectors of d numbers. It never changes.

    words: all different, the most frequent first where the order means something (`restrict`
    takes the first ones). matrix: (v, d), finite; kept as float32, and not copied if it is so.
    Raises `DataError` or `ShapeError` where these do not hold.
    """

    def __init__(self, words: Sequence[str], matrix: NDArray[Any]) -> None:
        self._words = tuple(words)
        self._matrix = _checked(matrix, len(self._words))
        self._ids = {word: i for i, word in enumerate(self._words)}
        if len(self._ids) < len(self._words):
            twice = next(word for i, word in enumerate(self._words) if self._ids[word] != i)
            raise DataError(f"the word {twice!r} stands twice among the words; each must be once")

    @property
    def words(self) -> tuple[str, ...]:
        """The words; the place of a word is the row of its vector."""
        return self._words

    @property
    def matrix(self) -> NDArray[np.float32]:
        """The vectors, (v, d), not to be written to."""
        return self._matrix

    @property
    def width(self) -> int:
        """d, the length of a vector."""
        return int(self._matrix.shape[1])

    @cached_property
    def unit(self) -> NDArray[np.float32]:
        """The vectors scaled to length 1, (v, d); made when first asked for. Zeros stay zeros."""
        lengths = np.linalg.norm(self._matrix, axis=1, keepdims=True)
        unit = (self._matrix / np.where(lengths > 0, lengths, 1)).astype(np.float32, copy=False)
        unit.flags.writeable = False
        return unit

    def find(self, word: str) -> int | None:
        """The row of a word, None where it is not here."""
        return self._ids.get(word)

    def row_of(self, word: str) -> int:
        """The row of a word. Raises `DataError` where it is not here."""
        row = self._ids.get(word)
        if row is None:
            near = get_close_matches(word, self._words[:_SEARCHED], 3)
            hint = f"; similar words that do: {', '.join(near)}" if near else ""
            raise DataError(f"the word {word!r} has no vector{hint}")
        return row

    def __getitem__(self, word: str) -> NDArray[np.float32]:
        """The vector (d,) of a word. Raises `DataError` where it is not here."""
        vector: NDArray[np.float32] = self._matrix[self.row_of(word)]
        return vector

    def similarity(self, first: str, second: str) -> float:
        """The cosine between the vectors of two words, -1 to 1."""
        return float(self.unit[self.row_of(first)] @ self.unit[self.row_of(second)])

    def neighbors(
        self,
        query: str | NDArray[Any],
        n: int = 10,
        *,
        restrict: int | None = None,
        without: Collection[str] = (),
    ) -> list[Neighbor]:
        """The n words whose vectors point most nearly where that of `query` does, nearest first.

        query: a word, which is not its own neighbor, or a vector (d,). restrict: look among the
        first so many words alone. without: words to leave out. Equal ones stand in file order.
        """
        if n < 1:
            raise SettingsError(f"the number of neighbors is 1 or more, got {n}")
        left_out = {self._ids[word] for word in without if word in self._ids}
        if isinstance(query, str):
            row = self.row_of(query)
            left_out.add(row)
            direction = self.unit[row]
        else:
            direction = _unit_vector(query, self.width)
        cosines = self.unit[:restrict] @ direction
        return [
            Neighbor(self._words[i], float(cosines[i])) for i in best_rows(cosines, n, left_out)
        ]

    def __len__(self) -> int:
        return len(self._words)

    def __contains__(self, word: object) -> bool:
        return word in self._ids

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __repr__(self) -> str:
        """How many words, how wide."""
        return f"WordVectors({len(self):,} words, {self.width} numbers each)"


def best_rows(scores: NDArray[np.floating], n: int, left_out: Collection[int]) -> list[int]:
    """The places of the n highest of `scores` (v,), highest first, but for those left out."""
    allowed = scores.copy()
    allowed[[row for row in left_out if row < len(scores)]] = -np.inf
    wanted = min(n, len(scores))
    if wanted == 0:
        return []
    # All that are as good as the n-th best, so that equal ones are told apart by place alone.
    bar = np.partition(allowed, -wanted)[-wanted]
    rows = np.flatnonzero((allowed >= bar) & (allowed > -np.inf))
    best: list[int] = rows[np.argsort(-allowed[rows], kind="stable")][:n].tolist()
    return best


def _checked(matrix: NDArray[Any], words: int) -> NDArray[np.float32]:
    found = np.asarray(matrix)
    if found.dtype.kind not in "fiu" or found.ndim != 2 or len(found) != words:
        raise ShapeError(
            f"{words} words need a matrix of numbers ({words}, d), "
            f"got {found.shape} of {found.dtype}"
        )
    found = np.ascontiguousarray(found, np.float32).view()
    bad = np.flatnonzero(~np.isfinite(found).all(axis=1))
    if bad.size:
        raise DataError(f"the vector of word {bad[0] + 1} of {words} holds numbers not finite")
    found.flags.writeable = False
    return found


def _unit_vector(vector: NDArray[Any], width: int) -> NDArray[np.float32]:
    direction = np.asarray(vector, np.float32)
    if direction.shape != (width,):
        raise ShapeError(f"expected a word or a vector ({width},), got shape {direction.shape}")
    length = np.linalg.norm(direction)
    unit: NDArray[np.float32] = direction / length if length > 0 else direction
    return unit
