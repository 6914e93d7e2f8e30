"""Checks of the tasks 1.5 to 1.7: the rectifier, a network, backpropagation."""

from __future__ import annotations

import itertools
from functools import partial
from types import ModuleType

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations, slopes

Layers = list[tuple[np.ndarray, np.ndarray]]


def _relu(answers: ModuleType) -> Observations:
    x = np.array([[-2.0, 0.0, 3.0], [0.5, -0.1, -7.0]])
    before = x.copy()
    yield Observation("relu of a table", answers.relu(x), np.array([[0, 0, 3], [0.5, 0, 0]]))
    yield Observation("x, which must stay as it was", x, before)
    x = before.copy()
    grad = np.array([[10.0, 20.0, -30.0], [-40.0, 50.0, -60.0]])
    right = np.array([[0.0, 0.0, -30.0], [-40.0, 0.0, 0.0]])
    yield Observation("the gradient by x", answers.relu_gradient(grad, x), right)
    numeric = slopes(lambda v: (grad[1] * np.where(v > 0, v, 0)).sum(), x[1])
    yield Observation(
        "the gradient by differences, off the kink", answers.relu_gradient(grad[1], x[1]), numeric
    )
    again = answers.relu_gradient(grad, np.array([[0.0, 0.0, 3.0], [0.5, 0.0, 0.0]]))
    yield Observation("the gradient, given relu(x) instead of x", again, right)


def _random_layers(rng: np.random.Generator, widths: tuple[int, ...]) -> Layers:
    shapes = itertools.pairwise(widths)
    return [(rng.normal(size=shape), rng.normal(size=shape[1])) for shape in shapes]


def _forward(x: np.ndarray, layers: Layers) -> np.ndarray:
    """Return the output of the network, number by number."""
    rows = [[float(number) for number in row] for row in x]
    for k, (weight, bias) in enumerate(layers):
        n, m = weight.shape
        rows = [
            [bias[j] + sum(r[i] * weight[i, j] for i in range(n)) for j in range(m)] for r in rows
        ]
        if k < len(layers) - 1:
            rows = [[number if number > 0 else 0.0 for number in row] for row in rows]
    return np.array(rows)


def _network(answers: ModuleType) -> Observations:
    rng = np.random.default_rng(5)
    for widths in ((3, 2), (3, 4, 2), (2, 5, 4, 3), (3, 3, 3, 3)):
        layers, x = _random_layers(rng, widths), rng.normal(size=(4, widths[0]))
        label = f"4 rows through layers of widths {', '.join(map(str, widths))}"
        yield Observation(label, answers.network(x, layers), _forward(x, layers))


def _loss(
    grad: np.ndarray, x: np.ndarray, layers: Layers, k: int, weight: np.ndarray, bias: np.ndarray
) -> float:
    """Return the sum of grad times the output, with weight and bias in layer k."""
    changed = [*layers[:k], (weight, bias), *layers[k + 1 :]]
    return float((grad * _forward(x, changed)).sum())


def _network_gradients(answers: ModuleType) -> Observations:
    rng = np.random.default_rng(6)
    for widths in ((3, 2), (2, 3, 2), (2, 3, 3, 2)):
        layers, x = _random_layers(rng, widths), rng.normal(size=(3, widths[0]))
        grad = rng.normal(size=(3, widths[-1]))
        got = answers.network_gradients(grad, x, layers)
        label = f"layers of widths {', '.join(map(str, widths))}"
        yield Observation(f"{label}: how many pairs", len(got), len(layers))
        for k, (weight, bias) in enumerate(layers):
            loss = partial(_loss, grad, x, layers, k)
            by_weight = slopes(lambda v, loss=loss, bias=bias: loss(v, bias), weight)
            yield Observation(f"{label}: by the weight of layer {k}", got[k][0], by_weight)
            by_bias = slopes(lambda v, loss=loss, weight=weight: loss(weight, v), bias)
            yield Observation(f"{label}: by the bias of layer {k}", got[k][1], by_bias)


