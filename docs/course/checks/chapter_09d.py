"""Checks of the tasks of chapter 9: operations on tensors."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from docs.course.checks.operations import observe_operation
from docs.course.workshop.task import Check, Mutant, Observation, Observations, slopes


def _sum_axis(mine: ModuleType) -> Observations:
    x = np.random.default_rng(97).normal(size=(2, 3, 2))
    for axis, keepdims in (
        (None, False),
        (0, False),
        (-1, True),
        (1, False),
        ((0, 2), False),
        ((1, 2), True),
        (None, True),
    ):
        yield from observe_operation(
            mine,
            f"the sum of an array (2, 3, 2), axis={axis}, keepdims={keepdims}",
            lambda t, a=axis, k=keepdims: mine.sum_axis(t, a, keepdims=k),
            lambda v, a=axis, k=keepdims: np.asarray(v.sum(axis=a, keepdims=k)),
            x,
        )
    square = np.arange(4.0).reshape(2, 2)
    t = mine.Tensor(square)
    (share,) = mine.sum_axis(t, 1).pullback(np.array([10.0, 20.0]))
    yield Observation(
        "rows of (2, 2) are summed, and the slopes 10 and 20 arrive",
        np.asarray(share),
        np.array([[10.0, 10.0], [20.0, 20.0]]),
    )


def _take_rows(mine: ModuleType) -> Observations:
    rng = np.random.default_rng(98)
    table = rng.normal(size=(5, 2))
    for label, ids in (
        ("the rows 3, 0", np.array([3, 0])),
        ("the rows 1, 2, 1, 1", np.array([1, 2, 1, 1])),
        ("rows (2, 3) with repetitions", np.array([[0, 4, 4], [4, 2, 0]])),
    ):
        yield from observe_operation(
            mine, label, lambda t, i=ids: mine.take_rows(t, i), lambda v, i=ids: _rows(v, i), table
        )
    t = mine.Tensor(table.copy())
    rows = mine.take_rows(t, np.array([1, 1]))
    grad = np.ones((2, 2))
    rows.pullback(grad)
    (share,) = rows.pullback(grad)
    right = np.zeros((5, 2))
    right[1] = 2
    yield Observation("the pullback, called a second time", share, right)
    yield Observation("the table is not changed", t.value, table)


def _rows(table: np.ndarray, ids: np.ndarray) -> np.ndarray:
    return np.array([table[i] for i in ids.ravel()]).reshape(*ids.shape, -1)


def _functions(mine: ModuleType) -> Observations:
    x = np.array([[-2.0, -0.5, 0.5], [0.1, 1.0, 3.0]])
    relus = np.array([[0.0, 0, 0.5], [0.1, 1, 3]])
    yield from observe_operation(
        mine, "relu_op, which is given", mine.relu_op, lambda v: v * (relus > 0), x
    )
    (share,) = mine.relu_op(mine.Tensor(np.zeros(2))).pullback(np.ones(2))
    yield Observation("relu_op: the slope at 0", share, np.zeros(2))
    yield from observe_operation(mine, "tanh_op, which is given", mine.tanh_op, np.tanh, x)
    rng = np.random.default_rng(99)
    x = rng.normal(size=(2, 3)) * 2
    yield from observe_operation(mine, "softmax_op", mine.softmax_op, _softmax, x)
    big = mine.softmax_op(mine.Tensor(np.array([[1000.0, 0.0, -1000.0]]))).value
    yield Observation("the softmax of 1000, 0, -1000", big, np.array([[1.0, 0.0, 0.0]]))
    logits, labels = rng.normal(size=(2, 2, 3)), np.array([[0, 2], [1, 2]])
    yield from observe_operation(
        mine,
        "cross_entropy_op of logits (2, 2, 3)",
        lambda t: mine.cross_entropy_op(t, labels),
        lambda v: _cross_entropy(v, labels),
        logits,
    )
    t = mine.Tensor(logits)
    (share,) = mine.cross_entropy_op(t, labels).pullback(np.array(-3.0))
    right = slopes(lambda v: -3.0 * _cross_entropy(v, labels), logits)
    yield Observation("-3 times the cross-entropy: its gradient", share, right)


def _softmax(x: np.ndarray) -> np.ndarray:
    return np.array([[np.exp(v) / np.exp(row).sum() for v in row] for row in x])


def _cross_entropy(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    rows = zip(logits.reshape(-1, logits.shape[-1]), labels.ravel())
    return np.array(-np.mean([np.log(np.exp(z)[k] / np.exp(z).sum()) for z, k in rows]))


_EXPAND = """        if axis is not None and not keepdims:
            grad = np.expand_dims(grad, axis)
