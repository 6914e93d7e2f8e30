"""Borders of a convolution's input: reflected, replicated or circular."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import pmt_autograd as ag
from pmt_autograd import Array, Result, Sample, Tensor, take
from pmt_core import ShapeError

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")
_NUMPY_MODES: dict[str, Any] = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@ag.primitive
def pad_border(x: Array, *, widths: Sequence[int], mode: str) -> Result:
    """Pad each of the last axes at both ends with elements of x.

    x: (..., n), n + 2 width in the result. mode: "reflect" mirrors at the first and last element,
    which are not repeated (width < n); "replicate" repeats these; "circular" continues with the
    other end (width <= n). The gradient of an element is the sum over its copies. Raises ShapeError
    for an axis that is too short.
    """
    indices = _indices(x, widths, mode)
    y = x
    for axis, index in indices:
        y = np.take(y, index, axis=axis)
    if y is x:
        y = x.copy()

    def backward(grad: Array) -> Array:
        for axis, index in reversed(indices):
            grad = _sum_copies(grad, index, axis)
        return grad

    return y, backward


@ag.composed_form(pad_border)
def pad_border_composed(x: Tensor, *, widths: Sequence[int], mode: str) -> Tensor:
    """Compute `pad_border` by `take` along each axis."""
    for axis, index in _indices(x.data, widths, mode):
        x = take(x, index, axis=axis)
    return x


ag.no_flops(pad_border)


def _indices(x: Array, widths: Sequence[int], mode: str) -> list[tuple[int, NDArray[np.intp]]]:
    """Return the padded axes, and for each the index in x of every element of the result."""
    found_indices = []
    for axis, width in zip(range(-len(widths), 0), widths, strict=True):
        if not width:
            continue
        n = x.shape[axis]
        most = {"reflect": n - 1, "circular": n}.get(mode, width if n else -1)
        if width > most:
            raise ShapeError(
                f"{mode} padding of {width} needs more than {n} elements on axis {axis} of an "
                f"input of shape {x.shape}; reduce the padding"
            )
        index = np.pad(np.arange(n), width, mode=_NUMPY_MODES[mode])
        found_indices.append((x.ndim + axis, index))
    return found_indices


def _sum_copies(grad: Array, index: NDArray[np.intp], axis: int) -> Array:
    """Return the gradient before one axis was padded symmetrically by `take` with the index."""
    n = int(index.max()) + 1
    width = (len(index) - n) // 2
    grads = np.moveaxis(grad, axis, 0)
    total = np.array(grads[width : width + n])
    for position in (*range(width), *range(width + n, len(index))):
        total[index[position]] += grads[position]
    return np.moveaxis(total, 0, axis)


@ag.samples(pad_border)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    image = rng.normal(size=(2, 2, 3, 4))
    for mode in PADDING_MODES[1:]:
        yield Sample((image,), {"widths": (2, 1), "mode": mode}, mode)
        yield Sample((image,), {"widths": (0, 3), "mode": mode}, f"{mode}, one axis")
    yield Sample((image,), {"widths": (5, 4), "mode": "replicate"}, "wider than the image")
    yield Sample((image,), {"widths": (0, 0), "mode": "circular"}, "no border")
    yield Sample((image[:0],), {"widths": (1, 1), "mode": "reflect"}, "empty batch")
