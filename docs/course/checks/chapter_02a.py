"""Checks of the tasks 2.1 to 2.3: softmax, its gradient, and its logarithm."""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations, slopes


def _probabilities(logits: list[float]) -> np.ndarray:
    """Return the softmax of a few small numbers, term by term."""
    total = sum(math.exp(number) for number in logits)
    return np.array([math.exp(number) / total for number in logits])


def _of_rows(x: np.ndarray) -> np.ndarray:
    rows = [_probabilities(list(row)) for row in x.reshape(-1, x.shape[-1])]
    return np.array(rows).reshape(x.shape)


def _softmax(answers: ModuleType) -> Observations:
    softmax = answers.softmax
    row = np.array([2.0, 1.0, -1.0])
    yield Observation("the probabilities of [2, 1, -1]", softmax(row), _probabilities([2, 1, -1]))
    x = np.random.default_rng(20).normal(size=(3, 3))
    before = x.copy()
    yield Observation("three rows of three logits", softmax(x), _of_rows(x))
    yield Observation("x, which must stay as it was", x, before)
    batch = np.random.default_rng(21).normal(size=(2, 3, 4))
    yield Observation("logits of shape (2, 3, 4)", softmax(batch), _of_rows(batch))
    large = softmax(np.array([1000.0, 999.0, 0.0]))
    yield Observation("the logits [1000, 999, 0]", large, _probabilities([0, -1, -1000]))
    small = softmax(np.array([-1000.0, -1000.0]))
    yield Observation("the logits [-1000, -1000]", small, np.full(2, 0.5))
    apart = softmax(np.array([[1.0, 2.0], [-1000.0, -1000.0]]))
    right = np.array([_probabilities([1, 2]), [0.5, 0.5]])
    yield Observation("a row of small beside a row of very small logits", apart, right)


def _softmax_gradient(answers: ModuleType) -> Observations:
    rng = np.random.default_rng(22)
    for shape in ((4,), (3, 3), (2, 3, 4)):
        z, grad = rng.normal(size=shape), rng.normal(size=shape)
        got = answers.softmax_gradient(grad, _of_rows(z))
        right = slopes(lambda v, grad=grad: (grad * _of_rows(v)).sum(), z)
        yield Observation(f"the gradient for logits of shape {shape}", got, right)
    equal = answers.softmax_gradient(np.full(3, 5.0), np.array([0.2, 0.3, 0.5]))
    yield Observation("equal slopes by all probabilities, which sum to 1", equal, np.zeros(3))


def _log_softmax(answers: ModuleType) -> Observations:
    log_softmax = answers.log_softmax
    row = log_softmax(np.array([2.0, 1.0, -1.0]))
    logs = np.log(_probabilities([2, 1, -1]))
    yield Observation("the logarithms for the logits [2, 1, -1]", row, logs)
    x = np.random.default_rng(23).normal(size=(2, 3, 4))
    before = x.copy()
    yield Observation("logits of shape (2, 3, 4)", log_softmax(x), np.log(_of_rows(x)))
    yield Observation("x, which must stay as it was", x, before)
    far = log_softmax(np.array([0.0, 2000.0]))
    yield Observation("the logits [0, 2000]", far, np.array([-2000.0, 0.0]))
    deep = log_softmax(np.array([-1000.0, -1000.0]))
    yield Observation("the logits [-1000, -1000]", deep, np.full(2, -math.log(2)))
    rows = log_softmax(np.array([[0.0, 0.0], [1000.0, 1000.0]]))
    label = "the rows [0, 0] and [1000, 1000]"
    yield Observation(label, rows, np.full((2, 2), -math.log(2)))


