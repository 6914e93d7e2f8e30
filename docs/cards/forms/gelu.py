"""Gradients of GELU, exact and with tanh."""

from math import erf, pi, sqrt

import numpy as np

import pmt_nn
from docs.cards.form import Form


def normal_share(x):
    """Return Φ(x), the share of a normal distribution below x."""
    return (1 + np.vectorize(erf)(x / sqrt(2))) / 2


def gelu(x):
    return x * normal_share(x)


def gelu_gradients(grad, x):
    density = np.exp(-(x**2) / 2) / sqrt(2 * pi)
    return grad * (normal_share(x) + x * density)


def gelu_tanh(x):
    return x / 2 * (1 + np.tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))


def gelu_tanh_gradients(grad, x):
    t = np.tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))
    by_inner = sqrt(2 / pi) * (1 + 3 * 0.044715 * x**2)
    return grad * ((1 + t) / 2 + x / 2 * (1 - t**2) * by_inner)


FORMS = [
    Form(
        "gelu",
        gelu,
        gelu_gradients,
        sample=lambda rng: {"x": rng.normal(size=(4, 5), scale=1.5)},
        differentiable=("x",),
        pmt=lambda x: pmt_nn.gelu_exact(x),
        primitives=("gelu_exact",),
    ),
    Form(
        "gelu_tanh",
        gelu_tanh,
        gelu_tanh_gradients,
        sample=lambda rng: {"x": rng.normal(size=(4, 5), scale=1.5)},
        differentiable=("x",),
        pmt=lambda x: pmt_nn.gelu(x),
        primitives=("gelu",),
    ),
]
