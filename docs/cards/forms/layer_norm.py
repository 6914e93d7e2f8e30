"""Gradient of layer normalization by input, gain and bias."""

import numpy as np

import pmt_nn
from docs.cards.form import Form

EPS = 1e-5


def mean(x):
    return x.mean(axis=-1, keepdims=True)  # one per row


def layer_norm(x, gain, bias):
    centered = x - mean(x)
    return centered / np.sqrt(mean(centered**2) + EPS) * gain + bias


def layer_norm_gradients(grad, x, gain, bias):
    s = np.sqrt(mean((x - mean(x)) ** 2) + EPS)
    n, h = (x - mean(x)) / s, grad * gain
    by_x = (h - mean(h) - n * mean(h * n)) / s
    return by_x, (grad * n).sum(axis=0), grad.sum(axis=0)


def sample(rng):
    return {"x": rng.normal(size=(3, 4)), "gain": rng.normal(size=4), "bias": rng.normal(size=4)}


def by_pmt(x, gain, bias):
    return pmt_nn.layer_norm(x, gain, bias, eps=EPS)


FORMS = [
    Form(
        "layer_norm",
        layer_norm,
        layer_norm_gradients,
        sample=sample,
        differentiable=("x", "gain", "bias"),
        pmt=by_pmt,
        primitives=("layer_norm",),
    )
]
