"""Checks of the tasks of chapter 10: joining on the tape, parameters and their gradients."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from docs.course.checks.chapter_10a import random_matrices
from docs.course.workshop.task import Check, Mutant, Observation, Observations, slopes


def _concatenate(mine: ModuleType) -> Observations:
    pair = mine.concatenate([mine.Tensor(np.ones((1, 2))), mine.Tensor(np.zeros((1, 2)))])
    yield Observation("two rows of the same width", pair.value, np.array([[1.0, 1, 0, 0]]))
    values = random_matrices((2, 1), (2, 3), (2, 2))
    tensors = [mine.Tensor(value) for value in values]
    joined = mine.concatenate(tensors)
    yield Observation("the joined array", joined.value, np.block([values]))
    yield Observation("the number of parents", len(joined.parents), 3)
    grad = np.arange(12.0).reshape(2, 6)
    pieces = list(joined.pullback(grad))
    right = [grad[:, :1], grad[:, 1:4], grad[:, 4:]]
    for i, (piece, slope) in enumerate(zip(pieces, right)):
        yield Observation(f"piece {i} of a slope of 0, 1, 2, ...", piece, slope)
    yield Observation("the number of pieces", len(pieces), 3)
    x = mine.Tensor(np.ones((2, 2, 3)))
    twice = mine.concatenate([x, x])
    pieces = list(twice.pullback(np.arange(24.0).reshape(2, 2, 6)))
    right = np.arange(24.0).reshape(2, 2, 2, 3)
    yield Observation("a tensor (2, 2, 3) twice", twice.value, np.ones((2, 2, 6)))
    yield Observation("its first piece", pieces[0], right[:, :, 0])
    yield Observation("its second piece", pieces[1], right[:, :, 1])
    yield from _bridge(mine)


def _bridge(mine: ModuleType) -> Observations:
    """Observe the network in which the end and the right branch read the left branch."""
    left, right, end, x = random_matrices((2, 2), (4, 1), (3, 1), (1, 2))

    def value(left: np.ndarray) -> Any:
        a = x @ left
        b = np.concatenate([x, a], axis=-1) @ right
        return (np.concatenate([a, b], axis=-1) @ end).item()

    weight = mine.Tensor(left)
    a = mine.Tensor(x) @ weight
    b = mine.concatenate([mine.Tensor(x), a]) @ mine.Tensor(right)
    loss = mine.concatenate([a, b]) @ mine.Tensor(end)
    loss.backward()
    yield Observation("the gradient in a bridge", weight.grad, slopes(value, left))


def _parameters(mine: ModuleType) -> Observations:
    leaves = [mine.Tensor(np.full(2, 1.0)) for _ in range(6)]
    a, b, c, d, e, f = leaves

    def names(tree: Any) -> list[str]:
        return ["abcdef"[[t is leaf for leaf in leaves].index(True)] for t in mine.parameters(tree)]

    yield Observation("a tensor", names(c), ["c"])
    yield Observation("a list", names([b, a]), ["b", "a"])
    yield Observation("a dictionary, in its order", names({"z": a, "y": b, "x": c}), list("abc"))
    tree = {"table": f, "blocks": [{"w": e, "b": d}, {"w": c, "b": b}], "end": (a,)}
    yield Observation("a model with a list of blocks", names(tree), list("fedcba"))
    tree = {"heads": 4, "name": "tiny", "mask": None, "w": a, "positions": np.ones((2, 2))}
    yield Observation("settings beside a tensor", names(tree), ["a"])
    tree = {"table": a, "blocks": [[b], [c]], "output": {"w": a, "again": [b]}}
    yield Observation("tied weights count once", names(tree), ["a", "b", "c"])
    yield Observation("no parameters at all", names({"empty": [], "rate": 0.1}), [])


def _gradients_of(mine: ModuleType) -> Observations:
    a, b, unused = (mine.Tensor(np.array(value)) for value in (3.0, 5.0, [1.0, 2.0]))
    got = mine.gradients_of(a * b, [a, b])
    yield Observation("a * b for 3 and 5", list(got), [np.array(5.0), np.array(3.0)])
    got = mine.gradients_of(a * a * b, [b, a])
    right = [np.array(9.0), np.array(30.0)]
    yield Observation("a * a * b by b and by a, after the loss before", list(got), right)
    got = mine.gradients_of(a * a, [a, b, unused])
    right = [np.array(6.0), np.array(0.0), np.zeros(2)]
    yield Observation("a * a by a, b, and a tensor that was never used", list(got), right)
    got = mine.gradients_of(mine.Tensor(np.array(1.0)) * b, [a, b])
    right = [np.array(0.0), np.array(1.0)]
    yield Observation("1 * b by a and b", list(got), right)
    yield Observation("the values are as they were", [a.value, b.value], [3.0, 5.0])


CHECKS = (
    Check(
        "10.4",
        _concatenate,
        mutants=(
            Mutant(
                "Your seams are one tensor too late: the widths add up to where the *next* one "
                "begins, and the first one begins at 0.",
                "[:-1]",
                "[1:]",
            ),
            Mutant(
                "You cut the slope into pieces of equal width. Tensors may have different widths.",
                "np.split(grad, seams, axis=-1)",
                "np.array_split(grad, len(values), axis=-1)",
            ),
            Mutant(
                "The pieces of the slope come in reverse order: the first piece belongs to the "
                "first tensor.",
                "np.split(grad, seams, axis=-1)",
                "np.split(grad, seams, axis=-1)[::-1]",
            ),
            Mutant(
                "The tensors are joined in reverse order.",
                "np.concatenate(values, axis=-1)",
                "np.concatenate(values[::-1], axis=-1)",
            ),
            Mutant(
                "You joined along the first axis. The last axis is that of the features.",
                "np.concatenate(values, axis=-1)",
                "np.concatenate(values, axis=0)",
            ),
            Mutant(
                "Your tensor does not name its parents, so no slope goes on from it.",
                "Tensor(joined, tuple(tensors), lambda grad: np.split(grad, seams, axis=-1))",
                "Tensor(joined)",
            ),
            Mutant(
                "Each tensor gets a mean share of the slope. It gets its own piece, whole.",
                "np.split(grad, seams, axis=-1)",
                "[g / len(values) for g in np.split(grad, seams, axis=-1)]",
            ),
        ),
    ),
    Check(
        "10.5",
        _parameters,
        mutants=(
            Mutant(
                "A tensor that is reached in two ways is in your list twice. Tied weights are one "
                "parameter.",
                "if all(tensor is not other for other in unique):",
                "if True:",
            ),
            Mutant(
                "You went through the keys of the dictionaries. The tensors are among their "
                "values.",
                "tree.values() if isinstance(tree, dict) else tree",
                "tree",
            ),
            Mutant(
                "You sorted the names of the dictionaries. Keep their own order.",
                "tree.values() if isinstance(tree, dict)",
                "[tree[key] for key in sorted(tree)] if isinstance(tree, dict)",
            ),
            Mutant(
                "You looked at the top level only. Containers hold containers.",
                "for tensor in parameters(part):",
                "for tensor in [part] if isinstance(part, Tensor) else []:",
            ),
            Mutant(
                "You skipped the tuples.",
                "isinstance(tree, (dict, list, tuple))",
                "isinstance(tree, (dict, list))",
            ),
            Mutant(
                "Tensors with equal numbers count as one in your list. Compare by `is`: two "
                "parameters that begin equal will not stay equal.",
                "tensor is not other",
                "not np.array_equal(tensor.value, other.value)",
            ),
            Mutant(
                "You skipped the lists: the blocks of a model are in one.",
                "isinstance(tree, (dict, list, tuple))",
                "isinstance(tree, (dict, tuple))",
            ),
        ),
    ),
    Check(
        "10.6",
        _gradients_of,
        mutants=(
            Mutant(
                "A tensor that this loss does not depend on has kept the slope of an earlier "
                "loss. Set `.grad` to None before you go backwards.",
                "        tensor.grad = None\n    loss.backward()",
                "        pass\n    loss.backward()",
            ),
            Mutant(
                "A tensor that the loss does not depend on has the gradient None. The optimizer "
                "needs zeros of its shape.",
                "np.zeros_like(t.value) if t.grad is None else t.grad",
                "t.grad",
            ),
            Mutant(
                "You left out the tensors that the loss does not depend on. Their gradients are "
                "zeros, in their positions: the optimizer counts.",
                "[np.zeros_like(t.value) if t.grad is None else t.grad for t in tensors]",
                "[t.grad for t in tensors if t.grad is not None]",
            ),
            Mutant(
                "The gradient of an unused tensor is the number 0. It needs the shape of the "
                "tensor.",
                "np.zeros_like(t.value)",
                "np.zeros(())",
            ),
            Mutant(
                "You forgot to go backwards: without `loss.backward()` no slope arrives anywhere.",
                "    loss.backward()\n",
                "",
            ),
            Mutant(
                "You returned the values of the tensors, not their gradients.",
                "else t.grad for t",
                "else t.value for t",
            ),
            Mutant(
                "You emptied `.grad` after going backwards, and the slopes were gone before you "
                "read them.",
                "    for tensor in tensors:\n        tensor.grad = None\n    loss.backward()",
                "    loss.backward()\n    for tensor in tensors[1:]:\n        tensor.grad = None",
            ),
            Mutant(
                "The gradients are in reverse order. They belong to the tensors in the order of "
                "the list.",
                "for t in tensors]",
                "for t in tensors[::-1]]",
            ),
        ),
    ),
)