"""

CHECKS = (
    Check(
        "9.7",
        _sum_axis,
        mutants=(
            Mutant(
                "The summed axis is missing in the slopes that arrive. Put it back "
                "(np.expand_dims) before they are stretched, or they are laid along the wrong "
                "axis.",
                _EXPAND,
                "",
            ),
            Mutant(
                "You always put the summed axis in front. It must go back to where it was.",
                "np.expand_dims(grad, axis)",
                "np.expand_dims(grad, 0)",
            ),
            Mutant(
                "That is the gradient of the mean: the slope of a sum by each of its terms is 1, "
                "not 1/n.",
                "np.broadcast_to(grad, x.value.shape)",
                "np.broadcast_to(grad, x.value.shape) * grad.size / x.value.size",
            ),
            Mutant(
                "You forget the slopes that arrive: the gradient is they, stretched, and not ones.",
                "np.broadcast_to(grad, x.value.shape)",
                "np.ones(x.value.shape)",
            ),
            Mutant(
                "With keepdims=True the summed axes are still there, with size 1: add none.",
                "if axis is not None and not keepdims:",
                "if axis is not None:",
            ),
            Mutant(
                "The value ignores keepdims: the summed axes must stay, with size 1.",
                "keepdims=keepdims), (x,)",
                "keepdims=False), (x,)",
            ),
        ),
    ),
    Check(
        "9.8",
        _take_rows,
        mutants=(
            Mutant(
                "`+=` with repeated ids writes each row once: all slopes but one are lost. Use "
                "np.add.at.",
                "np.add.at(d_table, ids, grad)",
                "d_table[ids] += grad",
            ),
            Mutant(
                "The gradient has the shape of the rows that were taken; it must have that of the "
                "table.",
                "return (d_table,)",
                "return (grad,)",
            ),
            Mutant(
                "A row that was taken twice gets the *sum* of its slopes, not their mean.",
                "return (d_table,)",
                "counts = np.bincount(np.ravel(ids), minlength=len(d_table))\n"
                "        return (d_table / np.maximum(counts, 1)[:, np.newaxis],)",
            ),
            Mutant(
                "Rows that nobody took have the slope 0: you begin with the table instead of "
                "zeros.",
                "np.zeros_like(table.value)",
                "table.value.copy()",
            ),
            Mutant(
                "The zeros are made once, when the rows are taken: a second call of the pullback "
                "finds the slopes of the first one in them. Make them inside.",
                edits=(
                    (
                        "    def pullback(grad):\n        d_table = np.zeros_like(table.value)\n",
                        "    d_table = np.zeros_like(table.value)\n\n    def pullback(grad):\n",
                    ),
                ),
            ),
            Mutant(
                "You add the gradient to the table itself. A pullback changes nothing; it returns.",
                "d_table = np.zeros_like(table.value)",
                "d_table = table.value",
            ),
        ),
    ),
    Check(
        "9.9",
        _functions,
        mutants=(
            Mutant(
                "The sum in the gradient of the softmax is missing. The probabilities sum to 1: "
                "what one gains, the others lose.",
                "softmax_gradient(grad, p)",
                "p * grad",
            ),
            Mutant(
                "p (1 - p) is the slope of a single probability by its own score; it says nothing "
                "of the others. You have softmax_gradient.",
                "softmax_gradient(grad, p)",
                "grad * p * (1 - p)",
            ),
            Mutant(
                "The sum in the gradient of the softmax runs over a row, not over the whole array.",
                "softmax_gradient(grad, p)",
                "p * (grad - (grad * p).sum())",
            ),
            Mutant(
                "softmax_gradient takes the slopes first and the *probabilities* second: you pass "
                "the scores.",
                "softmax_gradient(grad, p)",
                "softmax_gradient(grad, x.value)",
            ),
            Mutant(
                "Your softmax has no maximum subtracted, and exp(1000) is infinite. You have a "
                "stable one.",
                "p = softmax(x.value)",
                "p = np.exp(x.value) / np.exp(x.value).sum(axis=-1, keepdims=True)",
            ),
            Mutant(
                "The pullback of the cross-entropy forgets the slope that arrives: multiply by "
                "grad.",
                "grad * cross_entropy_gradient",
                "cross_entropy_gradient",
            ),
            Mutant(
                "The value is the mean of the losses, and so is cross_entropy_gradient that of a "
                "mean: do not divide by the number of rows again.",
                "grad * cross_entropy_gradient(logits.value, labels)",
                "grad * cross_entropy_gradient(logits.value, labels) / np.size(labels)",
            ),
        ),
    ),
)
