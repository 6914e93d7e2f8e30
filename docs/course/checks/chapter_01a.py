"""Checks of the tasks 1.1 to 1.4: mean square, the dense layer and its gradients, a line."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations, slopes


def _mean_square(answers: ModuleType) -> Observations:
    y, target = np.array([1.0, 2.0, 4.0]), np.array([1.0, 0.0, 5.0])
    yield Observation("the loss of [1, 2, 4] for [1, 0, 5]", answers.mean_square(y, target), 5 / 3)
    rng = np.random.default_rng(1)
    y, target = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    total = sum((y[i, j] - target[i, j]) ** 2 for i in range(3) for j in range(4))
    loss = answers.mean_square(y, target)
    yield Observation("the loss of a (3, 4) array is a mean over 12", loss, total / 12)
    numeric = slopes(lambda values: ((values - target) ** 2).sum() / 12, y)
    gradient = answers.mean_square_gradient(y, target)
    yield Observation("the gradient for a (3, 4) array, by differences", gradient, numeric)
    nothing = answers.mean_square_gradient(target, target)
    yield Observation("the gradient where y is the target", nothing, np.zeros((3, 4)))


def _dense_by_loops(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    y = np.zeros((*x.shape[:-1], len(bias)))
    for row in np.ndindex(x.shape[:-1]):
        for j in range(len(bias)):
            y[(*row, j)] = bias[j] + sum(x[row][i] * weight[i, j] for i in range(len(weight)))
    return y


def _dense(answers: ModuleType) -> Observations:
    rng = np.random.default_rng(2)
    for name, shape in (("one row", (2,)), ("a batch", (3, 2)), ("a batch of rows", (2, 3, 2))):
        x, weight, bias = rng.normal(size=shape), rng.normal(size=(2, 2)), rng.normal(size=2)
        right = _dense_by_loops(x, weight, bias)
        before = x.copy(), weight.copy(), bias.copy()
        yield Observation(f"2 inputs, 2 outputs, {name}", answers.dense(x, weight, bias), right)
        yield Observation(f"what was given stays as it was, {name}", (x, weight, bias), before)
    x, weight, bias = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)
    right = _dense_by_loops(x, weight, bias)
    yield Observation("4 rows, 3 inputs, 2 outputs", answers.dense(x, weight, bias), right)


def _dense_gradients(answers: ModuleType) -> Observations:
    rng = np.random.default_rng(3)
    for name, lead, n_in, n_out in (
        ("a batch of 4, 3 inputs and 3 outputs", (4,), 3, 3),
        ("a batch of 4, 3 inputs and 2 outputs", (4,), 3, 2),
        ("a batch of 2 sentences of 5 rows", (2, 5), 3, 2),
        ("one row, without a batch", (), 3, 2),
    ):
        x, weight, bias = rng.normal(size=(*lead, n_in)), rng.normal(size=(n_in, n_out)), 0.3
        grad = rng.normal(size=(*lead, n_out))
        got = answers.dense_gradients(grad, x, weight)
        yield Observation(f"{name}: how many gradients", len(got), 3)
        by_x = slopes(lambda v, w=weight, g=grad: (g * (v @ w)).sum(), x)
        yield Observation(f"{name}: by x", got[0], by_x)
        by_weight = slopes(lambda v, x=x, g=grad: (g * (x @ v)).sum(), weight)
        yield Observation(f"{name}: by the weight", got[1], by_weight)
        by_bias = slopes(lambda v, g=grad: (g * v).sum(), np.full(n_out, bias))
        yield Observation(f"{name}: by the bias", got[2], by_bias)


def _fit_line(answers: ModuleType) -> Observations:
    celsius = np.array([[-0.4], [-0.1], [0.0], [0.2], [0.37], [1.0]])
    fahrenheit = 1.8 * celsius + 0.32
    weight, bias = answers.fit_line(celsius, fahrenheit, 0.3, 0)
    yield Observation("no step: the weight", weight, np.zeros((1, 1)))
    weight, bias = answers.fit_line(celsius, fahrenheit, 0.3, 1)
    # One step from zeros, where y = 0: lr * 2/n * sum of x t, and of t.
    first = 0.3 * 2 / 6 * sum(c * f for c, f in zip(celsius[:, 0], fahrenheit[:, 0]))
    yield Observation("the weight after one step", weight, np.array([[first]]))
    yield Observation("the bias after one step", bias, np.array([0.1 * fahrenheit.sum()]))
    w = b = 0.0
    for _ in range(5):
        errors = [w * c + b - f for c, f in zip(celsius[:, 0], fahrenheit[:, 0])]
        by_w = sum(2 / 6 * e * c for e, c in zip(errors, celsius[:, 0]))
        w, b = w - 0.3 * by_w, b - 0.3 * sum(2 / 6 * e for e in errors)
    weight, bias = answers.fit_line(celsius, fahrenheit, 0.3, 5)
    yield Observation("weight and bias after five steps", [weight[0, 0], bias[0]], [w, b])
    weight, bias = answers.fit_line(celsius, fahrenheit, 0.3, 200)
    yield Observation("the weight after 200 steps", weight, np.array([[1.8]]), tolerance=1e-3)
    yield Observation("the bias after 200 steps", bias, np.array([0.32]), tolerance=1e-3)
    x = np.random.default_rng(4).normal(size=(5, 2))
    weight, bias = answers.fit_line(x, x @ np.ones((2, 3)), 0.1, 2)
    yield Observation("shapes for 2 inputs, 3 outputs", [weight.shape, bias.shape], [(2, 3), (3,)])


CHECKS = (
    Check(
        "1.1",
        _mean_square,
        (
            Mutant(
                "Your gradient lacks the 2: the slope of a square is twice the number.",
                "2 * (y - target) / y.size",
                "(y - target) / y.size",
            ),
            Mutant(
                "Your gradient lacks the 1/n of the mean.",
                "2 * (y - target) / y.size",
                "2 * (y - target)",
            ),
            Mutant(
                "Your gradient is divided by the number of rows. The mean of the loss is over all "
                "numbers: y.size.",
                "y.size",
                "len(y)",
            ),
            Mutant(
                "Your gradient has the wrong sign: it would lead uphill. The loss grows with y "
                "where y is above the target.",
                "2 * (y - target)",
                "2 * (target - y)",
            ),
            Mutant(
                "Your loss is a sum and not a mean.",
                "((y - target) ** 2).mean()",
                "((y - target) ** 2).sum()",
            ),
            Mutant(
                "Your loss is the mean of distances, without the square.",
                "((y - target) ** 2).mean()",
                "np.abs(y - target).mean()",
            ),
            Mutant(
                "Your loss takes a root at the end. The mean square has none.",
                "((y - target) ** 2).mean()",
                "((y - target) ** 2).mean() ** 0.5",
            ),
        ),
    ),
    Check(
        "1.2",
        _dense,
        (
            Mutant(
                "Your weight is transposed. It is (in, out) already: x @ weight.",
                "x @ weight + bias",
                "x @ weight.T + bias",
            ),
            Mutant("The bias is missing.", "x @ weight + bias", "x @ weight"),
            Mutant(
                "You add the bias to the input. It belongs to the output.",
                "x @ weight + bias",
                "(x + bias) @ weight",
            ),
            Mutant(
                "You add the sum of all biases to each output. Output j has bias j.",
                "+ bias",
                "+ bias.sum()",
            ),
            Mutant(
                "weight @ x works for a single row at most, and is then the product with the "
                "transposed weight. Rows come first: x @ weight.",
                "x @ weight + bias",
                "weight @ x + bias",
            ),
            Mutant(
                "Your bias is a column, so it is added row by row. Output j has bias j: the shape "
                "(out,) broadcasts along the rows by itself.",
                "+ bias",
                "+ bias[:, np.newaxis]",
            ),
        ),
    ),
    Check(
        "1.3",
        _dense_gradients,
        (
            Mutant(
                "Your gradient by the weight is transposed: it is (out, in). The rows of x come "
                "first, xᵀ g.",
                "rows.T @ grad_rows",
                "grad_rows.T @ rows",
            ),
            Mutant(
                "Your gradient by x forgets to transpose the weight: the Jacobian of the layer is "
                "Wᵀ.",
                "grad @ weight.T",
                "grad @ weight",
            ),
            Mutant(
                "Your formulas are right for a batch of rows. If x has more axes in front, make "
                "rows of all of them first: x.reshape(-1, x.shape[-1]).",
                "rows.T @ grad_rows, grad_rows.sum(axis=0)",
                "x.T @ grad, grad.sum(axis=0)",
            ),
            Mutant(
                "You take a mean over the rows. If the loss is a mean, its 1/n is in grad already; "
                "here the rows add up.",
                edits=(
                    ("rows.T @ grad_rows", "rows.T @ grad_rows / len(rows)"),
                    ("grad_rows.sum(axis=0)", "grad_rows.mean(axis=0)"),
                ),
            ),
            Mutant(
                "Your gradient by the bias is summed over the first axis only. If there are more "
                "axes in front, all of them used the bias.",
                "grad_rows.sum(axis=0)",
                "grad.sum(axis=0)",
            ),
            Mutant(
                "Your gradient by the bias is summed over the outputs and not over the rows.",
                "grad_rows.sum(axis=0)",
                "grad_rows.sum(axis=1)",
            ),
            Mutant(
                "Your gradient by the bias is not summed. Every row used the same bias, and "
                "gradients of several uses add up.",
                "grad_rows.sum(axis=0)",
                "grad_rows",
            ),
            Mutant(
                "Your gradient by x is a table of rows. It must have the shape of x.",
                "grad @ weight.T",
                "grad_rows @ weight.T",
            ),
        ),
    ),
    Check(
        "1.4",
        _fit_line,
        (
            Mutant(
                "You walk uphill: the gradient points to where the loss grows. Subtract it.",
                "weight - lr * d_weight, bias - lr * d_bias",
                "weight + lr * d_weight, bias + lr * d_bias",
            ),
            Mutant(
                "Your bias never moves, so the line is held to go through 0.",
                "bias - lr * d_bias",
                "bias",
            ),
            Mutant("You forgot the learning rate for the bias.", "lr * d_bias", "d_bias"),
            Mutant(
                "You change the weight first and find the gradient of the bias at the new weight. "
                "Both belong to one point: find both gradients, then take both steps.",
                "weight, bias = weight - lr * d_weight, bias - lr * d_bias",
                "weight = weight - lr * d_weight\n"
                "        grad = mean_square_gradient(dense(x, weight, bias), target)\n"
                "        bias = bias - lr * dense_gradients(grad, x, weight)[2]",
            ),
            Mutant("You take a step too many.", "range(steps)", "range(steps + 1)"),
            Mutant("You start from ones. The task starts from zeros.", "np.zeros((", "np.ones(("),
            Mutant(
                "You find the gradient once, at the start, and follow it for all steps. The slope "
                "changes under way.",
                "dense(x, weight, bias), target",
                "0 * target, target",
            ),
        ),
    ),
)
