"""Gradient of the logarithm of the softmax."""

import numpy as np

import pmt_autograd
from docs.cards.form import Form


def log_softmax(z):
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def log_softmax_gradients(grad, z):
    p = np.exp(log_softmax(z))
    return grad - p * grad.sum(axis=-1, keepdims=True)


FORMS = [
    Form(
        "log_softmax",
        log_softmax,
        log_softmax_gradients,
        sample=lambda rng: {"z": rng.normal(size=(3, 4))},
        differentiable=("z",),
        pmt=lambda z: pmt_autograd.log_softmax(z),
        primitives=("log_softmax",),
    )
]
