"""Gradient of batch normalization by input, gain and bias."""

import numpy as np

import pmt_nn
from docs.cards.form import Form

EPS = 1e-5


def batch_norm(x, gain, bias):
    n = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + EPS)
    return n * gain + bias


def batch_norm_gradients(grad, x, gain, bias):
    s = np.sqrt(x.var(axis=0) + EPS)  # one per channel
    n, h = (x - x.mean(axis=0)) / s, grad * gain
    by_x = (h - h.mean(axis=0) - n * (h * n).mean(axis=0)) / s
    return by_x, (grad * n).sum(axis=0), grad.sum(axis=0)


def sample(rng):
    return {"x": rng.normal(size=(5, 3)), "gain": rng.normal(size=3), "bias": rng.normal(size=3)}


def by_pmt(x, gain, bias):
    return pmt_nn.batch_norm(x, gain, bias, eps=EPS)


FORMS = [
    Form(
        "batch_norm",
        batch_norm,
        batch_norm_gradients,
        sample=sample,
        differentiable=("x", "gain", "bias"),
        pmt=by_pmt,
        primitives=("batch_norm",),
    )
]
