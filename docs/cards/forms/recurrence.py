"""Gradient of a recurrent network with tanh: of one step, and through time."""

import numpy as np

import pmt_nn
from docs.cards.form import Form


def recurrence_step(x, state, weight_x, weight_h, bias):
    return np.tanh(x @ weight_x + state @ weight_h + bias)


def recurrence_step_gradients(grad, x, state, weight_x, weight_h, bias):
    by_z = grad * (1 - recurrence_step(x, state, weight_x, weight_h, bias) ** 2)
    by_weights = x.T @ by_z, state.T @ by_z, by_z.sum(axis=0)
    return by_z @ weight_x.T, by_z @ weight_h.T, *by_weights


def recurrence(x, state, weight_x, weight_h, bias):
    states = []
    for step in x:  # x: (t, b, n)
        state = recurrence_step(step, state, weight_x, weight_h, bias)
        states.append(state)
    return np.array(states)


def recurrence_gradients(grad, x, state, weight_x, weight_h, bias):
    states = [state, *recurrence(x, state, weight_x, weight_h, bias)]
    by_x, carried, by_weights = np.zeros_like(x), np.zeros_like(state), [0, 0, 0]
    for t in reversed(range(len(x))):
        inputs = x[t], states[t], weight_x, weight_h, bias
        by_x[t], carried, *by_step = recurrence_step_gradients(grad[t] + carried, *inputs)
        by_weights = [total + part for total, part in zip(by_weights, by_step, strict=True)]
    return by_x, carried, *by_weights


def step_sample(rng):
    shapes = {"x": (2, 3), "state": (2, 4), "weight_x": (3, 4), "weight_h": (4, 4), "bias": (4,)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def sample(rng):
    return step_sample(rng) | {"x": rng.normal(size=(5, 2, 3))}


def step_by_pmt(x, state, weight_x, weight_h, bias):
    return (x @ weight_x + state @ weight_h + bias).tanh()


def by_pmt(x, state, weight_x, weight_h, bias):
    inputs = (x @ weight_x + bias).swapaxes(0, 1)  # all steps at once
    return pmt_nn.rnn_scan(inputs, weight_h, state).swapaxes(0, 1)


_NAMES = ("x", "state", "weight_x", "weight_h", "bias")
FORMS = [
    Form(
        "recurrence_step",
        recurrence_step,
        recurrence_step_gradients,
        sample=step_sample,
        differentiable=_NAMES,
        pmt=step_by_pmt,
        primitives=("matmul", "tanh"),
    ),
    Form(
        "recurrence",
        recurrence,
        recurrence_gradients,
        sample=sample,
        differentiable=_NAMES,
        pmt=by_pmt,
        primitives=("rnn_scan",),
    ),
]
