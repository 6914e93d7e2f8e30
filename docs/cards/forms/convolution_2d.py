"""Gradients of a convolution in two dimensions, with channels, bias, stride and padding."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import pmt_nn
from docs.cards.form import Form


def windows(x, kernel, stride, padding):
    """Return the window of every output: (c, oh, ow, kh, kw)."""
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    return sliding_window_view(padded, kernel.shape[2:], axis=(1, 2))[:, ::stride, ::stride]


def convolution_2d(x, kernel, bias, stride, padding):
    y = np.einsum("cpqij,ocij->opq", windows(x, kernel, stride, padding), kernel)
    return y + bias[:, None, None]


def convolution_2d_gradients(grad, x, kernel, bias, stride, padding):
    by_kernel = np.einsum("opq,cpqij->ocij", grad, windows(x, kernel, stride, padding))
    by_padded = np.pad(np.zeros_like(x), ((0, 0), (padding, padding), (padding, padding)))
    for row, column in np.ndindex(grad.shape[1:]):
        top, left = stride * row, stride * column
        window = by_padded[:, top : top + kernel.shape[2], left : left + kernel.shape[3]]
        window += np.einsum("o,ocij->cij", grad[:, row, column], kernel)
    by_x = by_padded[:, padding : padding + x.shape[1], padding : padding + x.shape[2]]
    return by_x, by_kernel, grad.sum(axis=(1, 2))


def sample(rng, stride, padding):
    return {
        "x": rng.normal(size=(2, 6, 7)),
        "kernel": rng.normal(size=(3, 2, 3, 2)),
        "bias": rng.normal(size=3),
        "stride": stride,
        "padding": padding,
    }


def in_pmt(x, kernel, bias, stride, padding):
    return pmt_nn.conv2d(x[None], kernel, bias, stride=stride, padding=padding)[0]


FORMS = [
    Form(
        name,
        convolution_2d,
        convolution_2d_gradients,
        sample=lambda rng, stride=stride, padding=padding: sample(rng, stride, padding),
        differentiable=("x", "kernel", "bias"),
        pmt=in_pmt,
        primitives=("conv2d",),
    )
    for name, stride, padding in [
        ("convolution_2d", 1, 0),
        ("convolution_2d_stride", 2, 0),
        ("convolution_2d_padding", 2, 1),
    ]
]
