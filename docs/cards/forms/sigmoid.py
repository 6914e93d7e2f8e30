"""Gradients of sigmoid and tanh."""

import numpy as np

import pmt_autograd
from docs.cards.form import Form


def sigmoid(x):
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


def sigmoid_gradients(grad, x):
    y = sigmoid(x)
    return grad * y * (1 - y)


def tanh(x):
    return np.tanh(x)


def tanh_gradients(grad, x):
    y = np.tanh(x)
    return grad * (1 - y**2)


FORMS = [
    Form(
        "sigmoid",
        sigmoid,
        sigmoid_gradients,
        sample=lambda rng: {"x": rng.normal(size=(4, 5), scale=2)},
        differentiable=("x",),
        pmt=lambda x: pmt_autograd.sigmoid(x),
        primitives=("sigmoid",),
    ),
    Form(
        "tanh",
        tanh,
        tanh_gradients,
        sample=lambda rng: {"x": rng.normal(size=(4, 5))},
        differentiable=("x",),
        pmt=lambda x: pmt_autograd.tanh(x),
        primitives=("tanh",),
    ),
]
