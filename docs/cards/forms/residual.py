"""Gradient of a residual connection, y = x + f(x), for f(x) = tanh(x W)."""

import numpy as np

from docs.cards.form import Form


def residual(x, weight):
    return x + np.tanh(x @ weight)


def residual_gradients(grad, x, weight):
    by_z = grad * (1 - np.tanh(x @ weight) ** 2)  # back through f alone ...
    return grad + by_z @ weight.T, x.T @ by_z  # ... and the path around it, with slope 1


def sample(rng):
    return {"x": rng.normal(size=(3, 4)), "weight": rng.normal(size=(4, 4))}


def by_pmt(x, weight):
    return x + (x @ weight).tanh()


FORMS = [
    Form(
        "residual",
        residual,
        residual_gradients,
        sample=sample,
        differentiable=("x", "weight"),
        pmt=by_pmt,
        primitives=("add", "matmul", "tanh"),
    )
]
