"""Gradient of a dense layer, y = x W + b."""

from docs.cards.form import Form
from pmt_nn import linear


def dense(x, weight, bias):
    return x @ weight + bias


def dense_gradients(grad, x, weight, bias):
    return grad @ weight.T, x.T @ grad, grad.sum(axis=0)


def sample(rng):
    return {
        "x": rng.normal(size=(4, 3)),
        "weight": rng.normal(size=(3, 2)),
        "bias": rng.normal(size=2),
    }


FORMS = [
    Form(
        "dense",
        dense,
        dense_gradients,
        sample,
        differentiable=("x", "weight", "bias"),
        pmt=lambda x, weight, bias: linear(x, weight, bias),
        primitives=("linear",),
    )
]
