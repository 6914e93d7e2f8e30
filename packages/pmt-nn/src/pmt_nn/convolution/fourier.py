"""Convolution of a batch by Fourier coefficients along h and shifted products along w.

Letters as in `im2col.py`; u: coefficients along h. By the convolution theorem a kernel of 3 rows
takes 1.6 products per row of the output instead of 3. Along w, what point j of the kernel sees is
the line of pixels shifted by j, so that no patch is copied. Few rows are transformed at a time, so
the transform needs no fast algorithm: it is a product with a small matrix (`AxisTransform`).

Images are stored as (h, w, b, c): a transform along h is a product with a wide matrix, and all
pixels of a shifted line, of all images, are the rows of one product. All is linear in the
coefficients, so the gradients are the same steps with transposed matrices, and that by the kernel
uses the coefficients of the images again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Array, NeedsGrad
from pmt_nn.convolution.matrix_blocks import parts_of
from pmt_nn.convolution.patches import Pair, PatchGrid
from pmt_nn.layers.memory_layout import pixels_first

_BLOCK = 1 << 21  # numbers of an array that holds products for a moment
_ROWS = 16  # of the output, at most, that are computed from one transform


@dataclass(frozen=True, slots=True, eq=False)
class AxisTransform:
    """A convolution of one axis as m real products: output @ ((taps @ kernel) * (input @ x)).

    The products are those of a Fourier transform of N points, N so large that what a patch reads
    outside the image is 0 and not the opposite end of it. Real coefficients take one product,
    complex ones three (Gauss): (a + ib)(c + id) = k1 - k3 + i (k1 + k2) with k1 = c (a + b),
    k2 = a (d - c), k3 = b (c + d). The first product is that of the sums, and its column of
    `output` is 1.

    Attributes:
        input: (m, n), applied to the pixels.
        taps: (m, k), applied to the points of the kernel.
        output: (count, m), applied to the products.
    """

    input: Array
    taps: Array
    output: Array

    @classmethod
    def of(
        cls, n: int, k: int, count: int, padding: int, dilation: int, dtype: DTypeLike
    ) -> AxisTransform:
        """Return the matrices for n pixels after a border, k points and `count` patches."""
        points = max(n + padding, count + dilation * (k - 1) - padding)
        step = 2 * np.pi / points
        pixels, taps = step * np.arange(n), step * dilation * np.arange(k)
        patches = step * (np.arange(count) - padding)
        rows: list[tuple[Array, Array, Array]] = []
        for u in range(points // 2 + 1):
            a, b = np.cos(u * pixels), -np.sin(u * pixels)
            c, d = np.cos(u * taps) / points, np.sin(u * taps) / points
            cos, sin = np.cos(u * patches), np.sin(u * patches)
            if u == 0 or 2 * u == points:
                rows.append((a, c, cos))
            else:
                c, d = 2 * c, 2 * d
                rows += [(a + b, c, cos - sin), (a, d - c, -sin), (b, c + d, -cos)]
        inputs, kernels, outputs = (np.array(part, dtype) for part in zip(*rows, strict=True))
        return cls(inputs, kernels, np.ascontiguousarray(outputs.T))


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """Rows of the output, those of the image that they depend on, and their transform."""

    output: slice
    input: slice
    axis: AxisTransform

    @classmethod
    def of(cls, rows: slice, h: int, grid: PatchGrid, dtype: DTypeLike) -> Strip:
        """Return the strip of some rows of the output of images of height h."""
        kh, dilation, count = grid.kernel[0], grid.dilation[0], rows.stop - rows.start
        top = rows.start - grid.padding[0]
        pixels = slice(max(top, 0), min(top + count + dilation * (kh - 1), h))
        border = pixels.start - top
        axis = AxisTransform.of(pixels.stop - pixels.start, kh, count, border, dilation, dtype)
        return cls(rows, pixels, axis)


@dataclass(frozen=True, slots=True, eq=False)
class FourierConvolution:
    """A convolution of images of one size, with stride 1, one group and padding below the span.

    Attributes:
        size: of an image, (h, w).
        count: size of the output, (oh, ow).
        border: columns of zeros before and after a line.
        strips: they cover the output.
        shifts: the part of a line that each point of a row of the kernel sees.
    """

    size: Pair
    count: Pair
    border: int
    strips: tuple[Strip, ...]
    shifts: tuple[slice, ...]

    @classmethod
    @lru_cache(maxsize=256)
    def of(cls, size: Pair, grid: PatchGrid, dtype: np.dtype[Any]) -> FourierConvolution:
        """Return the convolution of images (h, w)."""
        (oh, ow), step = grid.count(size), grid.dilation[1]
        n = -(-oh // _ROWS)
        rows = (slice(oh * i // n, oh * (i + 1) // n) for i in range(n))
        strips = tuple(Strip.of(part, size[0], grid, dtype) for part in rows)
        shifts = tuple(slice(j * step, j * step + ow) for j in range(grid.kernel[1]))
        return cls(size, (oh, ow), grid.padding[1], strips, shifts)

    def coefficients(self, x: Array) -> list[Array] | None:
        """Return those of images (b, c, h, w) for each strip, (u, w + border, b, c).

        Return None if a number is not finite: it would reach more than the patches that hold it.
        """
        pixels, inside, width = pixels_first(x), self._inside, self.size[1] + 2 * self.border
        results = []
        for strip in self.strips:
            lines = np.empty((len(strip.axis.input), width, *pixels.shape[2:]), x.dtype)
            lines[:, : inside.start] = lines[:, inside.stop :] = 0
            if not _transform(strip.axis.input, pixels[strip.input], lines[:, inside]):
                return None
            results.append(lines)
        return results

    def output(self, coefficients: list[Array], kernel: Array, bias: Array | None) -> Array:
        """Return the convolution (b, o, oh, ow) of images, of which `coefficients` are given."""
        (oh, ow), b, o = self.count, coefficients[0].shape[2], len(kernel)
        y, points = np.empty((oh, ow, b, o), kernel.dtype), _points(kernel, (2, 3, 1, 0))
        first, *others = self.shifts
        for strip, lines in zip(self.strips, coefficients, strict=True):
            kernels = _multiply_rows(strip.axis.taps, points)
            products = np.empty((len(lines), ow, b, o), y.dtype)
            for part in _blocks(lines, o):
                line, product = lines[part], products[part]
                _multiply(line[:, first], kernels[part, 0], product)
                for j, shift in enumerate(others, 1):
                    product += _multiply(line[:, shift], kernels[part, j])
            if bias is not None:
                products[0] += bias
            _multiply_rows(strip.axis.output, products, y[strip.output])
        return y.transpose(2, 3, 0, 1)

    def gradients(
        self, coefficients: list[Array], grad: Array, kernel: Array, needs_grad: NeedsGrad
    ) -> tuple[Array | None, Array | None, Array | None] | None:
        """Return the gradients by the images, by the kernel (o, c, kh, kw) and by the bias.

        coefficients: of the images; grad: by the convolution, (b, o, oh, ow). Return None if a
        number of it is not finite.
        """
        b, (o, c, kh, kw), pixels = len(grad), kernel.shape, pixels_first(grad)
        by_x = self._no_pixels(b, c, grad.dtype) if needs_grad[0] else None
        by_points, by_bias = np.zeros((kh, kw, c, o), grad.dtype), np.zeros(o, grad.dtype)
        points = _points(kernel, (2, 3, 0, 1))
        for strip, lines in zip(self.strips, coefficients, strict=True):
            by_products = np.empty((len(lines), self.count[1], b, o), grad.dtype)
            if not _transform(strip.axis.output.T, pixels[strip.output], by_products):
                return None
            by_bias += by_products[0].sum(axis=0).sum(axis=0)
            kernels = _multiply_rows(strip.axis.taps, points)
            by_lines = np.empty_like(lines) if by_x is not None else None
            by_kernels = np.empty((len(lines), kw, c, o), grad.dtype)
            for part in _blocks(lines, o):
                if needs_grad[1]:
                    _multiply_sums(self._windows(lines[part]), by_products[part], by_kernels[part])
                if by_lines is not None:
                    self._add_shifted(by_products[part], kernels[part], by_lines[part])
            if needs_grad[1]:
                by_points += _multiply_rows(strip.axis.taps.T, by_kernels)
            if by_x is not None and by_lines is not None:
                self._add_pixels(strip, by_lines[:, self._inside], by_x)
        return (
            None if by_x is None else by_x.transpose(2, 3, 0, 1),
            by_points.transpose(3, 2, 0, 1) if needs_grad[1] else None,
            by_bias if needs_grad[2] else None,
        )

    def _windows(self, lines: Array) -> Array:
        """Return what each point of a row of the kernel sees: (u, kw, ow, b, c), a view."""
        u, w, *others = lines.strides
        step = self.shifts[-1].start // max(len(self.shifts) - 1, 1)
        shape = (len(lines), len(self.shifts), self.count[1], *lines.shape[2:])
        return np.lib.stride_tricks.as_strided(
            lines, shape, (u, w * step, w, *others), writeable=False
        )

    def _add_shifted(self, by_products: Array, kernels: Array, by_lines: Array) -> None:
        """Write the gradient by lines (u, w + border, b, c) of that by products (u, ow, b, o)."""
        first, *others = self.shifts
        _multiply(by_products, kernels[:, 0], by_lines[:, first])
        by_lines[:, first.stop :] = 0
        for j, shift in enumerate(others, 1):
            by_lines[:, shift] += _multiply(by_products, kernels[:, j])

    def _no_pixels(self, b: int, c: int, dtype: DTypeLike) -> Array:
        """Return memory for pixels (h, w, b, c): zeros, unless one strip writes all of them."""
        make = np.empty if self._is_one_strip else np.zeros
        return make((*self.size, b, c), dtype)

    def _add_pixels(self, strip: Strip, by_lines: Array, by_x: Array) -> None:
        """Add the gradient of the pixels (h, w, b, c) below a strip; strips may overlap."""
        if self._is_one_strip:
            _multiply_rows(strip.axis.input.T, by_lines, by_x)
        else:
            by_x[strip.input] += _multiply_rows(strip.axis.input.T, by_lines)

    @property
    def _is_one_strip(self) -> bool:
        return self.strips[0].input == slice(0, self.size[0])

    @property
    def products(self) -> int:
        """How many products a column of the output takes for each point of a row of the kernel."""
        return sum(len(strip.axis.input) for strip in self.strips)

    @property
    def _inside(self) -> slice:
        return slice(self.border, self.border + self.size[1])


def _transform(matrix: Array, x: Array, out: Array) -> bool:
    """Write matrix @ x, and return whether all numbers of x are finite: its first row has sums."""
    with np.errstate(invalid="ignore", over="ignore"):
        _multiply_rows(matrix, x, out)
    return bool(np.isfinite(out[0]).all())


def _points(kernel: Array, order: tuple[int, ...]) -> Array:
    return np.ascontiguousarray(kernel.transpose(order))


def _multiply_rows(matrix: Array, x: Array, out: Array | None = None) -> Array:
    """Multiply the first axis of x (p, q, b, c) by a matrix (m, p): (m, q, b, c)."""
    m = len(matrix)
    y = np.empty((m, *x.shape[1:]), x.dtype) if out is None else out
    parts = parts_of(x[0].size, matrix.size)
    blocks, targets = (a.reshape(len(a), parts, -1).swapaxes(0, 1) for a in (x, y))
    np.matmul(matrix, blocks, out=targets)
    return y


def _blocks(lines: Array, o: int) -> Iterator[slice]:
    """Return slices of u with so few lines (u, w, b, c) that their products take little memory."""
    _, w, b, c = lines.shape
    n = max(_BLOCK // (w * b * max(c, o)), 1)
    return (slice(start, start + n) for start in range(0, len(lines), n))


def _multiply(lines: Array, kernels: Array, out: Array | None = None) -> Array:
    """Return the products (u, w, b, o) of lines (u, w, b, c) with kernels (u, c, o)."""
    (m, w, b, c), o = lines.shape, kernels.shape[2]
    y = np.empty((m, w, b, o), lines.dtype) if out is None else out
    parts = parts_of(w * b, c * o)
    rows, targets = lines.reshape(m, parts, -1, c), y.reshape(m, parts, -1, o)
    np.matmul(rows, kernels[:, np.newaxis], out=targets)
    return y


def _multiply_sums(windows: Array, grads: Array, out: Array) -> None:
    """Write the products of windows (u, k, w, b, c) with gradients (u, w, b, o): (u, k, c, o)."""
    m, k, c, o = out.shape
    _, w, b, _ = grads.shape
    parts = parts_of(w * b, c * o)
    columns = windows.reshape(m, k, parts, -1, c).swapaxes(3, 4)
    products = np.matmul(columns, grads.reshape(m, 1, parts, -1, o))
    out[...] = products[:, :, 0] if parts == 1 else products.sum(axis=2)
