"""How a kernel slides over the two last axes of an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pmt_autograd import Array
from pmt_core import SettingsError, ShapeError

Pair = tuple[int, int]
"""Height and width."""


def pair(value: int | Pair, name: str, least: int) -> Pair:
    """One number for both axes, or two. Raises SettingsError below `least`."""
    both = (value, value) if isinstance(value, int) else tuple(value)
    if len(both) != 2 or min(both) < least:
        raise SettingsError(f"{name} is one or two whole numbers of at least {least}, got {value}")
    return both


@dataclass(frozen=True, slots=True)
class SlidingWindows:
    """Kernel size, step, zero border and spacing of the kernel's points, each (height, width)."""

    kernel: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)

    @property
    def span(self) -> Pair:
        """What a window covers, from its first point to its last."""
        (kh, kw), (dh, dw) = self.kernel, self.dilation
        return dh * (kh - 1) + 1, dw * (kw - 1) + 1

    @property
    def is_pointwise(self) -> bool:
        """Whether every window is one pixel and every pixel a window."""
        ones = (1, 1)
        return self.kernel == ones and self.stride == ones and self.padding == (0, 0)

    def count(self, size: Pair) -> Pair:
        """How many windows fit into an image of `size`. Raises ShapeError where none does."""
        found = []
        for n, span, step, border in zip(size, self.span, self.stride, self.padding, strict=True):
            room = n + 2 * border - span
            if room < 0:
                raise ShapeError(
                    f"a window that covers {self.span} does not fit into an image of {size} with "
                    f"padding {self.padding}; enlarge the image or the padding"
                )
            found.append(room // step + 1)
        return found[0], found[1]

    def padded(self, size: Pair) -> Pair:
        """Size of an image with its border."""
        return size[0] + 2 * self.padding[0], size[1] + 2 * self.padding[1]

    def inside(self, padded: Array) -> Array:
        """The image within its border; a view."""
        (ph, pw), (h, w) = self.padding, padded.shape[-2:]
        return padded[..., ph : h - ph, pw : w - pw]

    def view(self, padded: Array, count: Pair) -> Array:
        """All windows of a padded image: (n, c, h, w) -> (n, c, kh, kw, oh, ow), a view."""
        n, c, h, w = padded.strides
        (sh, sw), (dh, dw) = self.stride, self.dilation
        shape = (*padded.shape[:2], *self.kernel, *count)
        strides = (n, c, h * dh, w * dw, h * sh, w * sw)
        return np.lib.stride_tricks.as_strided(padded, shape, strides, writeable=False)

    def view_rows(self, padded: Array, ow: int) -> Array:
        """What a row of the kernel sees of every row: (n, c, h, w) -> (n, h, ow, kw, c), a view."""
        n, c, h, w = padded.strides
        shape = (padded.shape[0], padded.shape[2], ow, self.kernel[1], padded.shape[1])
        strides = (n, h, w * self.stride[1], w * self.dilation[1], c)
        return np.lib.stride_tricks.as_strided(padded, shape, strides, writeable=False)

    def tap(self, padded: Array, i: int, j: int, count: Pair) -> Array:
        """What point (i, j) of the kernel sees: (n, c, oh, ow), a view that can be written to."""
        seen: Array = padded[self.tap_index(i, j, count)]
        return seen

    def tap_index(self, i: int, j: int, count: Pair) -> Any:
        """The index of what point (i, j) of the kernel sees."""
        (sh, sw), (dh, dw), (oh, ow) = self.stride, self.dilation, count
        top, left = i * dh, j * dw
        rows = slice(top, top + sh * (oh - 1) + 1, sh)
        return ..., rows, slice(left, left + sw * (ow - 1) + 1, sw)
