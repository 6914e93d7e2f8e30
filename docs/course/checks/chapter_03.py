"""Checks of the tasks of chapter 3: momentum, Adam, clipping."""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations


def _momentum(answers: ModuleType) -> Observations:
    plain = np.array([10.0, 1.0])
    optimizer = answers.Momentum([plain], 0.1, beta=0.0)
    optimizer.step([np.array([10.0, 50.0])])
    yield Observation(
        "[10, 1] after one plain step, lr 0.1, gradient [10, 50]",
        plain.copy(),
        np.array([9.0, -4.0]),
    )
    optimizer.step([np.array([9.0, -200.0])])
    yield Observation("and after a second one, gradient [9, -200]", plain, np.array([8.1, 16.0]))
    steady = np.zeros(1)
    optimizer = answers.Momentum([steady], 1.0)
    positions = []
    for _ in range(3):
        optimizer.step([np.ones(1)])
        positions.append(float(steady[0]))
    # m is 1, 1.9, 2.71.
    yield Observation("three equal gradients of 1, beta 0.9, lr 1", positions, [-1.0, -2.9, -5.61])
    first, second = np.zeros(2), np.zeros((2, 1))
    gradients = [np.array([1.0, 2.0]), np.array([[4.0], [8.0]])]
    copies = [gradient.copy() for gradient in gradients]
    optimizer = answers.Momentum([first, second], 0.5, beta=0.5)
    optimizer.step(gradients)
    optimizer.step(gradients)
    # m is g, then 1.5 g; together 2.5 g, times 0.5.
    yield Observation("two arrays, the first", first, np.array([-1.25, -2.5]))
    yield Observation("two arrays, the second", second, np.array([[-5.0], [-10.0]]))
    yield Observation("the gradients, which must stay as they were", gradients, copies)


def _adam_by_numbers(
    value: float, gradients: list[float], lr: float, betas: tuple[float, float], eps: float
) -> list[float]:
    """Return the positions of one number, by the formulas of the paper."""
    mean = square = 0.0
    positions = []
    for t, g in enumerate(gradients, start=1):
        mean = betas[0] * mean + (1 - betas[0]) * g
        square = betas[1] * square + (1 - betas[1]) * g * g
        corrected = mean / (1 - betas[0] ** t), square / (1 - betas[1] ** t)
        value -= lr * corrected[0] / (math.sqrt(corrected[1]) + eps)
        positions.append(value)
    return positions


def _adam(answers: ModuleType) -> Observations:
    value = np.array([1.0, 2.0, 3.0])
    optimizer = answers.Adam([value], lr=0.1)
    optimizer.step([np.array([1e-3, -5.0, 1e4])])
    label = "[1, 2, 3] after the first step of 0.1, gradients 0.001, -5 and 10000"
    yield Observation(label, value, np.array([0.9, 2.1, 2.9]), tolerance=1e-5)
    gradients = [3.0, -1.0, 0.5, 2.0, -4.0]
    first, second = np.zeros(1), np.array([[7.0], [7.0]])
    optimizer = answers.Adam([first, second], lr=0.1)
    positions = []
    for g in gradients:
        given = [np.array([g]), np.array([[g], [-2 * g]])]
        copies = [array.copy() for array in given]
        optimizer.step(given)
        positions.append(float(first[0]))
    yield Observation("the gradients, which must stay as they were", given, copies)
    right = _adam_by_numbers(0.0, gradients, 0.1, (0.9, 0.999), 1e-8)
    yield Observation("a number over five steps", positions, right)
    down = _adam_by_numbers(7.0, [-2 * g for g in gradients], 0.1, (0.9, 0.999), 1e-8)[-1]
    up = _adam_by_numbers(7.0, gradients, 0.1, (0.9, 0.999), 1e-8)[-1]
    yield Observation("a second array beside it", second, np.array([[up], [down]]))
    value = np.zeros(1)
    optimizer = answers.Adam([value], lr=0.2, beta1=0.5, beta2=0.8, eps=1e-3)
    for g in (1e-3, 2e-3):
        optimizer.step([np.array([g])])
    right = np.array(_adam_by_numbers(0.0, [1e-3, 2e-3], 0.2, (0.5, 0.8), 1e-3)[-1:])
    yield Observation("betas 0.5 and 0.8, eps as large as the gradient", value, right)
    value = np.ones(1)
    answers.Adam([value]).step([np.ones(1)])
    yield Observation("1 after a step of the default rate, 0.001", value, np.array([0.999]))
    value = np.ones(1)
    answers.Adam([value]).step([np.zeros(1)])
    yield Observation("a gradient of 0: no step", value, np.ones(1))


