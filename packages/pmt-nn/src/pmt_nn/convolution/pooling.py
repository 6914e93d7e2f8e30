"""Pooling: each window of an image becomes its largest value or its mean."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd import (
    Array,
    Result,
    Sample,
    Tensor,
    composed_form,
    getitem,
    pad,
    primitive,
    samples,
    stack,
)
from pmt_core import SettingsError, ShapeError
from pmt_nn.convolution.sliding_windows import Pair, SlidingWindows, pair
from pmt_nn.module.module import Module


@primitive
def max_pool2d(
    x: Array, *, kernel: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0
) -> Result:
    """The largest value of every window. x: (b, c, h, w) -> (b, c, oh, ow).

    stride: the kernel by default, so that windows lie side by side. The border counts as -inf.
    The gradient goes to the first of equal values, in reading order.
    """
    windows = _pooling(x, kernel, stride, padding)
    count = windows.count(x.shape[2:])
    if windows.stride == windows.kernel and windows.padding == (0, 0):
        return _max_side_by_side(x, windows, count)
    bordered = _bordered(x, windows, -np.inf)
    taps = _taps(windows)
    y = windows.tap(bordered, 0, 0, count).copy(order="K")
    for i, j in taps[1:]:
        np.maximum(y, windows.tap(bordered, i, j, count), out=y)

    def backward(grad: Array) -> Array:
        by_x = np.zeros_like(bordered, x.dtype)
        left = grad.copy()  # what no element of the window has claimed yet
        for i, j in taps:
            claim = left * (windows.tap(bordered, i, j, count) == y)
            left -= claim
            seen = windows.tap(by_x, i, j, count)
            seen += claim
        return windows.inside(by_x)

    return y, backward


@composed_form(max_pool2d)
def max_pool2d_composed(
    x: Tensor, *, kernel: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0
) -> Tensor:
    """The same as `max_pool2d` in plain operations; equal values share the gradient."""
    return stack(*_seen(x, _pooling(x.data, kernel, stride, padding), -np.inf)).max(axis=0)


@primitive
def avg_pool2d(
    x: Array,
    *,
    kernel: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
    count_border: bool = True,
) -> Result:
    """The mean of every window. x: (b, c, h, w) -> (b, c, oh, ow).

    stride: the kernel by default. count_border: whether the zeros of the border count.
    """
    windows = _pooling(x, kernel, stride, padding)
    count = windows.count(x.shape[2:])
    bordered = _bordered(x, windows, 0.0)
    taps = _taps(windows)
    share = _share(x, windows, count, count_border)
    y = windows.tap(bordered, 0, 0, count).copy(order="K")
    for i, j in taps[1:]:
        y += windows.tap(bordered, i, j, count)
    y *= share

    def backward(grad: Array) -> Array:
        by_x = np.zeros_like(bordered, x.dtype)
        shared = grad * share
        for i, j in taps:
            seen = windows.tap(by_x, i, j, count)
            seen += shared
        return windows.inside(by_x)

    return y, backward


@composed_form(avg_pool2d)
def avg_pool2d_composed(
    x: Tensor,
    *,
    kernel: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
    count_border: bool = True,
) -> Tensor:
    """The same as `avg_pool2d` in plain operations."""
    windows = _pooling(x.data, kernel, stride, padding)
    total = stack(*_seen(x, windows, 0.0)).sum(axis=0)
    if count_border:
        return total * (1 / (windows.kernel[0] * windows.kernel[1]))
    ones = Tensor(np.ones(x.shape, x.dtype))
    return total / stack(*_seen(ones, windows, 0.0)).sum(axis=0)


def _max_side_by_side(x: Array, windows: SlidingWindows, count: Pair) -> Result:
    """`max_pool2d` where every pixel is in one window at most: along rows, then along columns.

    Kept for the gradient is not x, but where a pixel was larger than those before it.
    """
    (kh, kw), (oh, ow) = windows.kernel, count
    used = x[:, :, : oh * kh, : ow * kw]
    along_rows, wins_in_row = _running_maximum([used[..., j::kw] for j in range(kw)])
    y, wins = _running_maximum([along_rows[:, :, i::kh] for i in range(kh)])
    if kh == kw == 1:
        y = y.copy(order="K")  # an operation's result is never its input's memory
    whole = used.shape == x.shape

    def backward(grad: Array) -> Array:
        by_x = np.empty_like(x) if whole else np.zeros_like(x)
        by_rows = np.empty_like(along_rows)
        _give_to_winners(grad, wins, [by_rows[:, :, i::kh] for i in range(kh)])
        by_used = by_x[:, :, : oh * kh, : ow * kw]
        _give_to_winners(by_rows, wins_in_row, [by_used[..., j::kw] for j in range(kw)])
        return by_x

    return y, backward


def _running_maximum(parts: list[Array]) -> tuple[Array, list[Array]]:
    """The largest of several arrays, and for all but the first: where it beat all before it."""
    if len(parts) == 1:
        return parts[0], []
    largest = np.maximum(parts[0], parts[1])
    wins = [parts[1] > parts[0]]
    for part in parts[2:]:
        wins.append(part > largest)
        np.maximum(largest, part, out=largest)
    return largest, wins


def _give_to_winners(grad: Array, wins: list[Array], targets: list[Array]) -> None:
    """What the last winner gets is taken from those before it."""
    if not wins:
        targets[0][...] = grad
        return
    left = grad
    for win, target in zip(wins[:0:-1], targets[:1:-1], strict=True):
        np.multiply(left, win, out=target)
        left = left - target
    np.multiply(left, wins[0], out=targets[1])
    np.subtract(left, targets[1], out=targets[0])


def global_max_pool(x: Tensor) -> Tensor:
    """The largest value of every channel: (b, c, ...) -> (b, c). Equals share the gradient."""
    return x.max(axis=tuple(range(2, x.ndim)))


def global_avg_pool(x: Tensor) -> Tensor:
    """The mean of every channel: (b, c, ...) -> (b, c)."""
    return x.mean(axis=tuple(range(2, x.ndim)))


class MaxPool2d(Module):
    """The largest value of every window of (b, c, h, w); stride is the kernel by default."""

    def __init__(
        self, kernel: int | Pair, *, stride: int | Pair | None = None, padding: int | Pair = 0
    ) -> None:
        self.kernel, self.stride, self.padding = kernel, stride, padding

    def forward(self, x: Tensor) -> Tensor:
        """x: (b, c, h, w) -> (b, c, oh, ow)."""
        return max_pool2d(x, kernel=self.kernel, stride=self.stride, padding=self.padding)


class AvgPool2d(Module):
    """The mean of every window of (b, c, h, w); stride is the kernel by default."""

    def __init__(
        self,
        kernel: int | Pair,
        *,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
        count_border: bool = True,
    ) -> None:
        self.kernel, self.stride, self.padding = kernel, stride, padding
        self.count_border = count_border

    def forward(self, x: Tensor) -> Tensor:
        """x: (b, c, h, w) -> (b, c, oh, ow)."""
        return avg_pool2d(
            x,
            kernel=self.kernel,
            stride=self.stride,
            padding=self.padding,
            count_border=self.count_border,
        )


class MaxPool1d(Module):
    """The largest value of every window of (b, c, t)."""

    def __init__(self, kernel: int, *, stride: int | None = None, padding: int = 0) -> None:
        self.kernel, self.stride, self.padding = kernel, stride, padding

    def forward(self, x: Tensor) -> Tensor:
        """x: (b, c, t) -> (b, c, ot)."""
        y = max_pool2d(
            x.reshape(*x.shape[:2], 1, x.shape[2]),
            kernel=(1, self.kernel),
            stride=(1, self.stride or self.kernel),
            padding=(0, self.padding),
        )
        return y.reshape(*y.shape[:2], y.shape[3])


class AvgPool1d(Module):
    """The mean of every window of (b, c, t)."""

    def __init__(
        self,
        kernel: int,
        *,
        stride: int | None = None,
        padding: int = 0,
        count_border: bool = True,
    ) -> None:
        self.kernel, self.stride, self.padding = kernel, stride, padding
        self.count_border = count_border

    def forward(self, x: Tensor) -> Tensor:
        """x: (b, c, t) -> (b, c, ot)."""
        y = avg_pool2d(
            x.reshape(*x.shape[:2], 1, x.shape[2]),
            kernel=(1, self.kernel),
            stride=(1, self.stride or self.kernel),
            padding=(0, self.padding),
            count_border=self.count_border,
        )
        return y.reshape(*y.shape[:2], y.shape[3])


class GlobalMaxPool(Module):
    """The largest value of every channel: (b, c, ...) -> (b, c)."""

    def forward(self, x: Tensor) -> Tensor:
        """x: (b, c, ...) -> (b, c)."""
        return global_max_pool(x)


class GlobalAvgPool(Module):
    """The mean of every channel: (b, c, ...) -> (b, c)."""

    def forward(self, x: Tensor) -> Tensor:
        """x: (b, c, ...) -> (b, c)."""
        return global_avg_pool(x)


def _pooling(
    x: Array, kernel: int | Pair, stride: int | Pair | None, padding: int | Pair
) -> SlidingWindows:
    if x.ndim != 4:
        raise ShapeError(f"pooling wants x of shape (b, c, h, w), got {x.shape}")
    size = pair(kernel, "kernel", 1)
    border = pair(padding, "padding", 0)
    if any(p > k // 2 for p, k in zip(border, size, strict=True)):
        raise SettingsError(
            f"padding is at most half the kernel, so that no window is all border; got padding "
            f"{border} for kernel {size}"
        )
    return SlidingWindows(size, size if stride is None else pair(stride, "stride", 1), border)


def _seen(x: Tensor, windows: SlidingWindows, border: float) -> list[Tensor]:
    """What each point of the windows sees, (b, c, oh, ow) each."""
    (ph, pw), count = windows.padding, windows.count((x.shape[2], x.shape[3]))
    bordered = pad(x, widths=((0, 0), (0, 0), (ph, ph), (pw, pw)), value=border)
    return [getitem(bordered, index=windows.tap_index(i, j, count)) for i, j in _taps(windows)]


def _taps(windows: SlidingWindows) -> list[Pair]:
    return [(i, j) for i in range(windows.kernel[0]) for j in range(windows.kernel[1])]


def _bordered(x: Array, windows: SlidingWindows, value: float) -> Array:
    if windows.padding == (0, 0):
        return x
    h, w = windows.padded((x.shape[2], x.shape[3]))
    bordered = np.full_like(x, value, shape=(*x.shape[:2], h, w))  # and x's order in memory
    windows.inside(bordered)[...] = x
    return bordered


def _share(x: Array, windows: SlidingWindows, count: Pair, count_border: bool) -> Array:
    """What each element of a window counts: 0-d, or (oh, ow)."""
    points = windows.kernel[0] * windows.kernel[1]
    if count_border or windows.padding == (0, 0):
        return np.asarray(1 / points, x.dtype)
    inside = _bordered(np.ones((1, 1, *x.shape[2:]), x.dtype), windows, 0.0)
    return np.asarray(1 / windows.view(inside, count).sum(axis=(0, 1, 2, 3)), x.dtype)


_GRIDS: list[tuple[tuple[int, ...], dict[str, object], str]] = [
    ((2, 3, 4, 6), {"kernel": 2}, "side by side"),
    ((2, 3, 5, 5), {"kernel": 2}, "a rest is left out"),
    ((1, 2, 5, 6), {"kernel": 3, "stride": 2, "padding": 1}, "overlap and border"),
    ((1, 2, 5, 6), {"kernel": (2, 3), "stride": (1, 2)}, "not square"),
    ((1, 1, 7, 7), {"kernel": 2, "stride": 3}, "gaps"),
    ((0, 1, 4, 4), {"kernel": 2}, "empty batch"),
]


@samples(max_pool2d, kinks="equal values in a window: to the first")
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, settings, note in _GRIDS:
        x = rng.permutation(int(np.prod(shape))).reshape(shape) / 5.0  # no ties
        yield Sample((x,), dict(settings), note)


@samples(avg_pool2d)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, settings, note in _GRIDS:
        yield Sample((rng.normal(size=shape),), dict(settings), note)
    bordered: dict[str, object] = {"kernel": 3, "stride": 2, "padding": 1, "count_border": False}
    yield Sample((rng.normal(size=(2, 1, 5, 6)),), bordered, "border not counted")
