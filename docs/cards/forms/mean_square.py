"""Gradient of the mean squared error."""

import numpy as np

import pmt_nn
from docs.cards.form import Form


def mean_square(y, target):
    return np.mean((y - target) ** 2)


def mean_square_gradients(grad, y, target):
    by_y = grad * 2 / y.size * (y - target)
    return by_y, -by_y


FORMS = [
    Form(
        "mean_square",
        mean_square,
        mean_square_gradients,
        sample=lambda rng: {"y": rng.normal(size=(4, 3)), "target": rng.normal(size=(4, 3))},
        differentiable=("y", "target"),
        pmt=lambda y, target: pmt_nn.mse(y, target),
        primitives=("multiply", "mean"),
    )
]