def _clip_gradients(answers: ModuleType) -> Observations:
    gradients = [np.array([30.0, 0.0]), np.array([[0.0], [40.0]])]  # together of length 50
    copies = [gradient.copy() for gradient in gradients]
    clipped = list(answers.clip_gradients(gradients, 1.0))
    right = [np.array([0.6, 0.0]), np.array([[0.0], [0.8]])]
    yield Observation("lengths 30 and 40, so 50 together, clipped to 1", clipped, right)
    yield Observation("the gradients, which must stay as they were", gradients, copies)
    short = [np.array([0.3, -0.4])]
    yield Observation(
        "a length of 0.5, clipped to 1", list(answers.clip_gradients(short, 1.0)), short
    )
    nothing = [np.zeros(2)]
    yield Observation("gradients of 0", list(answers.clip_gradients(nothing, 1.0)), nothing)
    mixed = list(answers.clip_gradients([np.array([-6.0, 8.0])], 5.0))
    yield Observation("[-6, 8], clipped to 5", mixed, [np.array([-3.0, 4.0])])


CHECKS = (
    Check(
        "3.1",
        _momentum,
        (
            Mutant(
                "value = value - ... makes a new array, and the one that you were given stays as "
                "it was. Write value -= ...",
                "value -= self.lr * total",
                "value = value - self.lr * total",
            ),
            Mutant(
                "Your sum starts anew in each step: total = ... binds a name and leaves the array "
                "in self.sums at 0. Change it in place.",
                "total *= self.beta\n            total += grad",
                "total = self.beta * total + grad",
            ),
            Mutant(
                "You keep a running mean, (1 - beta) g. The momentum of this task is a sum.",
                "total += grad",
                "total += (1 - self.beta) * grad",
            ),
            Mutant(
                "You walk uphill: subtract the step.",
                "value -= self.lr",
                "value += self.lr",
            ),
            Mutant(
                "Your sum never forgets. Multiply it by beta before the new gradient is added.",
                "            total *= self.beta\n",
                "",
            ),
            Mutant(
                "You multiply by beta after adding the gradient, so the new one fades, too.",
                "total *= self.beta\n            total += grad",
                "total += grad\n            total *= self.beta",
            ),
            Mutant(
                "The learning rate is missing in your step.",
                "self.lr * total",
                "total",
            ),
        ),
    ),
    Check(
        "3.2",
        _adam,
        (
            Mutant(
                "The bias correction of the mean is missing: your first step is a tenth of lr.",
                " / (1 - self.beta1**self.steps)",
                "",
            ),
            Mutant(
                "The bias correction of the squares is missing: your first steps are far too long.",
                "np.sqrt(square / (1 - self.beta2**self.steps))",
                "np.sqrt(square)",
            ),
            Mutant(
                "You count a step for each array. One call of step is one step for all of them.",
                edits=(
                    ("        self.steps += 1\n", ""),
                    (
                        "            mean += (1",
                        "            self.steps += 1\n            mean += (1",
                    ),
                ),
            ),
            Mutant(
                "You divide by the mean of the squares. The root is missing, so the step depends "
                "on the scale of the gradient.",
                "np.sqrt(square / (1 - self.beta2**self.steps))",
                "square / (1 - self.beta2**self.steps)",
            ),
            Mutant(
                "Your eps is under the root, where it counts as its root. Add it after the root.",
                edits=(
                    (
                        "np.sqrt(square / (1 - self.beta2**self.steps))",
                        "np.sqrt(square / (1 - self.beta2**self.steps) + self.eps)",
                    ),
                    ("(size + self.eps)", "size"),
                ),
            ),
            Mutant(
                "Your betas are exchanged: beta1 belongs to the gradient, beta2 to its square.",
                edits=(
                    ("mean += (1 - self.beta1)", "mean += (1 - self.beta2)"),
                    ("square += (1 - self.beta2)", "square += (1 - self.beta1)"),
                    ("(1 - self.beta2**self.steps)", "(1 - self.beta1 ** self.steps)"),
                    (
                        "mean / (1 - self.beta1**self.steps)",
                        "mean / (1 - self.beta2 ** self.steps)",
                    ),
                ),
            ),
            Mutant(
                "You count the step after it is taken. In the first one t is 0 then, and "
                "1 - beta⁰ is 0.",
                edits=(
                    ("        self.steps += 1\n", ""),
                    ("/ (size + self.eps)", "/ (size + self.eps)\n        self.steps += 1"),
                ),
            ),
            Mutant(
                "value = value - ... makes a new array, and the one that you were given stays as "
                "it was. Write value -= ...",
                "value -= self.lr * mean",
                "value = value - self.lr * mean",
            ),
            Mutant(
                "You write the corrected mean back, so the next step corrects it once more. Keep "
                "the uncorrected one.",
                edits=(
                    (
                        "            value -= self.lr * mean / (1 - self.beta1**self.steps) /",
                        "            mean /= 1 - self.beta1**self.steps\n"
                        "            value -= self.lr * mean /",
                    ),
                ),
            ),
            Mutant(
                "The running means start anew in each step: mean = ... binds a name and leaves "
                "the array in self.means at 0. Change it in place.",
                edits=(
                    ("mean += (1 - self.beta1) *", "mean = mean + (1 - self.beta1) *"),
                    ("square += (1 - self.beta2) *", "square = square + (1 - self.beta2) *"),
                ),
            ),
        ),
    ),
    Check(
        "3.3",
        _clip_gradients,
        (
            Mutant(
                "You clip each array by itself, which turns the direction. The length is that of "
                "all gradients together.",
                edits=(
                    (
                        "norm = np.sqrt(sum((grad**2).sum() for grad in gradients))",
                        "norms = [np.sqrt((grad**2).sum()) for grad in gradients]",
                    ),
                    (
                        "factor = max_norm / norm if norm > max_norm else 1.0",
                        "factors = [max_norm / norm if norm > max_norm else 1.0 for norm in norms]",
                    ),
                    (
                        "[factor * grad for grad in gradients]",
                        "[f * grad for f, grad in zip(factors, gradients)]",
                    ),
                ),
            ),
            Mutant(
                "You clip each number, which turns the direction. Multiply all by one factor.",
                "[factor * grad for grad in gradients]",
                "[np.clip(grad, -max_norm, max_norm) for grad in gradients]",
            ),
            Mutant(
                "You lengthen gradients that are shorter than max_norm. They should stay.",
                "max_norm / norm if norm > max_norm else 1.0",
                "max_norm / max(norm, 1e-12)",
            ),
            Mutant(
                "The root is missing: you compare the square of the length with max_norm.",
                "np.sqrt(sum((grad**2).sum() for grad in gradients))",
                "sum((grad**2).sum() for grad in gradients)",
            ),
            Mutant(
                "You add the lengths of the arrays. They are at right angles to each other: add "
                "squares and take the root once.",
                "np.sqrt(sum((grad**2).sum() for grad in gradients))",
                "sum(np.sqrt((grad**2).sum()) for grad in gradients)",
            ),
            Mutant(
                "You take the largest number for the length.",
                "np.sqrt(sum((grad**2).sum() for grad in gradients))",
                "max(np.abs(grad).max() for grad in gradients)",
            ),
            Mutant(
                "The result is right, but the gradients that you were given are changed: *= works "
                "in place.",
                "return [factor * grad for grad in gradients]",
                "for grad in gradients:\n        grad *= factor\n    return gradients",
            ),
        ),
    ),
)