CHECKS = (
    Check(
        "1.5",
        _relu,
        (
            Mutant(
                "Your relu_gradient returns the local slope. Multiply it by what arrives, grad.",
                "grad * (x > 0)",
                "1.0 * (x > 0)",
            ),
            Mutant(
                "You look at the sign of grad. Whether the slope is 1 or 0 depends on x; a "
                "negative gradient passes as well as a positive one.",
                "grad * (x > 0)",
                "grad * (grad > 0)",
            ),
            Mutant(
                "The slope of the relu is 1 where x is positive, not x.",
                "grad * (x > 0)",
                "grad * np.maximum(x, 0)",
            ),
            Mutant(
                "At 0 your slope is 1. The task asks for 0 there: then relu(x) can be used in "
                "place of x, as both are positive at the same numbers.",
                "(x > 0)",
                "(x >= 0)",
            ),
            Mutant(
                "Your relu writes into the x that it was given.",
                "return np.maximum(x, 0)",
                "x[x < 0] = 0\n    return x",
            ),
            Mutant(
                "Your relu returns distances from 0: negative numbers become 0, not positive.",
                "np.maximum(x, 0)",
                "np.abs(x)",
            ),
            Mutant(
                "Your gradient passes where x is negative. It is the other way round.",
                "(x > 0)",
                "(x < 0)",
            ),
        ),
    ),
    Check(
        "1.6",
        _network,
        (
            Mutant(
                "There is a relu behind your last layer. Its outputs may have any sign: a logit of "
                "-3 must be possible.",
                "return dense(x, weight, bias)",
                "return relu(dense(x, weight, bias))",
            ),
            Mutant(
                "There is no relu between your layers, so all of them together are one layer.",
                "relu(dense(x, weight, bias))",
                "dense(x, weight, bias)",
            ),
            Mutant(
                "Your relu comes before the layer and so changes the input of the network. It "
                "belongs behind it.",
                "relu(dense(x, weight, bias))",
                "dense(relu(x), weight, bias)",
            ),
            Mutant(
                "Your last layer gets no relu in front of it: it sees what is behind the dense "
                "layer before it.",
                edits=(
                    ("x = relu(dense(x, weight, bias))", "y = dense(x, weight, bias); x = relu(y)"),
                    (
                        "return dense(x, weight, bias)",
                        "return dense(y if len(layers) > 1 else x, weight, bias)",
                    ),
                ),
            ),
            Mutant(
                "Your bias is added behind the relu. It belongs to the layer, in front of it.",
                "relu(dense(x, weight, bias))",
                "relu(x @ weight) + bias",
            ),
            Mutant(
                "Only your first layer has a relu. Each layer but the last needs one behind it.",
                "x = relu(dense(x, weight, bias))",
                "x = dense(x, weight, bias)\n        x = relu(x) if weight is layers[0][0] else x",
            ),
        ),
    ),
    Check(
        "1.7",
        _network_gradients,
        (
            Mutant(
                "Your gradient goes backwards past the relu. A unit that was 0 passes no gradient "
                "on: multiply by its slope.",
                "grad = relu_gradient(d_x, x)",
                "grad = d_x",
            ),
            Mutant(
                "Your pairs are in the order in which you met them, last layer first. Turn the "
                "list around.",
                "gradients[::-1]",
                "gradients",
            ),
            Mutant(
                "The inputs that you keep are those before the relu. A layer was multiplied with "
                "what is behind it.",
                edits=(
                    (
                        "inputs.append(relu(dense(inputs[-1], weight, bias)))",
                        "inputs.append(dense(relu(inputs[-1]) if len(inputs) > 1 else x, "
                        "weight, bias))",
                    ),
                ),
            ),
            Mutant(
                "Your forward pass has no relu in it, so the inputs are those of another network.",
                "inputs.append(relu(dense(inputs[-1], weight, bias)))",
                "inputs.append(dense(inputs[-1], weight, bias))",
            ),
            Mutant(
                "You divide by the number of rows once more. grad holds the 1/n of the loss.",
                "gradients.append((d_weight, d_bias))",
                "gradients.append((d_weight / len(x), d_bias / len(x)))",
            ),
            Mutant(
                "The relu uses the sign of the gradient. It is the sign of the unit that decides.",
                "relu_gradient(d_x, x)",
                "relu(d_x)",
            ),
            Mutant(
                "Every layer of yours has x as its input. Layer 1 was multiplied with the units "
                "behind layer 0.",
                "dense_gradients(grad, x, weight)",
                "dense_gradients(grad, inputs[0], weight)",
            ),
        ),
    ),
)
