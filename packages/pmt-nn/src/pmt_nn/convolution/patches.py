"""Patches: how a kernel slides over the last two axes of an image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pmt_autograd import Array, Tensor
from pmt_core import SettingsError, ShapeError, check_sizes

Pair = tuple[int, int]
"""Height and width."""

_BLOCK_BYTES = 1 << 19


def per_axis(
    value: int | tuple[int, ...], axes: int, name: str, least: int, *, caller: str
) -> tuple[int, ...]:
    """Return a number for each axis, of one number or one for each. Raises SettingsError."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes
    if len(values) != axes:
        count = ("one whole number", "one or two whole numbers", "one or three whole numbers")
        raise SettingsError(
            f"{caller}: {name} is {count[axes - 1]}, {least} or more, got {value!r}"
        )
    for number in values:
        check_sizes(caller, least=least, **{name: number})
    return values


def pair(value: int | Pair, name: str, least: int) -> Pair:
    """Return (height, width) of one number or two. Raises SettingsError if below `least`."""
    height, width = per_axis(value, 2, name, least, caller="kernel grid")
    return height, width


def check_groups(c: int, o: int, groups: int) -> None:
    """Raise SettingsError if `groups` does not divide both numbers of channels."""
    check_sizes("convolution", c=c, o=o, groups=groups)
    if c % groups or o % groups:
        raise SettingsError(
            f"groups divides the input and output channels, got groups={groups} for {c} and {o}"
        )


def as_image(x: Tensor) -> Tensor:
    """Return a sequence (b, c, t) as an image of height 1, (b, c, 1, t)."""
    return x.reshape(*x.shape[:2], 1, x.shape[2])


def as_sequence(x: Tensor) -> Tensor:
    """Return an image of height 1, (b, c, 1, t), as a sequence (b, c, t)."""
    return x.reshape(*x.shape[:2], x.shape[3])


def images_per_block(b: int, shape: tuple[int, ...], itemsize: int) -> int:
    """Return how many of b images, each laid out as `shape`, fit into a block of the cache."""
    return min(b, max(1, _BLOCK_BYTES // max(int(np.prod(shape)) * itemsize, 1)))


@dataclass(frozen=True, slots=True)
class PatchGrid:
    """The patches of an image that a kernel sees; all sizes are (height, width)."""

    kernel: Pair
    stride: Pair = (1, 1)  # step from patch to patch
    padding: Pair = (0, 0)  # width of the border of zeros
    dilation: Pair = (1, 1)  # step between the points of a kernel
    extra: Pair = (0, 0)  # rows and columns after the border at the end, for a last partial patch

    @classmethod
    def of(
        cls,
        kernel: tuple[int, ...],
        *,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        dilation: int | Pair = 1,
    ) -> PatchGrid:
        """Return the grid of a kernel (..., kh, kw). Raises SettingsError."""
        border, step = pair(padding, "padding", 0), pair(dilation, "dilation", 1)
        return cls((kernel[-2], kernel[-1]), pair(stride, "stride", 1), border, step)

    @property
    def span(self) -> Pair:
        """The size of a patch, from its first point to its last."""
        (kh, kw), (dh, dw) = self.kernel, self.dilation
        return dh * (kh - 1) + 1, dw * (kw - 1) + 1

    @property
    def is_pointwise(self) -> bool:
        """Whether every pixel is a patch of its own."""
        return self.kernel == self.stride == (1, 1) and self.padding == (0, 0)

    def count(self, size: Pair) -> Pair:
        """Return the number of patches in an image of `size`. Raises ShapeError if it is 0."""
        counts = []
        sizes = self.padded(size)
        for n, span, step in zip(sizes, self.span, self.stride, strict=True):
            room = n - span
            if room < 0:
                raise ShapeError(
                    f"a patch of {self.span} does not fit into an image of {size} with padding "
                    f"{self.padding}; enlarge the image or the padding"
                )
            counts.append(room // step + 1)
        return counts[0], counts[1]

    def padded(self, size: Pair) -> Pair:
        """Return the size of an image with its border."""
        (ph, pw), (eh, ew) = self.padding, self.extra
        return size[0] + 2 * ph + eh, size[1] + 2 * pw + ew

    def inside(self, padded: Array) -> Array:
        """Return the image within its border, a view."""
        (ph, pw), (eh, ew), (h, w) = self.padding, self.extra, padded.shape[-2:]
        return padded[..., ph : h - ph - eh, pw : w - pw - ew]

    def with_partial_patches(self, size: Pair) -> PatchGrid:
        """Return the grid with `extra` such that a last patch may exceed an image of `size`.

        It starts inside the image, or in the border before it.
        """
        extras = []
        for n, span, step, border in zip(size, self.span, self.stride, self.padding, strict=True):
            count = -(-(n + 2 * border - span) // step) + 1
            if (count - 1) * step >= n + border:
                count -= 1
            extras.append(max((count - 1) * step + span - (n + 2 * border), 0) if count > 0 else 0)
        return replace(self, extra=(extras[0], extras[1]))

    @property
    def has_border(self) -> bool:
        """Whether an image is padded."""
        return self.padding != (0, 0) or self.extra != (0, 0)

    def view(self, padded: Array, count: Pair) -> Array:
        """Return all patches: (n, c, h, w) -> (n, c, kh, kw, oh, ow), a view."""
        n, c, h, w = padded.strides
        (sh, sw), (dh, dw) = self.stride, self.dilation
        shape = (*padded.shape[:2], *self.kernel, *count)
        strides = (n, c, h * dh, w * dw, h * sh, w * sw)
        return np.lib.stride_tricks.as_strided(padded, shape, strides, writeable=False)

    def view_rows(self, padded: Array, ow: int) -> Array:
        """Return the patches of one kernel row in every image row: (n, h, ow, kw, c), a view."""
        n, c, h, w = padded.strides
        shape = (padded.shape[0], padded.shape[2], ow, self.kernel[1], padded.shape[1])
        strides = (n, h, w * self.stride[1], w * self.dilation[1], c)
        return np.lib.stride_tricks.as_strided(padded, shape, strides, writeable=False)

    def view_pixels(self, padded: Array, count: Pair) -> Array:
        """Return all patches, pixels first: (c, h, w, n) -> (c, kh, kw, oh, ow, n), a view."""
        c, h, w, n = padded.strides
        (sh, sw), (dh, dw) = self.stride, self.dilation
        shape = (len(padded), *self.kernel, *count, padded.shape[3])
        strides = (c, h * dh, w * dw, h * sh, w * sw, n)
        return np.lib.stride_tricks.as_strided(padded, shape, strides)

    def tap(self, padded: Array, i: int, j: int, count: Pair) -> Array:
        """Return the pixels under point (i, j) of the kernel: (n, c, oh, ow), a writable view."""
        pixels: Array = padded[self.tap_index(i, j, count)]
        return pixels

    def tap_index(self, i: int, j: int, count: Pair) -> Any:
        """Return the index of the pixels under point (i, j) of the kernel."""
        (sh, sw), (dh, dw), (oh, ow) = self.stride, self.dilation, count
        top, left = i * dh, j * dw
        rows = slice(top, top + sh * (oh - 1) + 1, sh)
        return ..., rows, slice(left, left + sw * (ow - 1) + 1, sw)

    def points(self) -> list[Pair]:
        """Return the points (i, j) of the kernel, row by row."""
        return [(i, j) for i in range(self.kernel[0]) for j in range(self.kernel[1])]
