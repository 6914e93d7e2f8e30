"""Check of task 5.4: the training loop, beside softmax regression number by number."""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations


class _Softmax:
    """Softmax regression with Adam, number by number: what `fit` does to a single layer."""

    def __init__(self, weight: np.ndarray, bias: np.ndarray, lr: float) -> None:
        self.numbers = [*map(float, weight.ravel()), *map(float, bias)]
        self.n, self.v = weight.shape
        self.lr, self.t = lr, 0
        self.m, self.s = [0.0] * len(self.numbers), [0.0] * len(self.numbers)

    def step(self, x: np.ndarray, labels: np.ndarray) -> float:
        """Take a step and return the sum of the losses before it."""
        gradients, total = [0.0] * len(self.numbers), 0.0
        for row, label in zip(x, labels):
            z = [
                self.numbers[self.n * self.v + k]
                + sum(row[i] * self.numbers[i * self.v + k] for i in range(self.n))
                for k in range(self.v)
            ]
            powers = [math.exp(number) for number in z]
            total -= math.log(powers[label] / sum(powers))
            for k in range(self.v):
                by_z = (powers[k] / sum(powers) - (k == label)) / len(x)
                gradients[self.n * self.v + k] += by_z
                for i in range(self.n):
                    gradients[i * self.v + k] += row[i] * by_z
        self.t += 1
        for j, g in enumerate(gradients):
            self.m[j] = 0.9 * self.m[j] + 0.1 * g
            self.s[j] = 0.999 * self.s[j] + 0.001 * g * g
            size = math.sqrt(self.s[j] / (1 - 0.999**self.t)) + 1e-8
            self.numbers[j] -= self.lr * self.m[j] / (1 - 0.9**self.t) / size
        return total


def _fit(answers: ModuleType) -> Observations:
    rng = np.random.default_rng(7)
    x, labels = rng.normal(size=(10, 2)), rng.integers(0, 3, 10)
    layers = [(rng.normal(size=(2, 3)), rng.normal(size=3))]
    oracle, stream, right = _Softmax(*layers[0], 0.1), np.random.default_rng(8), []
    for _ in range(3):
        rows_of = answers.batches(10, 4, stream)
        right.append(sum(oracle.step(x[rows], labels[rows]) for rows in rows_of) / 10)
    history = answers.fit(layers, x, labels, 3, 4, np.random.default_rng(8), 0.1)
    yield Observation("losses of 3 epochs of one layer: 10 examples, batches of 4", history, right)
    weight = np.array(oracle.numbers[:6]).reshape(2, 3)
    yield Observation("the weight after it, trained in place", layers[0][0], weight)
    yield Observation("the bias after it", layers[0][1], np.array(oracle.numbers[6:]))
    by_default, by_hand = ([(np.ones((2, 3)), np.zeros(3))] for _ in range(2))
    answers.fit(by_default, x, labels, 1, 5, np.random.default_rng(8))
    answers.fit(by_hand, x, labels, 1, 5, np.random.default_rng(8), 0.01)
    yield Observation("without a rate: that of 0.01", by_default[0][0], by_hand[0][0])
    # Two classes inside and outside of a circle: not linear, so the hidden layer has to work.
    x = rng.uniform(-1, 1, (120, 2))
    labels = ((x**2).sum(axis=1) > 0.6).astype(int)
    layers = [(rng.normal(size=(2, 16)), np.zeros(16)), (rng.normal(size=(16, 2)) / 4, np.zeros(2))]
    history = answers.fit(layers, x, labels, 40, 20, np.random.default_rng(9), 0.03)
    yield Observation("how many losses for 40 epochs", len(history), 40)
    yield Observation(
        "two layers learn a circle: the last loss is below 0.2", bool(history[-1] < 0.2), True
    )


CHECKS = (
    Check(
        "5.4",
        _fit,
        (
            Mutant(
                "You take the mean of the batch means. The last batch is smaller and counts too "
                "much then: weigh each loss by its examples.",
                edits=(
                    ("total = 0.0", "losses = []"),
                    (
                        "total += len(rows) * cross_entropy(logits, labels[rows])",
                        "losses.append(cross_entropy(logits, labels[rows]))",
                    ),
                    ("total / len(x)", "np.mean(losses)"),
                ),
            ),
            Mutant(
                "You make a new Adam in each epoch, so its running means start at 0 again and "
                "again.",
                edits=(
                    ("optimizer = Adam([array for layer in layers for array in layer], lr)", ""),
                    (
                        "        total = 0.0\n",
                        "        total = 0.0\n"
                        "        optimizer = Adam([a for layer in layers for a in layer], lr)\n",
                    ),
                ),
            ),
            Mutant(
                "You make the generator of batches once. It is empty after the first epoch, and a "
                "loop over nothing raises no error.",
                edits=(
                    (
                        "    history = []\n",
                        "    history, source = [], batches(len(x), size, rng)\n",
                    ),
                    ("in batches(len(x), size, rng)", "in source"),
                ),
            ),
            Mutant(
                "The labels do not belong to the examples: x is shuffled by rows, and the labels "
                "must be, too.",
                edits=(
                    (
                        "cross_entropy(logits, labels[rows])\n            grad",
                        "cross_entropy(logits, labels[: len(rows)])\n            grad",
                    ),
                    (
                        "cross_entropy_gradient(logits, labels[rows])",
                        "cross_entropy_gradient(logits, labels[: len(rows)])",
                    ),
                ),
            ),
            Mutant(
                "You return the loss of the last batch. The loss of an epoch is over all examples.",
                edits=(("total += len(rows) *", "total = len(x) *"),),
            ),
            Mutant(
                "You measure the loss after the step. Measure it with the logits that the gradient "
                "was taken of, before it.",
                edits=(
                    ("            total += len(rows) * cross_entropy(logits, labels[rows])\n", ""),
                    (
                        "in gradients for array in layer])\n",
                        "in gradients for array in layer])\n"
                        "            after = network(x[rows], layers)\n"
                        "            total += len(rows) * cross_entropy(after, labels[rows])\n",
                    ),
                ),
            ),
            Mutant(
                "Your losses are sums. Divide by the number of examples.",
                "total / len(x)",
                "total",
            ),
            Mutant(
                "The learning rate that you were given is not used: Adam has its own, 0.001.",
                "in layer], lr)",
                "in layer])",
            ),
        ),
    ),
)
