"""The tape of a computation as JSON: its nodes with values, gradients, and the order of steps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from pmt_apps.tape.computations import Computation
from pmt_autograd import REGISTRY, Array, Tensor, ValueNode, tape_values
from pmt_core import DataError, value_text

_MOST = 20.0  # of an input: exp of it is still a number that can be read
_DIGITS = 6  # of a number


def described(computation: Computation) -> dict[str, Any]:
    """Return name, title, text and inputs of a computation."""
    return {
        "name": computation.name,
        "title": computation.title,
        "about": computation.about,
        "inputs": dict(computation.inputs),
        "whole": dict(computation.whole),
        "rows": dict(computation.rows),
        "columns": dict(computation.columns),
    }


def traced(computation: Computation, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return "nodes", the tape of the computation, leaves first, the loss last.

    Each has "label", "name", "rule" (what the operation and its gradient are), "value", "grad",
    "inputs" (indices of nodes), "input_grads", "is_leaf", and "step", its number in the backward
    pass.

    Args:
        computation: which one.
        inputs: name -> numbers, of the shapes that the computation has; the others are its own.

    Raises:
        DataError: for a name or a number that is not allowed.
    """
    unknown = sorted(set(inputs) - set(computation.inputs))
    if unknown:
        raise DataError(
            f'"inputs": expected some of {", ".join(computation.inputs)}; '
            f"got {', '.join(unknown)[:100]}"
        )
    tensors = {
        name: Tensor(
            _checked(computation, name, inputs.get(name, value)),
            requires_grad=name not in computation.constants,
        )
        for name, value in computation.inputs.items()
    }
    nodes = tape_values(lambda: computation.compute(tensors), tensors)
    return {**described(computation), "nodes": [_node(node) for node in nodes]}


def _checked(computation: Computation, name: str, value: Any) -> Array:
    """Return an input as an array. Raises DataError."""
    first: Array = np.array(computation.inputs[name])
    try:
        array = np.array(value)
    except ValueError:  # lists of different lengths
        array = np.array(None)
    where = f'"inputs": {name}'
    if array.shape != first.shape or array.dtype.kind not in "iuf":
        shape = " x ".join(map(str, first.shape)) or "one number"
        raise DataError(f"{where}: expected numbers, {shape}; got {value_text(value)}")
    if name in computation.whole:
        below = computation.whole[name]
        if not (np.isin(array, np.arange(below))).all():
            raise DataError(f"{where}: expected a whole number from 0 to {below - 1}")
        return array.astype(np.int64)
    if not (np.abs(array) <= _MOST).all():
        raise DataError(f"{where}: expected numbers from -{_MOST:g} to {_MOST:g}")
    return array.astype(np.float64)


def _node(node: ValueNode) -> dict[str, Any]:
    return {
        "label": node.label,
        "name": node.name,
        "rule": "" if node.is_leaf else _rule(node.label),
        "value": _numbers(node.value),
        "grad": _numbers(node.grad),
        "inputs": list(node.inputs),
        "input_grads": [_numbers(grad) for grad in node.input_grads],
        "is_leaf": node.is_leaf,
        "step": node.step,
    }


def _rule(operation: str) -> str:
    """Return the docstring of a primitive up to its gradient, at most two paragraphs."""
    text = REGISTRY[operation].function.__doc__ or ""
    first, *others = (" ".join(part.split()) for part in text.split("\n\n"))
    return first if re.search(r"\bd[ (]", first) or not others else f"{first} {others[0]}"


def _numbers(array: Array | None) -> Any:
    """Return numbers of some digits as lists; None stays None."""
    if array is None:
        return None
    return np.vectorize(lambda x: float(f"{x:.{_DIGITS}g}"), otypes=[float])(array).tolist()
