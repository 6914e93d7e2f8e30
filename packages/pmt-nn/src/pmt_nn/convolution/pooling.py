"""Max and average pooling of images: the operations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

import pmt_autograd as ag
from pmt_autograd import Array, Result, Sample, Tensor, pad, stack
from pmt_core import SettingsError, ShapeError, as_floats, cut
from pmt_nn.convolution.patches import Pair, PatchGrid, pair
from pmt_nn.convolution.separate_maxima import max_of_separate


@ag.primitive
def max_pool2d(
    x: Array,
    *,
    kernel: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
    ceil_mode: bool = False,
) -> Result:
    """Return the maximum of every patch of x (b, c, h, w): (b, c, oh, ow).

    stride: the kernel by default, so that patches do not overlap. The border counts as -inf.
    ceil_mode: whether a last patch counts that exceeds the image and starts inside it, so that
    oh = ceil((h + 2 padding - kernel) / stride) + 1 and not floor(...) + 1.
    The gradient goes to the first of equal values, in reading order, and to the last nan.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor
        >>> from pmt_nn import max_pool2d
        >>> x = Tensor(np.arange(16.0).reshape(1, 1, 4, 4), requires_grad=True)
        >>> y = max_pool2d(x, kernel=2)
        >>> y.data[0, 0]
        array([[ 5.,  7.],
               [13., 15.]])
        >>> y.sum().backward()
        >>> x.grad[0, 0]  # each maximum gets the gradient
        GradientArray([[0., 0., 0., 0.],
                       [0., 1., 0., 1.],
                       [0., 0., 0., 0.],
                       [0., 1., 0., 1.]])
    """
    x, grid = as_floats(x), _grid(x, kernel, stride, padding, ceil_mode)
    count = grid.count(x.shape[2:])
    if grid.stride == grid.kernel and not grid.has_border:
        return max_of_separate(x, grid, count)
    bordered = _bordered(x, grid, -np.inf)
    points = grid.points()
    y = grid.tap(bordered, 0, 0, count).copy(order="K")
    for i, j in points[1:]:
        np.maximum(y, grid.tap(bordered, i, j, count), out=y)

    def backward(grad: Array) -> Array:
        by_x = np.zeros_like(bordered, x.dtype)
        for (i, j), chosen in _chosen_points(bordered, y, grid, count):
            pixels = grid.tap(by_x, i, j, count)
            pixels += cut(grad, chosen)
        return grid.inside(by_x)

    return y, backward


@ag.composed_form(max_pool2d)
def max_pool2d_composed(x: Tensor, **settings: Any) -> Tensor:
    """Compute `max_pool2d` in plain operations; equal values share the gradient."""
    return stack(*_taps(x, _grid(x.data, **settings), -np.inf)).max(axis=0)


@ag.primitive
def avg_pool2d(
    x: Array,
    *,
    kernel: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Result:
    """Return the mean of every patch of x (b, c, h, w): (b, c, oh, ow).

    stride: the kernel by default. count_include_pad: whether the zeros of the border count.
    ceil_mode: as for `max_pool2d`; what exceeds the image and its border never counts.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import avg_pool2d
        >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
        >>> avg_pool2d(x, kernel=2).data[0, 0]
        array([[ 2.5,  4.5],
               [10.5, 12.5]])
        >>> avg_pool2d(x, kernel=2, stride=1).shape
        (1, 1, 3, 3)
    """
    x, grid = as_floats(x), _grid(x, kernel, stride, padding, ceil_mode)
    count = grid.count(x.shape[2:])
    bordered = _bordered(x, grid, 0.0)
    points = grid.points()
    share = _share(x, grid, count, count_include_pad)
    y = grid.tap(bordered, 0, 0, count).copy(order="K")
    for i, j in points[1:]:
        y += grid.tap(bordered, i, j, count)
    y *= share

    def backward(grad: Array) -> Array:
        by_x = np.zeros_like(bordered, x.dtype)
        shared = grad * share
        for i, j in points:
            pixels = grid.tap(by_x, i, j, count)
            pixels += shared
        return grid.inside(by_x)

    return y, backward


@ag.composed_form(avg_pool2d)
def avg_pool2d_composed(x: Tensor, *, count_include_pad: bool = True, **settings: Any) -> Tensor:
    """Compute `avg_pool2d` in plain operations."""
    grid = _grid(x.data, **settings)
    total = stack(*_taps(x, grid, 0.0)).sum(axis=0)
    count = grid.count((x.shape[2], x.shape[3]))
    return total * _share(x.data, grid, count, count_include_pad)


def _chosen_points(
    bordered: Array, y: Array, grid: PatchGrid, count: Pair
) -> Iterator[tuple[Pair, NDArray[np.bool_]]]:
    """Yield the points of the kernel, and the patches whose maximum y is taken from the point."""
    left = np.ones(y.shape, np.bool_)  # the patches without a point so far
    is_image = np.zeros(bordered.shape[2:], np.bool_)
    grid.inside(is_image)[...] = True
    has_border = bool((y == -np.inf).any())  # only such a maximum may equal that of the border
    for i, j in grid.points():
        chosen = grid.tap(bordered, i, j, count) == y
        chosen &= left
        if has_border:
            chosen &= grid.tap(is_image, i, j, count)
        left ^= chosen
        yield (i, j), chosen
    if np.isnan(y.max(initial=-np.inf)):  # such a maximum equals no point
        for i, j in reversed(grid.points()):
            chosen = np.isnan(grid.tap(bordered, i, j, count))
            chosen &= left
            left ^= chosen
            yield (i, j), chosen


def _grid(
    x: Array,
    kernel: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
    ceil_mode: bool = False,
) -> PatchGrid:
    if x.ndim != 4:
        raise ShapeError(f"pooling needs x of shape (b, c, h, w), got {x.shape}")
    grid = pool_grid(kernel, stride, padding)
    return grid.with_partial_patches((x.shape[2], x.shape[3])) if ceil_mode else grid


def pool_grid(kernel: int | Pair, stride: int | Pair | None, padding: int | Pair) -> PatchGrid:
    """Return the grid of patches. Raises SettingsError."""
    size = pair(kernel, "kernel", 1)
    grid = PatchGrid.of(size, stride=size if stride is None else stride, padding=padding)
    if any(p > k // 2 for p, k in zip(grid.padding, size, strict=True)):
        raise SettingsError(
            f"padding is at most half the kernel, so that no patch is all border; got padding "
            f"{grid.padding} for kernel {size}"
        )
    return grid


def _taps(x: Tensor, grid: PatchGrid, border: float) -> list[Tensor]:
    """The pixels under each point of the kernel, (b, c, oh, ow) each."""
    (ph, pw), (eh, ew), count = grid.padding, grid.extra, grid.count((x.shape[2], x.shape[3]))
    bordered = pad(x, widths=((0, 0), (0, 0), (ph, ph + eh), (pw, pw + ew)), value=border)
    return [bordered[grid.tap_index(i, j, count)] for i, j in grid.points()]


def _bordered(x: Array, grid: PatchGrid, value: float) -> Array:
    if not grid.has_border:
        return x
    h, w = grid.padded((x.shape[2], x.shape[3]))
    bordered = np.full_like(x, value, shape=(*x.shape[:2], h, w))  # in the memory order of x
    grid.inside(bordered)[...] = x
    return bordered


def _share(x: Array, grid: PatchGrid, count: Pair, count_include_pad: bool) -> Array:
    """The weight of each element of a patch: 0-d, or (oh, ow)."""
    if not grid.has_border or (count_include_pad and grid.extra == (0, 0)):
        return np.asarray(1 / (grid.kernel[0] * grid.kernel[1]), x.dtype)
    inside = np.zeros((1, 1, *grid.padded((x.shape[2], x.shape[3]))), x.dtype)
    if count_include_pad:
        (h, w), (eh, ew) = inside.shape[2:], grid.extra
        inside[..., : h - eh, : w - ew] = 1
    else:
        grid.inside(inside)[...] = 1
    return np.asarray(1 / grid.view(inside, count).sum(axis=(0, 1, 2, 3)), x.dtype)


_CASES: list[tuple[tuple[int, ...], dict[str, object], str]] = [
    ((2, 3, 4, 6), {"kernel": 2}, "separate patches"),
    ((2, 3, 5, 5), {"kernel": 2}, "a remainder is ignored"),
    ((1, 2, 5, 6), {"kernel": 3, "stride": 2, "padding": 1}, "overlap and border"),
    ((1, 2, 5, 6), {"kernel": (2, 3), "stride": (1, 2)}, "not square"),
    ((1, 1, 7, 7), {"kernel": 2, "stride": 3}, "gaps"),
    ((0, 1, 4, 4), {"kernel": 2}, "empty batch"),
    ((1, 2, 5, 6), {"kernel": 3, "stride": 2, "ceil_mode": True}, "a last partial patch"),
    ((1, 2, 6, 2), {"kernel": 3, "stride": 2, "padding": 1, "ceil_mode": True}, "and a border"),
]


@ag.samples(max_pool2d, kinks="equal values in a patch: to the first; nan: to it")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, settings, note in _CASES:
        x = rng.permutation(int(np.prod(shape))).reshape(shape) / 5.0  # no ties
        yield Sample((x,), dict(settings), note)


@ag.samples(avg_pool2d)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, settings, note in _CASES:
        yield Sample((rng.normal(size=shape),), dict(settings), note)
    settings = {"kernel": 3, "stride": 2, "padding": 1, "count_include_pad": False}
    yield Sample((rng.normal(size=(2, 1, 5, 6)),), settings, "border not counted")
    settings = {**settings, "ceil_mode": True}
    yield Sample((rng.normal(size=(2, 1, 4, 6)),), settings, "nor what exceeds it")
