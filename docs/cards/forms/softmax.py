"""Gradient of the softmax."""

import numpy as np

import pmt_autograd
from docs.cards.form import Form


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_gradients(grad, z):
    p = softmax(z)
    mean_grad = (p * grad).sum(axis=-1, keepdims=True)
    return p * (grad - mean_grad)


FORMS = [
    Form(
        "softmax",
        softmax,
        softmax_gradients,
        sample=lambda rng: {"z": rng.normal(size=(3, 4))},
        differentiable=("z",),
        pmt=lambda z: pmt_autograd.softmax(z),
        primitives=("softmax",),
    )
]
