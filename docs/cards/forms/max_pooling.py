"""Gradient of max pooling."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import pmt_nn
from docs.cards.form import Form


def winners(x, size, stride):
    """Return the rows and columns in x of the maximum of every window."""
    windows = sliding_window_view(x, (size, size))[::stride, ::stride]
    winner = windows.reshape(*windows.shape[:2], size * size).argmax(axis=-1)
    p, q = np.indices(winner.shape)
    return stride * p + winner // size, stride * q + winner % size


def max_pooling(x, size, stride):
    return x[winners(x, size, stride)]


def max_pooling_gradients(grad, x, size, stride):
    by_x = np.zeros_like(x)
    np.add.at(by_x, winners(x, size, stride), grad)
    return by_x


def distinct_numbers(rng, shape):
    """Return numbers that differ by at least 0.1, so that no small step changes a maximum."""
    return 0.1 * rng.permutation(np.prod(shape)).reshape(shape)


def overlapping(rng):
    """Return a sample with an element that four windows have as their maximum."""
    x = distinct_numbers(rng, (7, 7))
    x[2, 2] = 9
    return {"x": x, "size": 3, "stride": 2}


def in_pmt(x, size, stride):
    return pmt_nn.max_pool2d(x[None, None], kernel=size, stride=stride)[0, 0]


FORMS = [
    Form(
        "max_pooling",
        max_pooling,
        max_pooling_gradients,
        sample=lambda rng: {"x": distinct_numbers(rng, (4, 6)), "size": 2, "stride": 2},
        differentiable=("x",),
        pmt=in_pmt,
        primitives=("max_pool2d",),
    ),
    Form(
        "max_pooling_overlapping",
        max_pooling,
        max_pooling_gradients,
        sample=overlapping,
        differentiable=("x",),
        pmt=in_pmt,
        primitives=("max_pool2d",),
    ),
]
