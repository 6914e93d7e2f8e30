"""Which algorithm convolves a batch: patches, runs of few channels, or Fourier coefficients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pmt_autograd import Array, NeedsGrad
from pmt_nn.convolution.few_channels import (
    convolve_few_channels,
    few_channels_gradients,
    few_channels_input_gradient,
)
from pmt_nn.convolution.fourier import FourierConvolution
from pmt_nn.convolution.im2col import convolve, convolve_gradients
from pmt_nn.convolution.patches import PatchGrid
from pmt_nn.layers.memory_layout import (
    channel_sums,
    images_as_pixels,
    is_pixels_first,
    pixels_as_images,
)

Three = tuple[Array | None, Array | None, Array | None]
"""The gradients by the images, the kernel and the bias, None if not needed."""

Backward = Callable[[Array, NeedsGrad], Three]

_FEW_CHANNELS = 8
_MIN_MULTIPLICATIONS = 2_000_000  # below, more time passes between products than in them
_MAX_PRODUCTS = 0.9  # of those that patches take


def convolution(
    x: Array, kernel: Array, bias: Array | None, grid: PatchGrid, groups: int
) -> tuple[Array, Backward]:
    """Return the convolution of x (b, c, h, w) and kernel (o, c/g, kh, kw), and its backward.

    The backward maps the gradient by the result, and which are needed, to those by x, the kernel
    and the bias. What is chosen depends on the shapes only, so equal shapes give equal bits.
    """
    if groups == 1 and x.size:
        if grid.is_pointwise:
            return _by_pixels(x, kernel, bias, grid)
        if len(kernel[0]) < _FEW_CHANNELS:
            return _by_runs(x, kernel, bias, grid)
        if x.dtype == kernel.dtype and has_fewer_products(x.shape, kernel, grid):
            result = _by_coefficients(x, kernel, bias, grid)
            if result is not None:
                return result
    return _by_patches(x, kernel, bias, grid, groups)


def has_fewer_products(shape: tuple[int, ...], kernel: Array, grid: PatchGrid) -> bool:
    """Return whether a convolution takes fewer products by `fourier.py`, enough to save time.

    Of 25 shapes measured forward and backward on an AMD EPYC, coefficients took 0.38 to 0.96 of the
    time of patches where this holds.
    """
    (b, _, h, w), (kh, _) = shape, grid.kernel
    if grid.stride != (1, 1) or grid.padding[0] >= grid.span[0] or kh == 1:
        return False
    if kernel.dtype.char not in "fd":  # half precision is too rough for coefficients
        return False
    oh, ow = grid.count((h, w))
    if b * oh * ow * kernel.size < _MIN_MULTIPLICATIONS:
        return False
    plan = FourierConvolution.of((h, w), grid, kernel.dtype)
    return plan.products <= _MAX_PRODUCTS * kh * oh


def _by_patches(
    x: Array, kernel: Array, bias: Array | None, grid: PatchGrid, groups: int
) -> tuple[Array, Backward]:
    y = convolve(x, kernel, grid, groups, bias)

    def backward(grad: Array, needs_grad: NeedsGrad) -> Three:
        by_bias = channel_sums(grad) if needs_grad[2] else None
        return *convolve_gradients(x, grad, kernel, grid, groups, needs_grad), by_bias

    return y, backward


def _by_pixels(
    x: Array, kernel: Array, bias: Array | None, grid: PatchGrid
) -> tuple[Array, Backward]:
    """Convolve with a kernel of one point, in the memory order of x."""
    if not is_pixels_first(x):
        return _by_patches(x, kernel, bias, grid, 1)
    y, by_patches = _by_patches(pixels_as_images(x), kernel, bias, grid, 1)

    def backward(grad: Array, needs_grad: NeedsGrad) -> Three:
        by_x, by_kernel, by_bias = by_patches(pixels_as_images(grad), needs_grad)
        return None if by_x is None else images_as_pixels(by_x), by_kernel, by_bias

    return images_as_pixels(y), backward


def _by_runs(
    x: Array, kernel: Array, bias: Array | None, grid: PatchGrid
) -> tuple[Array, Backward]:
    y = convolve_few_channels(x, kernel, bias, grid)

    def backward(grad: Array, needs_grad: NeedsGrad) -> Three:
        by_x = by_kernel = by_bias = None
        if needs_grad[0]:
            by_x = few_channels_input_gradient(grad, kernel, grid, x.shape[2:])
        if needs_grad[1] or needs_grad[2]:
            by_kernel, by_bias = few_channels_gradients(x, grad, grid, kernel.shape, needs_grad[2])
        return by_x, by_kernel, by_bias

    return y, backward


def _by_coefficients(
    x: Array, kernel: Array, bias: Array | None, grid: PatchGrid
) -> tuple[Array, Backward] | None:
    """Return None if a number is not finite: it would reach more than the patches that hold it."""
    plan = FourierConvolution.of((x.shape[2], x.shape[3]), grid, x.dtype)
    coefficients = plan.coefficients(x)
    if coefficients is None or not np.isfinite(kernel).all():
        return None
    y = plan.output(coefficients, kernel, bias)

    def backward(grad: Array, needs_grad: NeedsGrad) -> Three:
        result = plan.gradients(coefficients, grad, kernel, needs_grad)
        if result is None:
            return _by_patches(x, kernel, bias, grid, 1)[1](grad, needs_grad)
        return result

    return y, backward
