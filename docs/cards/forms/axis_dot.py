"""Gradient of the dot product of two vectors that lie on one axis."""

import numpy as np

import pmt_nn
from docs.cards.form import Form


def axis_dot(x):
    return (x[:, 0] * x[:, 1]).sum(axis=-1)


def axis_dot_gradients(grad, x):
    return (grad[:, np.newaxis, np.newaxis] * x[:, ::-1],)  # each gets the other


def sample(rng):
    return {"x": rng.normal(size=(3, 2, 4))}


def by_pmt(x):
    return pmt_nn.AxisDot(1)(x)


FORMS = [
    Form(
        "axis_dot",
        axis_dot,
        axis_dot_gradients,
        sample=sample,
        differentiable=("x",),
        pmt=by_pmt,
        primitives=("multiply", "sum"),
    )
]
