"""Gradients of a convolution in one dimension, without and with a stride."""

import numpy as np

import pmt_nn
from docs.cards.form import Form


def convolution_1d(x, kernel):
    return np.correlate(x, kernel, "valid")  # y_q = Σ_i K_i x_(q+i)


def convolution_1d_gradients(grad, x, kernel):
    by_x = np.correlate(np.pad(grad, len(kernel) - 1), kernel[::-1], "valid")
    by_kernel = np.correlate(x, grad, "valid")
    return by_x, by_kernel


def strided_convolution_1d(x, kernel, stride):
    return np.correlate(x, kernel, "valid")[::stride]  # y_q = Σ_i K_i x_(stride q + i)


def strided_convolution_1d_gradients(grad, x, kernel, stride):
    spread = np.zeros(len(x) - len(kernel) + 1)
    spread[::stride] = grad  # the gradient of the outputs that the stride left out is 0
    by_x = np.correlate(np.pad(spread, len(kernel) - 1), kernel[::-1], "valid")
    by_kernel = np.correlate(x, spread, "valid")
    return by_x, by_kernel


FORMS = [
    Form(
        "convolution_1d",
        convolution_1d,
        convolution_1d_gradients,
        sample=lambda rng: {"x": rng.normal(size=8), "kernel": rng.normal(size=3)},
        differentiable=("x", "kernel"),
        pmt=lambda x, kernel: pmt_nn.conv1d(x[None, None], kernel[None, None], None)[0, 0],
        primitives=("conv2d",),
    ),
    Form(
        "strided_convolution_1d",
        strided_convolution_1d,
        strided_convolution_1d_gradients,
        # The last of the ten inputs is met by no window.
        sample=lambda rng: {"x": rng.normal(size=10), "kernel": rng.normal(size=3), "stride": 2},
        differentiable=("x", "kernel"),
        pmt=lambda x, kernel, stride: pmt_nn.conv1d(
            x[None, None], kernel[None, None], None, stride=stride
        )[0, 0],
        primitives=("conv2d",),
    ),
]
