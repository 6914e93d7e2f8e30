"""Recomputation (gradient checkpointing): less memory for more time.

Chen et al., "Training deep nets with sublinear memory cost", 2016.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pmt_autograd.backward import backpropagate
from pmt_autograd.grad_mode import enable_grad, recording
from pmt_autograd.node import Node, creation_numbers
from pmt_autograd.record import record
from pmt_autograd.tensor import Tensor
from pmt_autograd.types import Array
from pmt_core import SettingsError, StateError


def recompute(
    function: Callable[..., Tensor], *inputs: Any, rng: np.random.Generator | None = None
) -> Tensor:
    """Return `function(*inputs)`; compute its inner values again in backward, not save them.

    One node replaces the tape of the call, so a deep model that calls its blocks this way saves
    the inputs of the blocks instead of every activation (Chen et al. 2016). The gradients are those
    of a plain call, also those of other tensors that the function uses, such as the parameters of a
    layer.

    Args:
        function: returns one tensor, the same at every call with the same inputs.
        inputs: of the function.
        rng: passed on as `function(*inputs, rng=rng)`; the second call draws the same numbers from
            a copy, so dropout has the same masks.

    Raises:
        StateError: in backward, if the second call returns another result: the function uses a
            generator not passed as rng, or its parameters were changed in between.
        SettingsError: if the function does not return one tensor.

    Examples:
        >>> from pmt_autograd import Tensor, recompute, tape_trace
        >>> def block(x):
        ...     return (x * 2).tanh().exp()
        >>> x = Tensor([0.0, 1.0], requires_grad=True)
        >>> y = recompute(block, x)
        >>> print(tape_trace(y))
        %0 = leaf           (2,)
        %1 = recompute(%0)  (2,)
        >>> y.sum().backward()
        >>> x.grad.round(3)
        array([2.   , 0.371], dtype=float32)
    """
    state = None if rng is None else rng.bit_generator.state
    if not recording.on:
        return _call(function, inputs, rng)
    since = next(creation_numbers)
    result = _call(function, inputs, rng)
    root = result.node
    if root is None or root.order > since:
        return result  # it recorded nothing
    parents = _older(root, since)
    result.node = None  # frees the inner tape and all that it saves
    fingerprint = _fingerprint(result._data)

    def backward(grad: Array) -> tuple[Any, ...]:
        again_since = next(creation_numbers)
        with enable_grad():
            again = _call(function, inputs, None if rng is None else _generator_at(rng, state))
        if again.node is None or not np.allclose(
            _fingerprint(again._data), fingerprint, rtol=1e-3, atol=1e-6, equal_nan=True
        ):
            raise StateError(
                "recompute: the function gave another result on its second run, so its gradient "
                "would be wrong; give its random generator as recompute(..., rng=rng), and do not "
                "change parameters between forward and backward"
            )
        gradients = backpropagate(again.node, grad, oldest=again_since, leaves={})
        return tuple(gradients.get(parent) for parent in parents)

    return record("recompute", result._data, backward, parents)


def _call(
    function: Callable[..., Tensor], inputs: tuple[Any, ...], rng: np.random.Generator | None
) -> Tensor:
    result = function(*inputs) if rng is None else function(*inputs, rng=rng)
    if not isinstance(result, Tensor):
        raise SettingsError(
            f"a recomputed function returns one tensor, got {type(result).__name__}; "
            "join several by concat or stack and split them afterwards"
        )
    return result


def _older(root: Node, since: int) -> list[Node | Tensor]:
    """Return what the tape behind `root` starts from: leaves, and nodes older than `since`."""
    parents: dict[Node | Tensor, None] = {}
    inner, seen = [root], {root}
    for node in inner:  # grows during the loop
        for parent in node.parents:
            if type(parent) is Node and parent.order < since:
                if parent not in seen:
                    seen.add(parent)
                    inner.append(parent)
            elif parent is not None:
                parents[parent] = None
    return list(parents)


def _fingerprint(value: Array) -> Array:
    """Return up to 64 elements of a result, evenly spaced."""
    flat = value.reshape(-1)
    return flat[:: max(1, flat.size // 64)].astype(np.float64)


def _generator_at(rng: np.random.Generator, state: Any) -> np.random.Generator:
    """Return a generator of the same kind in an earlier state; `rng` itself is not changed."""
    bits = type(rng.bit_generator)()
    bits.state = state
    return np.random.Generator(bits)