CHECKS = (
    Check(
        "2.1",
        _softmax,
        (
            Mutant(
                "You forgot to subtract the largest logit: np.exp(1000) is infinite, and "
                "np.exp(-1000) is 0.",
                "x - x.max(axis=-1, keepdims=True)",
                "x",
            ),
            Mutant(
                "You subtract the largest logit of the whole array. A row far below it becomes "
                "0/0: each row needs its own maximum.",
                "x.max(axis=-1, keepdims=True)",
                "x.max()",
            ),
            Mutant(
                "Your sum runs over the whole array, so all rows together sum to 1. And without "
                "the largest logit subtracted, np.exp(1000) is infinite.",
                edits=(
                    ("x - x.max(axis=-1, keepdims=True)", "x"),
                    ("powers.sum(axis=-1, keepdims=True)", "powers.sum()"),
                ),
            ),
            Mutant(
                "Your sum runs over the whole array, so all rows together sum to 1.",
                "powers.sum(axis=-1, keepdims=True)",
                "powers.sum()",
            ),
            Mutant(
                "Your sum runs down the columns. Probabilities are along the last axis.",
                "powers.sum(axis=-1, keepdims=True)",
                "powers.sum(axis=0, keepdims=True)",
            ),
            Mutant(
                "Your sum lost its axis. Without keepdims=True, row r is divided by the sum of "
                "other rows, or the shapes do not fit.",
                "powers.sum(axis=-1, keepdims=True)",
                "powers.sum(axis=-1)",
            ),
            Mutant(
                "You subtract the smallest logit, which makes exponents larger and not smaller.",
                "x.max(",
                "x.min(",
            ),
            Mutant(
                "Your numbers do not sum to 1: divide by their sum.",
                "powers / powers.sum(axis=-1, keepdims=True)",
                "powers",
            ),
            Mutant(
                "The probabilities are right, but x is changed: -= works in place.",
                "powers = np.exp(x - x.max(axis=-1, keepdims=True))",
                "x -= x.max(axis=-1, keepdims=True); powers = np.exp(x)",
            ),
        ),
    ),
    Check(
        "2.2",
        _softmax_gradient,
        (
            Mutant(
                "You use the diagonal of the Jacobian only, p (1 - p). Every probability depends "
                "on every logit.",
                "p * (grad - (p * grad).sum(axis=-1, keepdims=True))",
                "p * (1 - p) * grad",
            ),
            Mutant(
                "The factor p in front of the parentheses is missing.",
                "p * (grad - (p * grad)",
                "(grad - (p * grad)",
            ),
            Mutant(
                "Inside of the sum each slope is weighted by its probability: p g, not g.",
                "(p * grad).sum",
                "grad.sum",
            ),
            Mutant(
                "Your sum runs over the whole array. Rows do not meet: each has its own.",
                "(p * grad).sum(axis=-1, keepdims=True)",
                "(p * grad).sum()",
            ),
            Mutant(
                "You take a mean over the classes. The weights p sum to 1 already, so it is a sum.",
                "(p * grad).sum(axis",
                "(p * grad).mean(axis",
            ),
            Mutant(
                "You add the sum. An increase of one logit lowers the other probabilities: minus.",
                "grad - (p",
                "grad + (p",
            ),
            Mutant(
                "Your sum lost its axis, so it is subtracted from the wrong rows: keepdims=True.",
                "sum(axis=-1, keepdims=True)",
                "sum(axis=-1)",
            ),
        ),
    ),
    Check(
        "2.3",
        _log_softmax,
        (
            Mutant(
                "You subtract the largest logit of all rows. A row far below it has only zeros "
                "left after exp: subtract the largest of its own.",
                "x.max(axis=-1, keepdims=True)",
                "x.max()",
            ),
            Mutant(
                "You take the logarithm of the softmax. A probability that was rounded to 0 has "
                "the logarithm minus infinity.",
                "return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))",
                "return np.log(softmax(x))",
            ),
            Mutant(
                "You take the logarithm of a softmax without the largest logit subtracted: of "
                "infinite by infinite, and of 0.",
                "return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))",
                "return np.log(np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True))",
            ),
            Mutant(
                "You forgot to subtract the largest logit first: the sum overflows, or is 0.",
                "x - x.max(axis=-1, keepdims=True)",
                "x",
            ),
            Mutant(
                "You subtract the maximum in the sum but not in front of it. Use the shifted "
                "logits in both.",
                "return shifted -",
                "return x -",
            ),
            Mutant(
                "You subtract the sum of the powers. Its logarithm is missing.",
                "np.log(np.exp(shifted).sum(axis=-1, keepdims=True))",
                "np.exp(shifted).sum(axis=-1, keepdims=True)",
            ),
            Mutant(
                "Your sum runs over the whole array. Each row has its own.",
                "np.exp(shifted).sum(axis=-1, keepdims=True)",
                "np.exp(shifted).sum()",
            ),
            Mutant(
                "You return the probabilities and not their logarithms.",
                "return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))",
                "return softmax(x)",
            ),
        ),
    ),
)
