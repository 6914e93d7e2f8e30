"""Resizing of sequences, images and volumes: nearest neighbor and linear interpolation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import pmt_autograd as ag
from pmt_autograd import Array, Result, Sample, Tensor, masked, take
from pmt_core import SettingsError, ShapeError, as_floats, check_sizes, cut
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module

_AXES = {"linear": 1, "bilinear": 2, "trilinear": 3}
Sizes = int | tuple[int, ...] | None
Factors = float | tuple[float, ...] | None


def interpolate(
    x: Tensor,
    *,
    size: Sizes = None,
    scale_factor: Factors = None,
    mode: str = "nearest",
    align_corners: bool = False,
) -> Tensor:
    """Resize the axes after the channels: x (b, c, t), (b, c, h, w) or (b, c, d, h, w).

    size: the new lengths; or scale_factor: the new length is floor(n * factor). One number is for
    all axes. mode: "nearest" takes element floor(i n / size); "linear" (three axes), "bilinear"
    (four) and "trilinear" (five) interpolate between the two neighbors along each axis.
    align_corners: whether the first and last elements keep their positions, i (n - 1) / (size - 1);
    else the borders of the pixels do, and position i is (i + 1/2) n / size - 1/2, at least 0. With
    scale_factor, 1 / factor replaces n / size. Raises ShapeError or SettingsError.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import interpolate
        >>> x = np.array([[[0.0, 4.0]]])
        >>> interpolate(x, size=4).data
        array([[[0., 0., 4., 4.]]])
        >>> interpolate(x, size=4, mode="linear").data  # positions -1/4, 1/4, 3/4 and 5/4
        array([[[0., 1., 3., 4.]]])
        >>> interpolate(x, size=3, mode="linear", align_corners=True).data
        array([[[0., 2., 4.]]])
    """
    _check(size, scale_factor, mode, align_corners)
    x = float_tensor(x)
    axes = range(2, x.ndim)
    expected = _AXES.get(mode, max(min(len(axes), 3), 1))
    if len(axes) != expected:
        raise ShapeError(f'mode "{mode}" needs {expected + 2} axes, (b, c, ...), got {x.shape}')
    for axis, (length, factor) in zip(axes, _lengths(x, size, scale_factor), strict=True):
        if (length, factor or 1) != (x.shape[axis], 1):
            settings = {"size": length, "factor": factor, "align_corners": align_corners}
            x = resize_axis(x, axis=axis, linear=mode != "nearest", **settings)
    return x


class Upsample(Module):
    """Resize sequences, images or volumes (b, c, ...); arguments as of `interpolate`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Upsample
        >>> Upsample(scale_factor=2)(np.array([[[[1.0, 2.0]]]])).data[0, 0]
        array([[1., 1., 2., 2.],
               [1., 1., 2., 2.]])
        >>> Upsample(size=(7, 7), mode="bilinear")(np.ones((2, 3, 4, 4))).shape
        (2, 3, 7, 7)
    """

    def __init__(
        self,
        size: Sizes = None,
        *,
        scale_factor: Factors = None,
        mode: str = "nearest",
        align_corners: bool = False,
    ) -> None:
        _check(size, scale_factor, mode, align_corners)
        self.size, self.scale_factor = size, scale_factor
        self.mode, self.align_corners = mode, align_corners

    def forward(self, x: Tensor) -> Tensor:
        """Resize x (b, c, ...)."""
        sizes: dict[str, Any] = {"size": self.size, "scale_factor": self.scale_factor}
        return interpolate(x, mode=self.mode, align_corners=self.align_corners, **sizes)


def _check(size: Sizes, scale_factor: Factors, mode: str, align_corners: bool) -> None:
    if mode != "nearest" and mode not in _AXES:
        raise SettingsError(f"mode is one of nearest, {', '.join(_AXES)}, got {mode!r}")
    if mode == "nearest" and align_corners:
        raise SettingsError('align_corners is for linear modes, got mode "nearest"')
    if (size is None) == (scale_factor is None):
        raise SettingsError(
            f"either size or scale_factor is needed, got size={size} and {scale_factor=}"
        )
    for length in size if isinstance(size, (tuple, list)) else [size]:
        check_sizes("interpolate", size=1 if size is None else length)
    for factor in scale_factor if isinstance(scale_factor, (tuple, list)) else [scale_factor]:
        if factor is not None and not 0 < factor < np.inf:
            raise SettingsError(f"scale_factor is finite and above 0, got {factor}")


def _lengths(x: Tensor, size: Sizes, scale_factor: Factors) -> list[tuple[int, float | None]]:
    """Return the new length of each axis, and its factor if one is given."""
    given = scale_factor if size is None else size
    values: list[Any] = list(given) if isinstance(given, (tuple, list)) else [given] * (x.ndim - 2)
    if len(values) != x.ndim - 2:
        raise ShapeError(f"{len(values)} sizes for the {x.ndim - 2} axes of {x.shape}: {given}")
    if 0 in x.shape[2:]:
        raise ShapeError(f"axes of length 0 cannot be resized, got shape {x.shape}")
    if size is not None:
        return [(int(value), None) for value in values]
    lengths = [int(n * value) for n, value in zip(x.shape[2:], values, strict=True)]
    if 0 in lengths:
        raise ShapeError(f"scale_factor {scale_factor} leaves nothing of shape {x.shape}")
    return list(zip(lengths, values, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class _Neighbors:
    """The elements that each new one lies between, and how near it is to the upper one."""

    lower: NDArray[np.intp]
    upper: NDArray[np.intp]
    weight: Array  # of the upper one, in [0, 1); broadcasts with the result

    @classmethod
    def of(
        cls, x: Array, axis: int, size: int, factor: float | None, linear: bool, align: bool
    ) -> _Neighbors:
        """Return the neighbors along an axis."""
        n, i = x.shape[axis], np.arange(size)
        if not linear:
            index = i * n // size if factor is None else np.floor(i / factor).astype(np.intp)
            index = np.minimum(index, n - 1)
            return cls(index, index, np.zeros(1, x.dtype))
        if align:
            at = i * ((n - 1) / max(size - 1, 1))
        else:
            at = np.maximum((i + 0.5) * (n / size if factor is None else 1 / factor) - 0.5, 0)
        lower = np.minimum(np.floor(at).astype(np.intp), n - 1)
        upper = np.minimum(lower + 1, n - 1)
        weight = np.where(upper > lower, at - lower, 0).astype(x.dtype)
        return cls(lower, upper, weight.reshape(-1, *[1] * (x.ndim - 1 - axis % x.ndim)))


@ag.primitive
def resize_axis(
    x: Array,
    *,
    axis: int,
    size: int,
    linear: bool,
    factor: float | None = None,
    align_corners: bool = False,
) -> Result:
    """Resize one axis of x to a length, see `interpolate`.

    With the neighbors l and u of a new element, and its distance w from l: y = (1 - w) x_l + w x_u,
    or x_l if not `linear`. The gradient of an element is the sum over those that it is neighbor of;
    a neighbor of weight 0 has no influence.
    """
    x = as_floats(x)
    neighbors = _Neighbors.of(x, axis, size, factor, linear, align_corners)
    lower, upper, weight = neighbors.lower, neighbors.upper, neighbors.weight
    y = np.take(x, lower, axis=axis)
    if linear:
        y *= 1 - weight
        y += weight * cut(np.take(x, upper, axis=axis), weight != 0)

    def backward(grad: Array) -> Array:
        if not linear:
            return _sum_sorted(grad, lower, axis, x)
        by_x = _sum_sorted(grad * (1 - weight), lower, axis, x)
        by_x += _sum_sorted(cut(grad, weight != 0) * weight, upper, axis, x)
        return by_x

    return y, backward


def _sum_sorted(grad: Array, index: NDArray[np.intp], axis: int, x: Array) -> Array:
    """Return the sums, in the shape of x, of what each element was taken for; the index rises."""
    by_x = np.zeros(x.shape, x.dtype)
    starts = np.flatnonzero(np.diff(index, prepend=-1))
    along: list[Any] = [slice(None)] * x.ndim
    along[axis] = index[starts]
    by_x[tuple(along)] = np.add.reduceat(grad, starts, axis=axis)
    return by_x


@ag.composed_form(resize_axis)
def resize_axis_composed(
    x: Tensor,
    *,
    axis: int,
    size: int,
    linear: bool,
    factor: float | None = None,
    align_corners: bool = False,
) -> Tensor:
    """Compute `resize_axis` by `take`."""
    neighbors = _Neighbors.of(x.data, axis, size, factor, linear, align_corners)
    y = take(x, neighbors.lower, axis=axis)
    if not linear:
        return y
    weight = neighbors.weight
    upper = masked(take(x, neighbors.upper, axis=axis), mask=weight != 0)
    blended: Tensor = y * (1 - weight) + upper * weight
    return blended


@ag.counts_flops(resize_axis)
def _(value: Array, x: Array, *, linear: bool, **settings: Any) -> int:
    return 3 * value.size * linear


@ag.samples(resize_axis)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    x = rng.normal(size=(2, 3, 4))
    for size in (1, 3, 4, 7, 8):
        yield Sample((x,), {"axis": 2, "size": size, "linear": False}, f"nearest, {size}")
        for align in (False, True):
            settings = {"axis": 2, "size": size, "linear": True, "align_corners": align}
            yield Sample((x,), settings, f"linear, {size}, {align}")
    yield Sample((x,), {"axis": 1, "size": 4, "linear": True, "factor": 1.5}, "a factor")
    yield Sample((x[:0],), {"axis": 1, "size": 6, "linear": True}, "empty batch")
