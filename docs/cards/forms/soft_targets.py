"""Gradients of the cross-entropy by its logits and by its soft targets."""

import numpy as np

import pmt_nn
from docs.cards.form import Form


def log_softmax(z):
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def soft_cross_entropy(z, q):
    return -(q * log_softmax(z)).sum(axis=1).mean()


def soft_cross_entropy_gradients(grad, z, q):
    log_p = log_softmax(z)
    by_z = np.exp(log_p) * q.sum(axis=1, keepdims=True) - q
    return grad * by_z / len(z), -grad * log_p / len(z)


FORMS = [
    Form(
        "soft_cross_entropy",
        soft_cross_entropy,
        soft_cross_entropy_gradients,
        # The rows of q do not sum to 1, so that a missing sum of q would show.
        sample=lambda rng: {"z": rng.normal(size=(3, 4)), "q": rng.uniform(0.1, 1, size=(3, 4))},
        differentiable=("z", "q"),
        pmt=lambda z, q: pmt_nn.cross_entropy(z, q),
        primitives=("cross_entropy",),
    )
]
