"""`CharacterEncoder`: a convolution over the characters of a word, max-pooled over the word.

Santos & Zadrozny 2014; Ma & Hovy 2016, section 2.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

import pmt_autograd as ag
from pmt_autograd import Array, Gradients, NeedsGrad, Result, Sample, Tensor, take_rows, where
from pmt_core import DtypeError, SettingsError, ShapeError, check_sizes
from pmt_nn.layers.memory_layout import cache_blocks
from pmt_nn.masks import Ids
from pmt_nn.module.initializers import kaiming_uniform, normal
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter

OUTSIDE = 0
"""The character id before the first and after the last character of a word."""


@ag.primitive
def spelling_features(
    characters: Array,
    kernel: Array,
    *,
    ids: Ids,
    spelling_ids: Ids,
    needs_grad: NeedsGrad = (True, True),
) -> Result:
    """Return max_p sum_j kernel[j]^T characters[ids[i, p + j - w // 2]] over positions p of word i.

    An alphabet is small, so the product of each character with each kernel row is computed once, a
    table (w, v, k); a patch is then a sum of w rows of it. Only the patch with the maximum gets a
    gradient, which goes back to the rows of the table. A word without characters gets zeros.

    Args:
        characters: embeddings (v, d).
        kernel: (w, d, k), w odd.
        ids: (u, length) characters of different words, 0 beyond both ends of a word; 0 has an
            embedding like any other id.
        spelling_ids: row of `ids` of each word, of any shape; the result is (*spelling_ids, k).
        needs_grad: which inputs need a gradient.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import spelling_features
        >>> characters = np.eye(3)  # embeddings of three characters
        >>> kernel = np.zeros((3, 3, 1))  # (w, d, k): one filter, which counts
        >>> kernel[0, 1], kernel[1, 2] = 1, 1  # character 1 followed by character 2
        >>> ids, words = np.array([[1, 2, 1], [2, 1, 1]]), np.array([0, 1])
        >>> spelling_features(characters, kernel, ids=ids, spelling_ids=words).data
        array([[2.],
               [1.]])
    """
    width, _, k = kernel.shape
    v = len(characters)
    table = np.matmul(characters, kernel)  # (w, v, k)
    inside = ids != OUTSIDE
    lengths = inside.sum(axis=1)
    order = np.argsort(-lengths, kind="stable")  # the longest words first
    row_of_word = np.empty_like(order)
    row_of_word[order] = np.arange(len(order))
    lengths = lengths[order]
    n, length = len(ids), int(lengths[0]) if lengths.size else 0
    ids, inside = _with_border(ids, width)[order], inside[order]
    best = np.zeros((n, k), table.dtype)
    argmax = np.zeros((n, k) if any(needs_grad) else (0, 0), np.intp)  # columns of the windows
    windows = [np.zeros((width, 0), np.intp)]
    start = 0
    for block in cache_blocks(n, length * k):
        window, counts = _windows(ids[block], inside[block], lengths[block])
        patches = table[0].take(window[0], axis=0)
        for j in range(1, width):
            patches += table[j].take(window[j], axis=0)
        if argmax.size:
            np.add(_argmaxima(patches, counts, best[block]), start, out=argmax[block])
        else:
            _maxima(patches, counts, best[block])
        windows.append(window)
        start += len(patches)

    def backward(grad: Array) -> Gradients:
        grads = grad.reshape(spelling_ids.size, k)
        by_best = _row_sums(row_of_word[spelling_ids].reshape(-1, 1), grads, n)
        filled = int(np.count_nonzero(lengths))  # words without characters come last
        by_table = np.empty_like(table)
        for j, row in enumerate(np.concatenate(windows, axis=1)):
            by_table[j] = _row_sums(row.take(argmax[:filled]), by_best[:filled], v)
        by_characters = np.matmul(by_table, kernel.swapaxes(1, 2)).sum(axis=0)
        return by_characters, np.matmul(characters.T, by_table)

    return best.take(row_of_word[spelling_ids], axis=0), backward


def _row_sums(rows: NDArray[np.intp], values: Array, n: int) -> Array:
    """Return the sums (n, k), in float64, of values (m, k) by their rows, (m, k) or (m, 1)."""
    k = values.shape[1]
    flat = (rows * k + np.arange(k)).reshape(-1)
    return np.bincount(flat, values.reshape(-1), n * k).reshape(n, k)


def _windows(
    ids: Ids, inside: NDArray[np.bool_], lengths: NDArray[np.integer]
) -> tuple[NDArray[np.intp], list[int]]:
    """Return the characters of each patch, (w, m), and how many words have a first, second, ...

    The first patch of each word comes first, then the second of each, ... A patch has a character
    of the word in its middle.

    Args:
        ids: the words with a border of w - 1 in all, the longest first.
        inside: where the words have characters.
        lengths: how many they have.
    """
    number, word = np.nonzero(np.arange(lengths.max(initial=0))[:, np.newaxis] < lengths)
    position = number
    if (inside[:, 1:] > inside[:, :-1]).any():  # a gap in a word
        position = np.argsort(~inside, axis=1, kind="stable")[word, number]
    width = ids.shape[1] - inside.shape[1] + 1
    first = word * ids.shape[1] + position
    windows = ids.reshape(-1).take(first + np.arange(width)[:, np.newaxis])
    return windows, np.bincount(number).tolist()


def _maxima(patches: Array, counts: list[int], best: Array) -> None:
    """Write the largest of the patches (m, k) of each word to `best` (n, k).

    The patches are in the order of `_windows`, so that the i-th ones of all words are consecutive,
    and are those of the first rows of `best`.
    """
    start = 0
    for count in counts:
        rows, largest = patches[start : start + count], best[:count]
        if start:
            np.maximum(largest, rows, out=largest)
        else:
            largest[...] = rows
        start += count


def _argmaxima(patches: Array, counts: list[int], best: Array) -> NDArray[np.intp]:
    """Do as `_maxima`, and return the index of the first largest patch of each word, (n, k)."""
    numbers = np.zeros(best.shape, np.min_scalar_type(len(counts)))
    start = 0
    for i, count in enumerate(counts):
        rows, largest = patches[start : start + count], best[:count]
        if start:
            latest = (rows > largest) * numbers.dtype.type(i)
            np.maximum(numbers[:count], latest, out=numbers[:count])
            np.maximum(largest, rows, out=largest)
        else:
            largest[...] = rows
        start += count
    starts = np.cumsum([0, *counts])
    return starts.take(numbers) + np.arange(len(best))[:, np.newaxis]


@ag.counts_flops(spelling_features)
def _(value: Array, characters: Array, kernel: Array, **settings: Any) -> int:
    return 2 * kernel.size * len(characters)


@ag.composed_form(spelling_features)
def spelling_features_composed(
    characters: Tensor, kernel: Tensor, *, ids: Ids, spelling_ids: Ids
) -> Tensor:
    """Return the same, patch by patch on the embedded characters."""
    width = len(kernel)
    length = ids.shape[1]
    inside = ids != OUTSIDE
    embedded = take_rows(characters, _with_border(ids, width), sparse=False)
    patches = embedded[:, 0:length] @ kernel[0]
    for j in range(1, width):
        patches = patches + embedded[:, j : j + length] @ kernel[j]
    low = np.asarray(np.finfo(patches.dtype).min, patches.dtype)
    best = where(inside[..., np.newaxis], patches, low).max(axis=1)
    best = where(inside.any(axis=1)[:, np.newaxis], best, np.asarray(0, patches.dtype))
    return take_rows(best, spelling_ids, sparse=False)


def _with_border(ids: Ids, width: int) -> NDArray[np.int64]:
    """Pad ids (n, length) on both ends with OUTSIDE: (n, length + width - 1)."""
    border = width // 2
    padded = np.full((len(ids), ids.shape[1] + 2 * border), OUTSIDE, np.int64)
    padded[:, border : border + ids.shape[1]] = ids
    return padded


class CharacterEncoder(Module):
    """Encode the spelling of words: character embedding, convolution, maximum over the word.

    Args:
        v: number of character ids; 0 is outside of a word.
        d: width of the character embeddings.
        k: number of filters.
        kernel_size: number of characters that a filter covers, odd.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import CharacterEncoder
        >>> encoder = CharacterEncoder(v=30, d=8, k=16, rng=np.random.default_rng(0))
        >>> ids = np.array([[3, 1, 20, 0], [4, 15, 7, 19]])  # "cat", "dogs"; 0 is padding
        >>> encoder(ids).shape  # a vector for each word
        (2, 16)
        >>> text = np.array([[0, 1, 0, 0, 1]])  # each spelling is read once
        >>> encoder(ids, spelling_ids=text).shape
        (1, 5, 16)
    """

    def __init__(
        self,
        v: int,
        d: int,
        k: int,
        rng: np.random.Generator,
        *,
        kernel_size: int = 3,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_sizes("CharacterEncoder", v=v, d=d, k=k, kernel_size=kernel_size)
        if kernel_size % 2 == 0:
            raise SettingsError(f"kernel_size is odd, got {kernel_size}")
        shape = kernel_size, d, k
        self.characters = Parameter(normal(rng, (v, d), 1.0, dtype=dtype))
        self.kernel = Parameter(kaiming_uniform(rng, shape, 3 * kernel_size * d, dtype=dtype))

    def forward(self, ids: Ids, spelling_ids: Ids | None = None) -> Tensor:
        """Return a vector per word, (..., k) for ids (..., length), 0 after the last character.

        With `spelling_ids`, ids (u, length) holds each different spelling once and spelling_ids,
        of any shape, the row of each word; the result is (*spelling_ids, k).

        Raises:
            DtypeError: if the ids are no integers.
            ShapeError: if the ids have less than two axes or are out of range.
        """
        ids = np.asarray(ids)
        v = self.characters.shape[0]
        if ids.dtype.kind not in "iu":
            raise DtypeError(f"character ids are integers, got dtype {ids.dtype}")
        if ids.ndim < 2:
            raise ShapeError(f"expected character ids (..., length) of words, got {ids.shape}")
        if ids.size and (ids.min() < 0 or ids.max() >= v):
            raise ShapeError(f"character ids lie in 0 ... {v - 1}, got {ids.min()} ... {ids.max()}")
        words = ids.reshape(-1, ids.shape[-1])
        if spelling_ids is None:
            spelling_ids = np.arange(len(words)).reshape(ids.shape[:-1])
        return spelling_features(self.characters, self.kernel, ids=words, spelling_ids=spelling_ids)


@ag.samples(spelling_features)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    def tables(width: int) -> tuple[Array, Array]:
        return rng.normal(size=(6, 4)), rng.normal(size=(width, 4, 5))

    ids = np.array([[1, 2, 3, 4], [5, 1, 0, 0], [2, 0, 0, 0]])
    spelling_ids = np.array([[0, 2, 1], [2, 2, 0]])
    yield Sample(tables(3), {"ids": ids, "spelling_ids": spelling_ids})
    yield Sample(tables(1), {"ids": ids, "spelling_ids": spelling_ids}, "a kernel of one character")
    yield Sample(tables(5), {"ids": ids[:, :2], "spelling_ids": spelling_ids[0]}, "short words")
    with_empty = np.array([[1, 2], [0, 0]])
    yield Sample(tables(3), {"ids": with_empty, "spelling_ids": np.array([0, 1])}, "no characters")
    yield Sample(tables(3), {"ids": ids[:0], "spelling_ids": spelling_ids[:0, 0]}, "no words")
