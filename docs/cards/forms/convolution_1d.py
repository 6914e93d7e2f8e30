"""Gradients of a convolution in one dimension, without and with a stride."""

import numpy as np

import pmt_nn
from docs.cards.form import Form


def convolution_1d(x, w):
    return np.correlate(x, w, "valid")  # y_p = Σ_i w_i x_(p+i)


def convolution_1d_gradients(grad, x, w):
    by_x = np.correlate(np.pad(grad, len(w) - 1), w[::-1], "valid")
    by_w = np.correlate(x, grad, "valid")
    return by_x, by_w


def strided_convolution_1d(x, w, stride):
    return np.correlate(x, w, "valid")[::stride]  # y_p = Σ_i w_i x_(stride p + i)


def strided_convolution_1d_gradients(grad, x, w, stride):
    spread = np.zeros(len(x) - len(w) + 1)
    spread[::stride] = grad  # the gradient of the outputs that the stride left out is 0
    by_x = np.correlate(np.pad(spread, len(w) - 1), w[::-1], "valid")
    by_w = np.correlate(x, spread, "valid")
    return by_x, by_w


FORMS = [
    Form(
        "convolution 1d",
        convolution_1d,
        convolution_1d_gradients,
        sample=lambda rng: {"x": rng.normal(size=8), "w": rng.normal(size=3)},
        differentiable=("x", "w"),
        pmt=lambda x, w: pmt_nn.conv1d(x[None, None], w[None, None], None)[0, 0],
        primitives=("conv2d",),
    ),
    Form(
        "convolution 1d, stride",
        strided_convolution_1d,
        strided_convolution_1d_gradients,
        # The last of the ten inputs is met by no window.
        sample=lambda rng: {"x": rng.normal(size=10), "w": rng.normal(size=3), "stride": 2},
        differentiable=("x", "w"),
        pmt=lambda x, w, stride: pmt_nn.conv1d(x[None, None], w[None, None], None, stride=stride)[
            0, 0
        ],
        primitives=("conv2d",),
    ),
]
