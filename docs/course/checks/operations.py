"""Observe an operation on tensors: its value, and its gradients beside central differences."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from docs.course.workshop.task import Observation, Observations, slopes


def gradients_of(
    mine: ModuleType, operation: Callable[..., Any], arrays: tuple[np.ndarray, ...]
) -> tuple[Any, np.ndarray, list[Any]]:
    """Return the value of an operation, slopes that arrive, and the gradients by its arguments.

    Reads the tape itself, so that nothing but the operation is looked at.
    """
    tensors = [mine.Tensor(array.copy()) for array in arrays]
    result = operation(*tensors)
    grad = np.random.default_rng(9).normal(size=result.value.shape)
    received: dict[int, Any] = {id(result): grad}
    for node in reversed(_parents_first(result, {})):
        if node.pullback is not None and id(node) in received:
            for parent, part in zip(node.parents, node.pullback(received[id(node)])):
                received[id(parent)] = received.get(id(parent), 0) + np.asarray(part)
    zeros = np.zeros(())
    return result.value, grad, [received.get(id(tensor), zeros) for tensor in tensors]


def _parents_first(node: Any, seen: dict[int, Any]) -> list[Any]:
    """Return the nodes behind one that are not in `seen`, and add them to it."""
    if id(node) in seen:
        return []
    seen[id(node)] = node
    before = [each for parent in node.parents for each in _parents_first(parent, seen)]
    return [*before, node]


def observe_operation(
    mine: ModuleType,
    label: str,
    operation: Callable[..., Any],
    oracle: Callable[..., np.ndarray],
    *arrays: np.ndarray,
) -> Observations:
    """Yield the value and the gradients of an operation, beside those of an oracle."""
    value, grad, shares = gradients_of(mine, operation, arrays)
    yield Observation(label, value, oracle(*arrays))
    for i, share in enumerate(shares):
        which = "" if len(arrays) == 1 else f" by argument {i + 1}"

        def loss(x: np.ndarray, i: int = i) -> float:
            inputs = [x if j == i else array for j, array in enumerate(arrays)]
            return float((grad * oracle(*inputs)).sum())

        yield Observation(f"{label}: the gradient{which}", share, slopes(loss, arrays[i]))
