"""Checks of the task of chapter 9 that reads the tape backwards."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations


class _Node:
    """A value of the tape as the checks make it."""

    def __init__(self, value: Any, parents: tuple[Any, ...], pullback: Any) -> None:
        self.value, self.parents, self.pullback, self.grad = value, parents, pullback, None


def _add(a: Any, b: Any) -> _Node:
    return _Node(value=a.value + b.value, parents=(a, b), pullback=lambda g: (g, g))


def _scale(a: Any, factor: float) -> _Node:
    return _Node(value=a.value * factor, parents=(a,), pullback=lambda g: (g * factor,))


def _total(a: Any) -> _Node:
    return _Node(
        value=np.sum(a.value),
        parents=(a,),
        pullback=lambda g: (np.full_like(a.value, g),),
    )


def _leaf(*numbers: float) -> _Node:
    return _Node(value=np.array(numbers), parents=(), pullback=None)


def _backpropagate(mine: ModuleType) -> Observations:
    x = _leaf(2.0)
    loss = _total(_scale(x, 3.0))
    mine.backpropagate(loss)
    yield Observation("the slope of the loss by itself", float(np.sum(loss.grad)), 1.0)
    yield Observation("the slope of 3 x by x", x.grad, np.array([3.0]))
    mine.backpropagate(loss)
    yield Observation("the slope of 3 x by x after a second call", x.grad, np.array([3.0]))
    a = _leaf(0.5)
    b = _scale(a, 2.0)
    mine.backpropagate(_total(_add(b, _scale(b, 5.0))))
    yield Observation("the slope of b + 5 b by b", b.grad, np.array([6.0]))
    yield Observation("the slope of b + 5 b by a, if b = 2 a", a.grad, np.array([12.0]))
    for swapped in (False, True):
        u, v = _leaf(1.0, 2.0), _leaf(3.0, 4.0)
        parts = [_total(_add(u, v)), _total(_scale(u, 10.0))]
        mine.backpropagate(_add(*(reversed(parts) if swapped else parts)))
        yield Observation("sum(u + v) + sum(10 u), its slopes by u", u.grad, np.array([11.0, 11.0]))
        yield Observation("sum(u + v) + sum(10 u), its slopes by v", v.grad, np.array([1.0, 1.0]))


_SHARES = "grad if parent.grad is None else parent.grad + grad"

CHECKS = (
    Check(
        "9.3",
        _backpropagate,
        mutants=(
            Mutant(
                "A value that is used twice keeps only the slope that came last: add up what "
                "comes back.",
                _SHARES,
                "grad",
            ),
            Mutant(
                "You add in place (+=) to an array that another value has, too: the pullback of a "
                "sum hands the same array to both parents. Make a new sum.",
                f"parent.grad = {_SHARES}",
                "parent.grad = grad if parent.grad is None else np.add(parent.grad, grad, "
                "out=parent.grad)",
            ),
            Mutant(
                "The slopes of an earlier call are still there and are added to: begin with None.",
                "        node.grad = None",
                "        node.grad = node.grad if node.pullback is None else None",
            ),
            Mutant(
                "The slope of the loss by itself is 1: with 0 everything behind it is 0.",
                "np.ones_like",
                "np.zeros_like",
            ),
            Mutant(
                "Each parent gets the slope of its child, without the pullback between them.",
                "node.pullback(node.grad)",
                "[node.grad for _ in node.parents]",
            ),
            Mutant(
                "Your pullbacks always get the slope 1: pass the slope of the value whose turn it "
                "is.",
                "node.pullback(node.grad)",
                "node.pullback(np.ones_like(node.value))",
            ),
            Mutant(
                "You multiply the slopes that come back from two uses; along a path they are "
                "multiplied, but those of several paths are added.",
                "parent.grad + grad",
                "parent.grad * grad",
            ),
        ),
    ),
)
