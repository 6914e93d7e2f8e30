"""Gradients of relu, leaky relu and elu."""

import numpy as np

import pmt_autograd
from docs.cards.form import Form


def relu(x):
    return np.maximum(x, 0)


def relu_gradients(grad, x):
    return np.where(x > 0, grad, 0)


def leaky_relu(x, slope):
    return np.where(x > 0, x, slope * x)


def leaky_relu_gradients(grad, x, slope):
    return np.where(x > 0, grad, slope * grad)


def elu(x, alpha):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def elu_gradients(grad, x, alpha):
    return np.where(x > 0, grad, alpha * np.exp(np.minimum(x, 0)) * grad)


def beside_the_kink(rng):
    """Return numbers of both signs that are at least 0.1 away from 0. (4, 5)"""
    return rng.choice([-1, 1], size=(4, 5)) * rng.uniform(0.1, 3, size=(4, 5))


FORMS = [
    Form(
        "relu",
        relu,
        relu_gradients,
        sample=lambda rng: {"x": beside_the_kink(rng)},
        differentiable=("x",),
        pmt=lambda x: pmt_autograd.relu(x),
        primitives=("relu",),
    ),
    Form(
        "leaky_relu",
        leaky_relu,
        leaky_relu_gradients,
        sample=lambda rng: {"x": beside_the_kink(rng), "slope": 0.2},
        differentiable=("x",),
        pmt=lambda x, slope: pmt_autograd.leaky_relu(x, slope=slope),
        primitives=("leaky_relu",),
    ),
    Form(
        "elu",
        elu,
        elu_gradients,
        sample=lambda rng: {"x": beside_the_kink(rng), "alpha": 1.5},
        differentiable=("x",),
        pmt=lambda x, alpha: pmt_autograd.elu(x, alpha=alpha),
        primitives=("elu",),
    ),
]
