"""Texts as arrays: ids of tokens, weighted n-grams, labels; batches of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """n rows of different lengths, m numbers in all.

    Attributes:
        ids: of tokens or n-grams, (m,).
        offsets: row i has the ids offsets[i] to offsets[i + 1] - 1, (n + 1,).
        values: weights of the ids, (m,); None: they have none.
    """

    ids: NDArray[np.int32]
    offsets: Ints
    values: NDArray[np.float32] | None = None

    @classmethod
    def of(cls, rows: Iterable[NDArray[np.integer]]) -> Self:
        """Concatenate rows of ids, (t,) each."""
        parts = [np.asarray(row, np.int32) for row in rows]
        offsets = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
        return cls(np.concatenate([np.empty(0, np.int32), *parts]), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Ints:
        """Number of ids of each row, (n,)."""
        return np.diff(self.offsets)

    def padded(self, index: Ints) -> tuple[Ints, NDArray[np.bool_], NDArray[np.float32]]:
        """Return ids, mask and values of the rows at `index` (b,), (b, t) each; padding is 0."""
        starts, lengths = self.offsets[index], self.lengths[index]
        steps = np.arange(max(int(lengths.max(initial=0)), 1))
        mask = steps < lengths[:, np.newaxis]
        positions = np.where(mask, starts[:, np.newaxis] + steps, 0)
        if not len(self.ids):
            empty = np.zeros(mask.shape, np.int64)
            return empty, mask, empty.astype(np.float32)
        ids = np.where(mask, self.ids[positions], 0).astype(np.int64)
        values = mask if self.values is None else np.where(mask, self.values[positions], 0)
        return ids, mask, values.astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class TextBatch:
    """b texts.

    Attributes:
        index: their rows in the data set, (b,).
        ids, mask: of the tokens, (b, t).
        grams, weights: ids and tf-idf weights of the n-grams, (b, u).
        spellings: ids of the characters of each different word, (w, length).
        spelling_ids: the row in `spellings` of each token, (b, t).
        labels: numbers of the classes (b,), or 0 and 1 of each class (b, k); None if unknown.
    """

    index: Ints
    ids: Ints
    mask: NDArray[np.bool_]
    grams: Ints
    weights: NDArray[np.float32]
    spellings: Ints
    spelling_ids: Ints
    labels: NDArray[Any] | None

    def __len__(self) -> int:
        return len(self.index)

    def shard(self, i: int, n: int) -> TextBatch:
        """Return the texts i, i + n, i + 2n, ..."""
        rows = slice(i, None, n)
        width = max(int(self.mask[rows].sum(axis=1).max(initial=0)), 1)
        return TextBatch(
            self.index[rows],
            self.ids[rows, :width],
            self.mask[rows, :width],
            self.grams[rows],
            self.weights[rows],
            self.spellings,
            self.spelling_ids[rows, :width],
            None if self.labels is None else self.labels[rows],
        )


@dataclass(frozen=True, slots=True, eq=False)
class WordTable:
    """The different words of a data set: ids (w,), and ids of their characters (w, length)."""

    ids: NDArray[np.int32]
    characters: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class EncodedTexts:
    """n texts as a model reads them.

    Attributes:
        tokens: ids of the tokens, or their rows in `words`; empty rows if the model reads none.
        grams: ids and tf-idf weights of the n-grams; likewise.
        words: the different words, for a model that reads their spelling.
        labels: as in `TextBatch`, of all texts.
    """

    tokens: Rows
    grams: Rows
    words: WordTable | None = None
    labels: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def lengths(self) -> Ints:
        """What batches of similar length are made by, (n,)."""
        return self.tokens.lengths if self.tokens.ids.size else self.grams.lengths

    def with_labels(self, labels: NDArray[Any]) -> EncodedTexts:
        """Return the same texts with labels."""
        return replace(self, labels=labels)

    def batch(self, index: NDArray[np.integer]) -> TextBatch:
        """Return the texts at `index` (b,), in that order."""
        rows = np.asarray(index, np.int64)
        ids, mask, _ = self.tokens.padded(rows)
        grams, _, weights = self.grams.padded(rows)
        spellings: Ints = np.zeros((1, 1), np.int64)
        spelling_ids = np.zeros_like(ids)
        if self.words is not None:
            used, inverse = np.unique(ids, return_inverse=True)
            spellings = self.words.characters[used].astype(np.int64)
            spelling_ids = inverse.reshape(ids.shape)
            ids = np.where(mask, self.words.ids[ids], 0).astype(np.int64)
        labels = None if self.labels is None else self.labels[rows]
        return TextBatch(rows, ids, mask, grams, weights, spellings, spelling_ids, labels)


def no_rows(n: int) -> Rows:
    """Return n empty rows."""
    return Rows(np.empty(0, np.int32), np.zeros(n + 1, np.int64))


def joined(parts: Sequence[Rows]) -> Rows:
    """Return the rows of all parts, in their order."""
    sizes = np.concatenate([part.lengths for part in parts])
    values = [part.values for part in parts if part.values is not None]
    return Rows(
        np.concatenate([part.ids for part in parts]),
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        np.concatenate(values) if values else None,
    )
