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
    """Return the value of an operation, slopes that arrive, and what its pullback makes of them.

    Calls the pullback itself, so that nothing but the operation is looked at.
    """
    tensors = [mine.Tensor(array.copy()) for array in arrays]
    result = operation(*tensors)
    grad = np.random.default_rng(9).normal(size=result.value.shape)
    parts = result.pullback(grad)
    shares = [np.zeros_like(array) for array in arrays]
    for parent, part in zip(result.parents, parts):
        for i, tensor in enumerate(tensors):
            if parent is tensor:
                shares[i] = shares[i] + np.asarray(part)
    return result.value, grad, shares


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
