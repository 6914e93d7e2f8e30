"""Checks of the tasks of chapter 9: broadcasting, matrix products, tensors."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from docs.course.checks.operations import observe_operation
from docs.course.workshop.task import Check, Mutant, Observation, Observations, slopes


def _unbroadcast(mine: ModuleType) -> Observations:
    rng = np.random.default_rng(94)
    for shape, wide in (
        ((3,), (2, 3)),
        ((2, 1), (2, 3)),
        ((2,), (2, 3, 2)),
        ((1, 2, 1), (2, 2, 2, 2)),
        ((), (2, 3)),
        ((2, 3), (2, 3)),
        ((1,), (1,)),
        ((2, 1), (2, 1)),
    ):
        grad = rng.normal(size=wide)
        right = slopes(lambda x, grad=grad: (grad * x).sum(), np.zeros(shape))
        label = f"a gradient of shape {wide}, for an array of shape {shape}"
        yield Observation(label, mine.unbroadcast(grad, shape), right)


def _matmul_gradients(mine: ModuleType) -> Observations:
    rng = np.random.default_rng(95)
    for shape, other in (
        ((2, 3), (3, 4)),
        ((3, 3), (3, 3)),
        ((2, 4, 3), (3, 2)),
        ((2, 2, 2), (2, 2, 2)),
        ((3, 4), (2, 4, 2)),
        ((2, 1, 2, 3), (2, 3, 2)),
    ):
        a, b = rng.normal(size=shape), rng.normal(size=other)
        grad = rng.normal(size=(a @ b).shape)
        d_a, d_b = mine.matmul_gradients(grad, a, b)
        text = f"shapes {shape} @ {other}"
        right = slopes(lambda x, b=b, grad=grad: (grad * (x @ b)).sum(), a)
        yield Observation(f"the gradient by a, {text}", d_a, right)
        right = slopes(lambda x, a=a, grad=grad: (grad * (a @ x)).sum(), b)
        yield Observation(f"the gradient by b, {text}", d_b, right)


def _tensor(mine: ModuleType) -> Observations:
    rng = np.random.default_rng(96)
    wide, row, column = rng.normal(size=(2, 3)), rng.normal(size=3), rng.normal(size=(2, 1))
    pairs = ((wide, row, "(2, 3) * (3,)"), (column, wide, "(2, 1) * (2, 3)"))
    for a, b, text in pairs:
        yield from observe_operation(mine, text, mine.multiply, lambda x, y: x * y, a, b)
    left, right = rng.normal(size=(2, 2, 3)), rng.normal(size=(3, 2))
    text = "(2, 2, 3) @ (3, 2)"
    yield from observe_operation(mine, text, mine.matmul, lambda x, y: x @ y, left, right)
    x = mine.Tensor(wide.copy())
    yield Observation("2 * x", (2 * x).value, 2 * wide)
    yield Observation("array * x", (row * x).value, row * wide)
    yield Observation("1 - x", (1 - x).value, 1 - wide)
    yield Observation("x - array", (x - row).value, wide - row)
    yield Observation("x @ array", (x @ right).value, wide @ right)
    loss = mine.Tensor(rng.normal(size=(1, 2))) @ ((x * x) @ np.ones((3, 1)))
    weights = loss.parents[0].value
    reshaped = mine.Tensor(loss.value.reshape(()), (loss,), lambda grad: (grad.reshape(1, 1),))
    reshaped.backward()
    yield Observation("x * x uses x twice: its gradient", x.grad, 2 * weights.T * wide)


CHECKS = (
    Check(
        "9.4",
        _unbroadcast,
        mutants=(
            Mutant(
                "You sum over the axes that were added in front, but not over those of size 1 "
                "that were stretched.",
                "    return grad.sum(axis=stretched, keepdims=True)",
                "    return grad",
            ),
            Mutant(
                "You sum over the stretched axes, but not over those that were added in front.",
                "grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))",
                "grad = grad",
            ),
            Mutant(
                "A stretched axis had size 1 before and must have it again: sum with "
                "keepdims=True.",
                "keepdims=True",
                "keepdims=False",
            ),
            Mutant(
                "You take the mean over what was broadcast. Every use adds its slope: take the "
                "sum.",
                edits=(
                    ("grad = grad.sum(", "grad = grad.mean("),
                    ("return grad.sum(", "return grad.mean("),
                ),
            ),
            Mutant(
                "You take the slope of the first use only: the slopes of all uses are added up.",
                edits=(
                    (
                        "grad.sum(axis=tuple(range(grad.ndim - len(shape))))",
                        "grad[(0,) * (grad.ndim - len(shape))]",
                    ),
                    (
                        "grad.sum(axis=stretched, keepdims=True)",
                        "grad[tuple(slice(0, size) for size in shape)]",
                    ),
                ),
            ),
            Mutant(
                "Missing axes are added in front of a shape, not behind it: (4,) becomes (1, 1, "
                "4).",
                "grad.sum(axis=tuple(range(grad.ndim - len(shape))))",
                "grad.sum(axis=tuple(range(len(shape), grad.ndim)))",
            ),
        ),
    ),
    Check(
        "9.5",
        _matmul_gradients,
        mutants=(
            Mutant(
                "`.T` reverses all axes of a batch: exchange the last two only, np.swapaxes(x, "
                "-1, -2).",
                edits=(("np.swapaxes(b, -1, -2)", "b.T"), ("np.swapaxes(a, -1, -2)", "a.T")),
            ),
            Mutant(
                "The gradient by a is G @ Bᵀ: you forgot to transpose b.",
                "grad @ np.swapaxes(b, -1, -2)",
                "grad @ b",
            ),
            Mutant(
                "The gradient by b is Aᵀ @ G: you forgot to transpose a.",
                "np.swapaxes(a, -1, -2) @ grad",
                "a @ grad",
            ),
            Mutant(
                "The two gradients are exchanged: return that by a first.",
                "return unbroadcast(d_a, a.shape), unbroadcast(d_b, b.shape)",
                "return unbroadcast(d_b, b.shape), unbroadcast(d_a, a.shape)",
            ),
            Mutant(
                "A matrix that was used for every element of a batch gets the sum of their "
                "gradients, in its own shape: use unbroadcast.",
                "unbroadcast(d_a, a.shape), unbroadcast(d_b, b.shape)",
                "d_a, d_b",
            ),
            Mutant(
                "The order of a matrix product matters: the gradient by b is Aᵀ @ G, not G @ A.",
                "np.swapaxes(a, -1, -2) @ grad",
                "np.swapaxes(np.swapaxes(grad, -1, -2) @ np.swapaxes(a, -1, -2), -1, -2)",
            ),
        ),
    ),
    Check(
        "9.6",
        _tensor,
        mutants=(
            Mutant(
                "The slope of a product by one factor is the *other* factor: yours are exchanged.",
                "grad * b.value, grad * a.value",
                "grad * a.value, grad * b.value",
            ),
            Mutant(
                "The gradient of a product has the shape of the product. If a factor was "
                "broadcast, its gradient must come back to its own shape: unbroadcast.",
                "return unbroadcast(d_a, a.value.shape), unbroadcast(d_b, b.value.shape)",
                "return d_a, d_b",
            ),
            Mutant(
                "The pullback of the product forgets the slopes that arrive: multiply by grad.",
                "grad * b.value, grad * a.value",
                "np.ones_like(grad) * b.value, np.ones_like(grad) * a.value",
            ),
            Mutant(
                "matmul multiplied element by element in its pullback: it needs matmul_gradients.",
                "lambda grad: matmul_gradients(grad, a.value, b.value)",
                "lambda grad: (np.zeros_like(a.value), np.zeros_like(b.value))",
            ),
            Mutant(
                "The gradients of matmul come in the order of its parents: first that by a.",
                "(a, b), lambda grad: matmul_gradients(grad, a.value, b.value)",
                "(b, a), lambda grad: matmul_gradients(grad, a.value, b.value)",
            ),
            Mutant(
                "Your product works on tensors only: a number or an array must become one "
                "(as_tensor).",
                'broadcast."""\n    a, b = as_tensor(a), as_tensor(b)\n\n'
                "    def pullback(grad):\n        d_a",
                'broadcast."""\n\n    def pullback(grad):\n        d_a',
            ),
            Mutant(
                "Your product has no parents, so nothing flows back through it: pass (a, b).",
                "Tensor(a.value * b.value, (a, b), pullback)",
                "Tensor(a.value * b.value)",
            ),
        ),
    ),
)
