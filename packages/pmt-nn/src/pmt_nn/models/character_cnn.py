"""What a word's spelling says of it: a convolution over its characters, and the maximum of each
filter over the word (Santos & Zadrozny 2014; Ma & Hovy 2016, section 2.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import (
    Array,
    Gradients,
    NeedsGrad,
    Result,
    Sample,
    Tensor,
    composed_form,
    counts_flops,
    primitive,
    samples,
    take_rows,
    where,
)
from pmt_core import DtypeError, SettingsError, ShapeError
from pmt_nn.layers.memory_layout import cache_blocks
from pmt_nn.module.initializers import kaiming_uniform, normal
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter

OUTSIDE = 0
"""The character id before the first and after the last character of a word."""


@primitive
def spelling_features(
    characters: Array,
    kernel: Array,
    *,
    ids: NDArray[np.integer],
    spelling_ids: NDArray[np.integer],
    needs_grad: NeedsGrad = (True, True),
) -> Result:
    """max_p sum_j kernel[j]^T characters[ids[i, p + j - w // 2]] over the places p of word i.

    characters: (v, d) embeddings, kernel: (w, d, k), w odd; ids: (u, length) of different words,
    0 beyond both ends of a word, whose embedding counts as any other; spelling_ids: the row of ids
    of each word -> (*spelling_ids, k). A word without characters gives zeros.

    An alphabet is small, so what each character adds at each place of a window is computed once,
    a table (w, v, k); a window is then a sum of w rows, no product. Only the window that won gets
    a gradient, and it goes back to the table's rows.
    """
    width, _, k = kernel.shape
    added = np.matmul(characters, kernel)  # (w, v, k)
    used = np.flatnonzero((ids != OUTSIDE).any(axis=0))
    ids = ids[:, : used[-1] + 1 if used.size else 0]  # no further than the longest word
    n, length = ids.shape
    around = _with_border(ids, width)
    inside = ids != OUTSIDE
    best = np.zeros((n, k), added.dtype)
    won = np.zeros((n, k), np.int64)
    for block in cache_blocks(n, length * k):
        seen = added[0].take(around[block, 0:length], axis=0)  # (block, length, k)
        for j in range(1, width):
            seen += added[j].take(around[block, j : j + length], axis=0)
        seen[~inside[block]] = -np.inf
        best[block] = seen.max(axis=1, initial=-np.inf)
        if length and any(needs_grad):
            won[block] = seen.argmax(axis=1)
    empty = ~inside.any(axis=1)
    best[empty] = 0

    def backward(grad: Array) -> Gradients:
        by_added = np.empty_like(added)
        columns = np.arange(k)
        places = (spelling_ids.reshape(-1, 1) * k + columns).reshape(-1)
        by_best = np.bincount(places, grad.reshape(-1), best.size).reshape(n, k)
        by_best[empty] = 0
        for j in range(width):
            rows = np.take_along_axis(around, won + j, axis=1) if length else won
            found = np.bincount(
                (rows * k + columns).reshape(-1), by_best.reshape(-1), added[j].size
            )
            by_added[j] = found.reshape(added[j].shape)
        by_characters = np.matmul(by_added, kernel.swapaxes(1, 2)).sum(axis=0)
        return by_characters, np.matmul(characters.T, by_added)

    return best[spelling_ids], backward


@counts_flops(spelling_features)
def _(value: Array, characters: Array, kernel: Array, **settings: Any) -> int:
    return 2 * kernel.size * len(characters)


@composed_form(spelling_features)
def spelling_features_composed(
    characters: Tensor,
    kernel: Tensor,
    *,
    ids: NDArray[np.integer],
    spelling_ids: NDArray[np.integer],
) -> Tensor:
    """The same as `spelling_features`, window by window on the embedded characters."""
    width = len(kernel)
    length = ids.shape[1]
    inside = ids != OUTSIDE
    around = take_rows(characters, _with_border(ids, width), sparse=False)  # (n, length + w - 1, d)
    seen = around[:, 0:length] @ kernel[0]
    for j in range(1, width):
        seen = seen + around[:, j : j + length] @ kernel[j]
    low = np.asarray(np.finfo(seen.dtype).min, seen.dtype)
    highest = where(inside[..., np.newaxis], seen, low).max(axis=1)
    found = where(inside.any(axis=1)[:, np.newaxis], highest, np.asarray(0, seen.dtype))
    return take_rows(found, spelling_ids, sparse=False)


def distinct_rows(ids: NDArray[np.integer]) -> tuple[NDArray[np.integer], NDArray[np.int64]]:
    """The distinct rows of (n, length), and for each row the number of its own among them."""
    n, length = ids.shape
    if not (n and length):
        return ids[:1], np.zeros(n, np.int64)
    rows = np.ascontiguousarray(ids).view(np.dtype((np.void, ids.itemsize * length))).reshape(n)
    _, first, own = np.unique(rows, return_index=True, return_inverse=True)
    return ids[first], own.reshape(n)


class CharacterEncoder(Module):
    """Spelling -> vector: embedding, convolution, maximum over the word. Nothing else is needed.

    Equal words of a batch are computed once.

    v: number of character ids, 0 = outside of a word; d: width of their embeddings; k: number of
    filters; window: characters that a filter sees, odd.
    """

    def __init__(
        self,
        v: int,
        d: int,
        k: int,
        rng: np.random.Generator,
        *,
        window: int = 3,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if window < 1 or window % 2 == 0:
            raise SettingsError(f"a window of characters is odd and at least 1, got {window}")
        self.characters = Parameter(normal(rng, (v, d), 1.0, dtype=dtype))
        self.kernel = Parameter(kaiming_uniform(rng, (window, d, k), 3 * window * d, dtype=dtype))

    def forward(
        self, ids: NDArray[np.integer], spelling_ids: NDArray[np.integer] | None = None
    ) -> Tensor:
        """ids: (..., length) of the characters of words, 0 behind the last -> (..., k).

        spelling_ids: integers of any shape, rows of ids (u, length) -> (*spelling_ids, k).
        Where they are not given, equal words are looked for here.
        Raises DtypeError, ShapeError.
        """
        ids = self._checked(np.asarray(ids))
        words = ids.reshape(-1, ids.shape[-1])
        if spelling_ids is None:
            words, own = distinct_rows(words)
            spelling_ids = own.reshape(ids.shape[:-1])
        return spelling_features(self.characters, self.kernel, ids=words, spelling_ids=spelling_ids)

    def _checked(self, ids: NDArray[np.integer]) -> NDArray[np.integer]:
        v = self.characters.shape[0]
        if ids.dtype.kind not in "iu":
            raise DtypeError(f"ids of characters are integers, got dtype {ids.dtype}")
        if ids.ndim < 2:
            raise ShapeError(f"ids of characters are (words, length) or more, got {ids.shape}")
        if ids.size and (ids.min() < 0 or ids.max() >= v):
            raise ShapeError(
                f"ids of characters lie in 0 ... {v - 1}, got {ids.min()} ... {ids.max()}"
            )
        return ids


def _with_border(ids: NDArray[np.integer], width: int) -> NDArray[np.int64]:
    """ids (n, length) -> (n, length + width - 1), OUTSIDE around."""
    side = width // 2
    around = np.full((len(ids), ids.shape[1] + 2 * side), OUTSIDE, np.int64)
    around[:, side : side + ids.shape[1]] = ids
    return around


@samples(spelling_features)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    def tables(width: int) -> tuple[Array, Array]:
        return rng.normal(size=(6, 4)), rng.normal(size=(width, 4, 5))

    ids = np.array([[1, 2, 3, 4], [5, 1, 0, 0], [2, 0, 0, 0]])
    spelling_ids = np.array([[0, 2, 1], [2, 2, 0]])
    yield Sample(tables(3), {"ids": ids, "spelling_ids": spelling_ids})
    yield Sample(tables(1), {"ids": ids, "spelling_ids": spelling_ids}, "a window of one character")
    yield Sample(tables(5), {"ids": ids[:, :2], "spelling_ids": spelling_ids[0]}, "short words")
    with_empty = np.array([[1, 2], [0, 0]])
    yield Sample(tables(3), {"ids": with_empty, "spelling_ids": np.array([0, 1])}, "no characters")
    yield Sample(tables(3), {"ids": ids[:0], "spelling_ids": spelling_ids[:0, 0]}, "no words")
