"""Gradient of InfoNCE, the in-batch contrastive loss, by both sets of vectors."""

import numpy as np

import pmt_autograd as ag
import pmt_nn
from docs.cards.form import Form


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def info_nce(a, b, temperature):
    p = softmax(unit(a) @ unit(b).T / temperature)  # row i: which b belongs to a_i?
    return -np.log(np.diag(p)).mean()


def info_nce_gradients(grad, a, b, temperature):
    u, v = unit(a), unit(b)
    error = grad * (softmax(u @ v.T / temperature) - np.eye(len(a))) / (len(a) * temperature)
    return unit_gradients(error @ v, a), unit_gradients(error.T @ u, b)


def unit_gradients(grad, x):
    along = (grad * unit(x)).sum(axis=1, keepdims=True)  # would change the length only
    return (grad - unit(x) * along) / np.linalg.norm(x, axis=1, keepdims=True)


def sample(rng):
    return {"a": rng.normal(size=(4, 3)), "b": rng.normal(size=(4, 3)), "temperature": 0.5}


def by_pmt(a, b, temperature):
    return pmt_nn.in_batch_contrastive_loss(a, b, temperature=temperature)


FORMS = [
    Form(
        "unit",
        unit,
        unit_gradients,
        sample=lambda rng: {"x": rng.normal(size=(4, 3))},
        differentiable=("x",),
        pmt=lambda x: x / ag.norm(x, axis=1, keepdims=True),
        primitives=("norm", "divide"),
    ),
    Form(
        "info_nce",
        info_nce,
        info_nce_gradients,
        sample=sample,
        differentiable=("a", "b"),
        pmt=by_pmt,
        primitives=("normalized", "matmul", "cross_entropy"),
    ),
]
