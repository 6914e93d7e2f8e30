"""Gradient of rotary positions: the rotation in the other direction."""

import numpy as np

import pmt_nn
from docs.cards.form import Form


def angles_of(x, base=10000.0):
    t, d = x.shape
    return np.arange(t)[:, np.newaxis] * base ** (-np.arange(0, d, 2) / d)  # (t, d / 2)


def turned(x, angles):
    first, second, y = x[:, 0::2], x[:, 1::2], np.empty_like(x)
    y[:, 0::2] = first * np.cos(angles) - second * np.sin(angles)
    y[:, 1::2] = first * np.sin(angles) + second * np.cos(angles)
    return y


def rotary(x):
    return turned(x, angles_of(x))


def rotary_gradients(grad, x):
    return (turned(grad, -angles_of(x)),)


def sample(rng):
    return {"x": rng.normal(size=(5, 4))}


def by_pmt(x):
    return pmt_nn.rotate(x.reshape(1, *x.shape), heads=1)[0]


FORMS = [
    Form(
        "rotary",
        rotary,
        rotary_gradients,
        sample=sample,
        differentiable=("x",),
        pmt=by_pmt,
        primitives=("rotate",),
    )
]
