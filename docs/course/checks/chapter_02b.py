"""Checks of the tasks 2.4 to 2.7: cross-entropy, sigmoid, binary cross-entropy."""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations, slopes


def _loss(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the cross-entropy of small logits, label by label."""
    losses = []
    for index in np.ndindex(labels.shape):
        powers = [math.exp(number) for number in logits[index]]
        losses.append(-math.log(powers[labels[index]] / sum(powers)))
    return sum(losses) / len(losses)


def _cross_entropy(answers: ModuleType) -> Observations:
    rng = np.random.default_rng(24)
    cross_entropy = answers.cross_entropy
    guess = cross_entropy(np.zeros((1, 10)), np.array([7]))
    yield Observation("equal logits of ten classes", guess, math.log(10))
    for shape in ((3,), (4,), (2, 3)):
        logits, labels = rng.normal(size=(*shape, 3)), rng.integers(0, 3, shape)
        label = f"labels of shape {shape}, three classes"
        yield Observation(label, cross_entropy(logits, labels), _loss(logits, labels))
    sure = cross_entropy(np.array([[0.0, 2000.0]]), np.array([0]))
    yield Observation("sure and wrong: the logits [0, 2000], label 0", sure, 2000.0)


def _cross_entropy_gradient(answers: ModuleType) -> Observations:
    rng = np.random.default_rng(25)
    for shape in ((1,), (4,), (2, 3)):
        logits, labels = rng.normal(size=(*shape, 3)), rng.integers(0, 3, shape)
        before = logits.copy()
        got = answers.cross_entropy_gradient(logits, labels)
        right = slopes(lambda z, labels=labels: _loss(z, labels), before)
        label = f"labels of shape {shape}, three classes"
        yield Observation(f"{label}: the gradient by differences", got, right)
        yield Observation(f"{label}: the logits stay as they were", logits, before)
    right = answers.cross_entropy_gradient(np.array([[0.0, 2000.0]]), np.array([1]))
    yield Observation("sure and right: nothing to correct", right, np.zeros((1, 2)))


def _overflows(function: object, *arguments: np.ndarray) -> bool:
    with np.errstate(over="raise", invalid="raise"):
        try:
            function(*arguments)  # type: ignore[operator]
        except FloatingPointError:
            return True
    return False


def _sigmoid(answers: ModuleType) -> Observations:
    x = np.array([[-2.0, -0.5, 0.0], [0.3, 1.0, 4.0]])
    right = np.array([[1 / (1 + math.exp(-number)) for number in row] for row in x])
    yield Observation("the sigmoid of a (2, 3) table", answers.sigmoid(x), right)
    far = np.array([-1000.0, 1000.0])
    yield Observation("the sigmoid of [-1000, 1000]", answers.sigmoid(far), np.array([0.0, 1.0]))
    relative = answers.sigmoid(np.array([-50.0])) / math.exp(-50)
    yield Observation("the sigmoid of -50, as a multiple of exp(-50)", relative, np.ones(1))
    yield Observation("NumPy reports an overflow", _overflows(answers.sigmoid, far), False)


def _binary(answers: ModuleType) -> Observations:
    z = np.array([[-2.0, 0.5, 0.0], [1.5, -0.3, 3.0]])
    y = np.array([[0.0, 1.0, 1.0], [0.0, 1.0, 1.0]])

    def loss(logits: np.ndarray) -> float:
        chance = [1 / (1 + math.exp(-number)) for number in logits.ravel()]
        logs = [-math.log(p if label else 1 - p) for p, label in zip(chance, y.ravel())]
        return sum(logs) / len(logs)

    got = answers.binary_cross_entropy(z, y)
    yield Observation("the loss of six logits, a mean", got, loss(z))
    far = answers.binary_cross_entropy(np.array([-1000.0, 1000.0]), np.array([1.0, 0.0]))
    yield Observation("sure and wrong twice: a loss of 1000", far, 1000.0)
    near = answers.binary_cross_entropy(np.array([-1000.0, 1000.0]), np.array([0.0, 1.0]))
    yield Observation("sure and right twice: no loss", near, 0.0)
    gradient = answers.binary_cross_entropy_gradient(z, y)
    yield Observation("the gradient, by differences", gradient, slopes(loss, z))


CHECKS = (
    Check(
        "2.4",
        _cross_entropy,
        (
            Mutant(
                "Your loss is negative: the minus in front of the logarithm is missing.",
                "-logs.mean()",
                "logs.mean()",
            ),
            Mutant("You return a sum. The loss is the mean over all labels.", "mean()", "sum()"),
            Mutant(
                "You divide by the length of the first axis. With more than one axis of labels "
                "that is not their number.",
                "-logs.mean()",
                "-logs.sum() / len(logits)",
            ),
            Mutant(
                "You divide by the number of logits. The mean is over labels, not over classes.",
                "-logs.mean()",
                "-logs.sum() / logits.size",
            ),
            Mutant(
                "You read the logits and not the logarithms of their softmax.",
                "np.take_along_axis(log_softmax(logits)",
                "np.take_along_axis(logits",
            ),
            Mutant(
                "You take the logarithm of the softmax, which is minus infinity where the softmax "
                "was rounded to 0. Use log_softmax.",
                "log_softmax(logits)",
                "np.log(softmax(logits))",
            ),
            Mutant(
                "table[:, labels] reads the columns of all labels in every row. You want one "
                "number of each row: table[np.arange(n), labels].",
                "np.take_along_axis(log_softmax(logits), labels[..., np.newaxis], axis=-1)",
                "log_softmax(logits)[..., labels.ravel()]",
            ),
            Mutant(
                "That is right for one axis of labels. With more of them, make rows of all, or "
                "use np.take_along_axis.",
                "np.take_along_axis(log_softmax(logits), labels[..., np.newaxis], axis=-1)",
                "log_softmax(logits)[np.arange(len(labels)), labels]",
            ),
            Mutant(
                "You return one minus the probability, which levels off for wrong answers. The "
                "loss is minus its logarithm.",
                "return -logs.mean()",
                "return 1 - np.exp(logs).mean()",
            ),
        ),
    ),
    Check(
        "2.5",
        _cross_entropy_gradient,
        (
            Mutant(
                "You forgot to divide by n: the loss is a mean over the labels.",
                "(softmax(logits) - one_hot) / labels.size",
                "softmax(logits) - one_hot",
            ),
            Mutant(
                "You divide by the length of the first axis. n is the number of all labels.",
                "labels.size",
                "len(labels)",
            ),
            Mutant(
                "You divide by the number of logits. n is the number of labels.",
                "labels.size",
                "logits.size",
            ),
            Mutant(
                "Your sign is wrong: it is what the network said minus what it should have said.",
                "softmax(logits) - one_hot",
                "one_hot - softmax(logits)",
            ),
            Mutant(
                "You subtract the label from the logits. The network said probabilities: softmax.",
                "softmax(logits) - one_hot",
                "logits - one_hot",
            ),
            Mutant(
                "p[:, labels] -= 1 subtracts 1 in every row at the labels of all rows. Each row "
                "has one label.",
                "one_hot = np.eye(logits.shape[-1])[labels]",
                "one_hot = np.isin(np.arange(logits.shape[-1]), labels)",
            ),
            Mutant(
                "That is right for one axis of labels. With more of them, np.eye(v)[labels] reads "
                "a row for each.",
                "one_hot = np.eye(logits.shape[-1])[labels]",
                "one_hot = np.zeros_like(logits); one_hot[np.arange(len(labels)), labels] = 1",
            ),
            Mutant(
                "Only the logit of the right class gets a gradient. The others must fall, by "
                "their probabilities.",
                "(softmax(logits) - one_hot)",
                "(softmax(logits) - 1) * one_hot",
            ),
        ),
    ),
    Check(
        "2.6",
        _sigmoid,
        (
            Mutant(
                "Your values are right, but np.exp(1000) overflows on the way to them, and NumPy "
                "warns. Use exp(-|x|), which is at most 1.",
                edits=(
                    ("np.exp(-np.abs(x))", "np.exp(-x)"),
                    ("np.where(x >= 0, 1, e) / (1 + e)", "1 / (1 + e)"),
                ),
            ),
            Mutant(
                "exp(x) / (1 + exp(x)) is infinite by infinite for large x, which is nan.",
                edits=(
                    ("np.exp(-np.abs(x))", "np.exp(x)"),
                    ("np.where(x >= 0, 1, e) / (1 + e)", "e / (1 + e)"),
                ),
            ),
            Mutant(
                "Your curve falls: the exponent has the wrong sign.",
                "np.where(x >= 0, 1, e)",
                "np.where(x >= 0, e, 1)",
            ),
            Mutant(
                "Negative numbers get the value of their positive ones. Where x is below 0, the "
                "numerator is exp(x).",
                "np.where(x >= 0, 1, e)",
                "1",
            ),
            Mutant(
                "That is tanh, which goes from -1 to 1. The sigmoid goes from 0 to 1.",
                "return np.where(x >= 0, 1, e) / (1 + e)",
                "return np.tanh(x)",
            ),
            Mutant(
                "Your tiny values come from a difference of two numbers close to 1, which leaves "
                "nothing of them. σ(-50) is exp(-50) and not 0: use exp(x) / (1 + exp(x)) there.",
                "np.where(x >= 0, 1, e) / (1 + e)",
                "np.where(x >= 0, 1 / (1 + e), 1 - 1 / (1 + e))",
            ),
        ),
    ),
    Check(
        "2.7",
        _binary,
        (
            Mutant(
                "You take the logarithm of the sigmoid, which may have been rounded to 0.",
                "losses = np.maximum(logits, 0) - logits * labels + "
                "np.log1p(np.exp(-np.abs(logits)))",
                "p = sigmoid(logits)\n"
                "    losses = -(labels * np.log(p) + (1 - labels) * np.log(1 - p))",
            ),
            Mutant("Your loss is a sum and not a mean.", "losses.mean()", "losses.sum()"),
            Mutant(
                "Your labels are exchanged: a large logit is good for the label 1.",
                "logits * labels",
                "logits * (1 - labels)",
            ),
            Mutant(
                "You count only the labels that are 1. A 0 that got a high probability is wrong, "
                "too.",
                "return losses.mean()",
                "return (losses * labels).mean()",
            ),
            Mutant(
                "exp(|z|) overflows: the sign in the exponent is missing.",
                "np.exp(-np.abs(logits))",
                "np.exp(np.abs(logits))",
            ),
            Mutant(
                "Your gradient lacks the 1/n of the mean.",
                "(sigmoid(logits) - labels) / logits.size",
                "sigmoid(logits) - labels",
            ),
            Mutant(
                "Your gradient is divided by the number of rows. The mean is over all numbers.",
                "logits.size",
                "len(logits)",
            ),
            Mutant(
                "Your gradient has the slope of the sigmoid in it, σ(1 - σ). It cancels: that is "
                "why this loss is used.",
                "(sigmoid(logits) - labels) /",
                "(sigmoid(logits) - labels) * sigmoid(logits) * (1 - sigmoid(logits)) /",
            ),
        ),
    ),
)
