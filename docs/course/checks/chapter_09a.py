"""Checks of the tasks of chapter 9: values, and their order."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations, slopes


def _value(mine: ModuleType) -> Observations:
    a, b = mine.Value(3.0), mine.Value(-2.0)
    product = a * b
    yield Observation("3 * -2", product.value, -6.0)
    yield Observation(
        "the pullback of 3 * -2 with the slope 1", list(product.pullback(1.0)), [-2, 3]
    )
    yield Observation(
        "the pullback of 3 * -2 with the slope 10", list(product.pullback(10.0)), [-20, 30]
    )
    yield Observation("the parents of a * b are a and b", _are(product.parents, (a, b)), True)
    x = mine.Value(0.5)
    y = x.tanh()
    yield Observation("tanh of 0.5", y.value, 0.46211715726)
    right = slopes(lambda v: np.tanh(v[0]), np.array([0.5]))[0]
    yield Observation("the pullback of tanh(0.5) with the slope 1", list(y.pullback(1.0)), [right])
    yield Observation(
        "the pullback of tanh(0.5) with the slope -4", list(y.pullback(-4.0)), [-4 * right]
    )
    yield Observation("the parent of tanh(x) is x", _are(y.parents, (x,)), True)
    z = (a * b + x).tanh()
    yield Observation("tanh(3 * -2 + 0.5)", z.value, np.tanh(-5.5))


def _are(got: Any, expected: tuple[Any, ...]) -> bool:
    return len(got) == len(expected) and all(x is y for x, y in zip(got, expected))


def _node(*parents: Any) -> _Node:
    return _Node(value=1.0, parents=parents, pullback=None, grad=None)


class _Node(SimpleNamespace):
    """A value of the tape as the checks make it; equal to itself only."""

    __hash__ = object.__hash__
    __eq__ = object.__eq__


def _is_topological(order: Any) -> bool:
    index = {id(node): i for i, node in enumerate(order)}
    return all(index.get(id(p), len(order)) < index[id(n)] for n in order for p in n.parents)


def _in_order(mine: ModuleType) -> Observations:
    a, b = _node(), _node()
    c = _node(a, b)
    order = mine.in_order(c)
    yield Observation("how many values stand behind c = a + b, with c", len(order), 3)
    yield Observation("c is behind its parents a and b", _is_topological(order), True)
    d = _node(c, a)
    order = mine.in_order(_node(_node(_node(c)), c))
    yield Observation("c is used early and late, and is before both", _is_topological(order), True)
    order = mine.in_order(_node(c, d))
    yield Observation("how many values stand behind c * d with d = c * a", len(order), 5)
    yield Observation("each of them is behind its parents", _is_topological(order), True)
    square = mine.in_order(_node(a, a))
    yield Observation("how many values stand behind a * a, with the product", len(square), 2)
    diamond = _node()
    for _ in range(12):
        diamond = _node(diamond, diamond)
    yield Observation(
        "values of x + x + ..., doubled twelve times", len(mine.in_order(diamond)), 13
    )
    chain = _node()
    for _ in range(5000):
        chain = _node(chain)
    order = mine.in_order(chain)
    yield Observation("values of a chain of 5,000 operations", len(order), 5001)
    yield Observation("the chain is in order", _is_topological(order), True)


_RECURSIVE = """    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(loss)
    return order
"""
_STACK = """    order, seen, stack = [], set(), [(loss, False)]
    while stack:
        node, parents_done = stack.pop()
        if parents_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(parent, False) for parent in node.parents]
    return order
"""
_BREADTH_FIRST = """    order, seen, queue = [], {loss}, [loss]
    for node in queue:
        order.append(node)
        for parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                queue.append(parent)
    return order[::-1]
"""
CHECKS = (
    Check(
        "9.1",
        _value,
        mutants=(
            Mutant(
                "The slope of a product by one factor is the *other* factor: yours are exchanged.",
                "grad * other.value, grad * self.value",
                "grad * self.value, grad * other.value",
            ),
            Mutant(
                "The pullback of the product forgets the slope that arrives: multiply by grad.",
                "grad * other.value, grad * self.value",
                "other.value, self.value",
            ),
            Mutant(
                "The pullback of tanh forgets the slope that arrives: multiply by grad.",
                "grad * (1 - y * y)",
                "1 - y * y",
            ),
            Mutant(
                "The slope of tanh is 1 - y², with the square of the output: yours has no square.",
                "1 - y * y",
                "1 - y",
            ),
            Mutant(
                "The slope of tanh is 1 - y² with y = tanh x: you squared the input, not the "
                "output.",
                "1 - y * y",
                "1 - self.value**2",
            ),
            Mutant(
                "You used the rule of a sum for a product: both slopes are just the one that "
                "arrives.",
                "grad * other.value, grad * self.value",
                "grad, grad",
            ),
            Mutant(
                "Your product does not know its parents, so the way back ends there: pass (self, "
                "other).",
                "Value(self.value * other.value, (self, other), pullback)",
                "Value(self.value * other.value, (), pullback)",
            ),
        ),
    ),
    Check(
        "9.2",
        _in_order,
        mutants=(
            Mutant(
                "Your order is right, but the function calls itself once for each operation, and "
                "Python stops that after about a thousand. Keep a stack of your own.",
                _STACK,
                _RECURSIVE,
            ),
            Mutant(
                "That is the order of a queue, breadth first, reversed. A value that is used late "
                "*and* early comes too late in it: it must be before everything that was made "
                "from it.",
                _STACK,
                _BREADTH_FIRST,
            ),
            Mutant(
                "A value that is used several times is several times in your list: remember which "
                "values you have seen.",
                "elif node not in seen:",
                "else:",
            ),
            Mutant(
                "You compare numbers, not values: two values that hold the same number are two "
                "values.",
                edits=(
                    ("node not in seen", "node.value not in seen"),
                    ("seen.add(node)", "seen.add(node.value)"),
                ),
            ),
            Mutant(
                "Your list is the wrong way round: the loss must be last, and parents come first.",
                "return order",
                "return order[::-1]",
            ),
            Mutant(
                "You mark a value as seen when it is put on the stack. It may be needed earlier "
                "than there: mark it when it comes off.",
                edits=(
                    ("elif node not in seen:\n            seen.add(node)", "else:"),
                    (
                        "stack += [(parent, False) for parent in node.parents]",
                        "new = [parent for parent in dict.fromkeys(node.parents) if parent not in "
                        "seen]\n            seen.update(new)\n            stack += [(parent, "
                        "False) for parent in new]",
                    ),
                ),
            ),
            Mutant(
                "The loss itself is missing at the end of your list.",
                "return order",
                "return order[:-1]",
            ),
        ),
    ),
)
