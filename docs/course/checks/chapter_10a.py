"""Checks of the tasks of chapter 10: combinators."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations, slopes

Both: TypeAlias = tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]
Layer: TypeAlias = Callable[[np.ndarray], Both]


def _linear(matrix: np.ndarray) -> Layer:
    return lambda x: (x @ matrix, lambda grad: grad @ matrix.T)


def _square(x: np.ndarray) -> Both:
    return x * x, lambda grad: 2 * x * grad


def _plus_one(x: np.ndarray) -> Both:
    return x + 1, lambda grad: grad


def _observe_layer(
    name: str, layer: Layer, value: Callable[[np.ndarray], np.ndarray], x: np.ndarray, seed: int
) -> Observations:
    """Compare a layer and its way back with a plain function and its central differences."""
    y, back = layer(x.copy())
    yield Observation(f"the output of {name}", y, value(x))
    grad = np.random.default_rng(seed).normal(size=value(x).shape)
    right = slopes(lambda x: (value(x) * grad).sum(), x)
    yield Observation(f"the slope by the input of {name}", back(grad), right)


def random_matrices(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(10)
    return [rng.normal(size=shape) for shape in shapes]


def _serial(mine: ModuleType) -> Observations:
    wide, thin, x, other, first, last = random_matrices(
        (3, 4), (4, 2), *[(2, 3)] * 2, *[(3, 3)] * 2
    )
    yield from _observe_layer(
        "a matrix, squares, and a matrix",
        mine.serial(_linear(first), _square, _linear(last)),
        lambda x: (x @ first) ** 2 @ last,
        x,
        0,
    )
    layer = mine.serial(_plus_one, _linear(wide), _square, _linear(thin))

    def value(x: np.ndarray) -> Any:
        return ((x + 1) @ wide) ** 2 @ thin

    yield from _observe_layer("four layers", layer, value, x, 1)
    yield from _observe_layer("the same layers, called again", layer, value, other, 2)
    grad = np.ones((2, 2))
    back, _ = layer(x)[1], layer(other)
    right = slopes(lambda x: value(x).sum(), x)
    yield Observation("the first way back after a second call", back(grad), right)
    yield Observation("the same way back once more", back(grad), right)
    y, back = mine.serial()(x)
    yield Observation("the output of no layers", y, x)
    yield Observation("the slope through no layers", back(2 * x), 2 * x)


def _side_by_side(mine: ModuleType) -> Observations:
    thin, middle, wide, x = random_matrices((3, 1), (3, 2), (3, 3), (2, 3))
    yield from _observe_layer(
        "two branches of the same width",
        mine.side_by_side(_linear(wide), _square),
        lambda x: np.concatenate([x @ wide, x * x], axis=-1),
        x,
        0,
    )
    layer = mine.side_by_side(_linear(thin), _linear(wide), _square)
    yield from _observe_layer(
        "branches of widths 1, 3 and 3",
        layer,
        lambda x: np.concatenate([x @ thin, x @ wide, x * x], axis=-1),
        x,
        1,
    )
    x = np.array([[[1.0, -2, 3]], [[2, 0, 5]]])
    layer = mine.side_by_side(_linear(middle), _linear(wide @ thin))

    def value(x: np.ndarray) -> Any:
        return np.stack([np.append(row[0] @ middle, row[0] @ wide @ thin)[None] for row in x])

    yield from _observe_layer("two branches, for an input (2, 1, 3)", layer, value, x, 2)
    yield from _observe_layer("a single branch", mine.side_by_side(_square), np.square, x, 3)


def _skip(mine: ModuleType) -> Observations:
    matrix, x = random_matrices((3, 3), (2, 3))
    layer = mine.skip(_linear(matrix))
    yield from _observe_layer("x + f(x), f a matrix", layer, lambda x: x + x @ matrix, x, 1)
    given = x.copy()
    layer(given)
    yield Observation("the input is as it was", given, x)
    yield from _observe_layer("x + x * x", mine.skip(_square), lambda x: x + x * x, x, 2)
    tenth = mine.skip(lambda x: (0.1 * x, lambda grad: 0.1 * grad))
    slope = np.ones(1)
    for _ in range(50):
        slope = tenth(np.ones(1))[1](slope)
    yield Observation("the slope through fifty of them, f(x) = 0.1 x", slope, np.array([1.1**50]))
    grad = np.ones((2, 3))
    layer(x)[1](grad)
    yield Observation("the slope that is given is as it was", grad, np.ones((2, 3)))


CHECKS = (
    Check(
        "10.1",
        _serial,
        mutants=(
            Mutant(
                "Your way back goes from the first layer to the last. The last one has to come "
                "first.",
                "in reversed(backs)",
                "in backs",
            ),
            Mutant(
                "All calls share one list of ways back: make the list in `layer`, not in `serial`.",
                edits=(
                    ("        backs = []\n", ""),
                    ("\n    def layer(x):", "    backs = []\n\n    def layer(x):"),
                ),
            ),
            Mutant(
                "Your way back calls the last layer's way back again and again: a function that "
                "is made in a loop reads the variable of the loop when it is called, and by then "
                "it is the last.",
                "grad = back_of_part(grad)",
                "grad = backs[-1](grad)",
            ),
            Mutant(
                "Your layers run in reverse order. The first one comes first.",
                "for part in layers:",
                "for part in layers[::-1]:",
            ),
            Mutant(
                "Your way back uses itself up: it can be called once only. Do not `pop` from the "
                "list.",
                "for back_of_part in reversed(backs):\n                grad = back_of_part(grad)",
                "while backs:\n                grad = backs.pop()(grad)",
            ),
            Mutant(
                "Every layer has read the first input. Each one reads the output of the one "
                "before.",
                edits=(
                    ("        backs = []", "        backs, first = [], x"),
                    ("part(x)", "part(first)"),
                ),
            ),
            Mutant(
                "Your way back leaves out the first layer: the slope by its output is not yet the "
                "slope by the input.",
                "reversed(backs)",
                "reversed(backs[1:])",
            ),
        ),
    ),
    Check(
        "10.2",
        _side_by_side,
        mutants=(
            Mutant(
                "You took the mean of what the branches send back. All of them have read the same "
                "input, so their slopes are added.",
                "return sum(each(piece) for each, piece in zip(backs, pieces))",
                "return sum(each(piece) for each, piece in zip(backs, pieces)) / len(backs)",
            ),
            Mutant(
                "Only the first branch sends a slope back. All of them have read the input.",
                "zip(backs, pieces))",
                "zip(backs[:1], pieces))",
            ),
            Mutant(
                "You joined the outputs along the first axis: examples below each other. The last "
                "axis is that of the features.",
                "np.concatenate(outputs, axis=-1)",
                "np.concatenate(outputs, axis=0)",
            ),
            Mutant(
                "The outputs come in reverse order. Keep the order of the branches.",
                "np.concatenate(outputs, axis=-1)",
                "np.concatenate(outputs[::-1], axis=-1)",
            ),
            Mutant(
                "You cut the slope into pieces of equal width. The seams are where the outputs "
                "met.",
                "np.split(grad, seams, axis=-1)",
                "np.array_split(grad, len(backs), axis=-1)",
            ),
            Mutant(
                "The pieces of the slope go to the wrong branches: the last piece to the first "
                "branch.",
                "zip(backs, pieces)",
                "zip(backs, pieces[::-1])",
            ),
            Mutant(
                "You added the outputs. They are joined side by side, so that the widths add up.",
                "return np.concatenate(outputs, axis=-1), back",
                "return sum(output.sum(-1, keepdims=True) for output in outputs), back",
            ),
        ),
    ),
    Check(
        "10.3",
        _skip,
        mutants=(
            Mutant(
                "The slope goes back through the layer only. It also arrives at x directly: add "
                "grad.",
                "grad + back(grad)",
                "back(grad)",
            ),
            Mutant(
                "The slope takes the short way only. The layer has a share in it: add back(grad).",
                "grad + back(grad)",
                "grad",
            ),
            Mutant("The output lacks x.", "return x + y", "return y"),
            Mutant(
                "You changed the input in place: with `x += y` others who read x read something "
                "else now.",
                "        return x + y",
                "        x += y\n        return x",
            ),
            Mutant(
                "You subtracted the input where it is added.",
                "return x + y",
                "return y - x",
            ),
            Mutant(
                "The output counts x twice: it is x + f(x).",
                "return x + y",
                "return 2 * x + y",
            ),
            Mutant(
                "The slope that has come back through the layer went through it a second time.",
                "grad + back(grad)",
                "back(grad + back(grad))",
            ),
        ),
    ),
)
