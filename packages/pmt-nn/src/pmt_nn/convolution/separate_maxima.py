"""Maxima of patches that do not overlap, the common case of max pooling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pmt_autograd import Array, Result
from pmt_nn.convolution.patches import Pair, PatchGrid
from pmt_nn.layers.memory_layout import cache_blocks


def max_of_separate(x: Array, grid: PatchGrid, count: Pair) -> Result:
    """Return the maximum of separate patches; backward needs no x.

    The images are cut into blocks that stay in the cache through all steps.
    """
    y = np.empty_like(x, shape=(*x.shape[:2], *count))  # in the memory order of x
    blocks = list(_image_blocks(x, grid, count))
    winners = [_block_maximum(x[pixels], grid.kernel, y[part]) for pixels, part in blocks]
    whole = all(n == k * m for n, k, m in zip(x.shape[2:], grid.kernel, count, strict=True))

    def backward(grad: Array) -> Array:
        by_x = np.empty_like(x) if whole else np.zeros_like(x)
        for (pixels, part), (in_row, in_patch) in zip(blocks, winners, strict=True):
            (kh, kw), used = grid.kernel, by_x[pixels]
            by_rows = np.empty_like(used, shape=(*used.shape[:3], count[1]))
            _route_to_winners(grad[part], in_patch, [by_rows[:, :, i::kh] for i in range(kh)])
            _route_to_winners(by_rows, in_row, [used[..., j::kw] for j in range(kw)])
        return by_x

    return y, backward


def _image_blocks(x: Array, grid: PatchGrid, count: Pair) -> Iterator[tuple[Any, Any]]:
    """Yield the index of a block of x, whole patches, and of its maxima, along the outer axis."""
    (kh, kw), (oh, ow) = grid.kernel, count
    rows, columns = slice(0, oh * kh), slice(0, ow * kw)
    if x.strides[2] > x.strides[0]:  # pixels first in memory
        for part in cache_blocks(oh, x[:, :, :kh].size):
            yield (..., slice(part.start * kh, part.stop * kh), columns), (..., part, slice(None))
    else:
        for part in cache_blocks(len(x), x[:1].size):
            yield (part, slice(None), rows, columns), part


def _block_maximum(x: Array, kernel: Pair, y: Array) -> tuple[list[Array], list[Array]]:
    """Write the maxima of patches to y, along rows, then columns; return who won in both steps."""
    kh, kw = kernel
    in_row = [x[..., j::kw] for j in range(kw)]
    along_rows, wins_in_row = _running_maximum(in_row)
    rows = [along_rows[:, :, i::kh] for i in range(kh)]
    largest, wins = _running_maximum(rows, y)
    if largest is not y:
        y[...] = largest  # an operation's result is never its input's memory
    if np.isnan(y.max(initial=-np.inf)):
        _add_nan(wins_in_row, in_row)
        _add_nan(wins, rows)
    return wins_in_row, wins


def _running_maximum(parts: list[Array], out: Array | None = None) -> tuple[Array, list[Array]]:
    """The maximum of several arrays, and where each but the first exceeded all before it."""
    if len(parts) == 1:
        return parts[0], []
    largest = np.maximum(parts[0], parts[1], out=out)
    wins = [parts[1] > parts[0]]
    for part in parts[2:]:
        wins.append(part > largest)
        np.maximum(largest, part, out=largest)
    return largest, wins


def _add_nan(wins: list[Array], parts: list[Array]) -> None:
    """Let a part win where it is nan, which exceeds nothing."""
    for win, part in zip(wins, parts[1:], strict=True):
        win |= np.isnan(part)


def _route_to_winners(grad: Array, wins: list[Array], targets: list[Array]) -> None:
    """Write the gradient to the last array that won at each element, 0 to the others."""
    if not wins:
        targets[0][...] = grad
        return
    # As integers: a difference of two infinite gradients would be nan, `^` of equal bits is 0.
    rest, *bits = (x.view(f"i{x.itemsize}") for x in (grad, *targets))
    for win, target in zip(wins[:0:-1], bits[:1:-1], strict=True):
        target[...] = win
        target *= rest
        rest = rest ^ target
    bits[1][...] = wins[0]
    bits[1] *= rest
    np.bitwise_xor(rest, bits[1], out=bits[0])
