"""Recurrences over a sequence, each a fused scan beside its composed twin.

Letters: b batch, t length, n hidden width. What a step takes from the input has been projected for
all steps at once; the scan adds what it takes from the state before. mask: (b, t) booleans; where
False the state is handed on unchanged, so padding on either side changes nothing. reverse: from
the last step to the first.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import (
    Array,
    Gradients,
    Result,
    Sample,
    Tensor,
    composed_form,
    concat,
    primitive,
    samples,
    sigmoid,
    stack,
    tanh,
    where,
)

Mask = NDArray[np.bool_]


@primitive
def rnn_scan(
    x: Array, weight: Array, start: Array, *, mask: Mask | None = None, reverse: bool = False
) -> Result:
    """h_i = tanh(x_i + h_(i-1) W) (Elman 1990). x: (b, t, n), weight: (n, n), start: (b, n).

    -> all states (b, t, n). Backward through time: dz_i = (1 - h_i^2) dh_i, dh_(i-1) = dz_i W^T.
    """
    order, steps = _order(x.shape[1], reverse), _time_major(x)
    kept = _kept(mask, x)
    states, before = np.empty(steps.shape, x.dtype), np.empty(steps.shape, x.dtype)
    state = start
    for i in order:
        before[i] = state
        new = np.tanh(steps[i] + state @ weight)
        states[i] = state = _held(new, state, kept, i)

    def backward(grad: Array) -> Gradients:
        grads, by_steps = _time_major(grad), np.empty(steps.shape, x.dtype)
        carried = np.zeros(start.shape, x.dtype)
        for i in reversed(order):
            by_state = grads[i] + carried
            by_new, passed = _split(by_state, kept, i)
            by_steps[i] = by_new * (1 - states[i] * states[i])
            carried = by_steps[i] @ weight.T
            carried += passed
        return _time_major(by_steps), _outer(before, by_steps), carried

    return _time_major(states), backward


@composed_form(rnn_scan)
def rnn_scan_composed(
    x: Tensor, weight: Tensor, start: Tensor, *, mask: Mask | None = None, reverse: bool = False
) -> Tensor:
    """h_i = tanh(x_i + h_(i-1) W) in plain operations."""
    state, states = start, {}
    for i in _order(x.shape[1], reverse):
        new = tanh(x[:, i] + state @ weight)
        state = new if mask is None else where(mask[:, i, np.newaxis], new, state)
        states[i] = state
    return stack(*(states[i] for i in range(x.shape[1])), axis=1)


@primitive
def gru_scan(
    x: Array,
    weight: Array,
    bias: Array,
    start: Array,
    *,
    mask: Mask | None = None,
    reverse: bool = False,
) -> Result:
    """The gated recurrent unit (Cho et al. 2014), reset after the product, so that it is one.

    x: (b, t, 3n) for reset, update and proposal; weight: (n, 3n), bias: (3n,), start: (b, n)
    -> all states (b, t, n). With q = h W + bias: r = s(x_r + q_r), u = s(x_u + q_u),
    c = tanh(x_c + r q_c), h' = (1 - u) c + u h.
    """
    n, order, steps = start.shape[1], _order(x.shape[1], reverse), _time_major(x)
    kept = _kept(mask, x)
    shape, half = (*steps.shape[:2], n), np.full(2 * n, 0.5, x.dtype)
    states, before = np.empty(shape, x.dtype), np.empty(shape, x.dtype)
    gates, own = np.empty(steps.shape, x.dtype), np.empty(steps.shape, x.dtype)
    state = start
    for i in order:
        before[i] = state
        np.matmul(state, weight, out=own[i])
        own[i] += bias
        step = steps[i]
        _squash(step[:, : 2 * n] + own[i, :, : 2 * n], half, gates[i, :, : 2 * n])
        reset, update = gates[i, :, :n], gates[i, :, n : 2 * n]
        proposal = np.tanh(step[:, 2 * n :] + reset * own[i, :, 2 * n :])
        gates[i, :, 2 * n :] = proposal
        states[i] = state = _held(proposal + update * (state - proposal), state, kept, i)

    def backward(grad: Array) -> Gradients:
        grads = _time_major(grad)
        by_steps, by_own = np.empty(steps.shape, x.dtype), np.empty(steps.shape, x.dtype)
        carried = np.zeros(start.shape, x.dtype)
        for i in reversed(order):
            by_new, passed = _split(grads[i] + carried, kept, i)
            reset, update, proposal = (gates[i, :, k * n : (k + 1) * n] for k in range(3))
            by_proposal = by_new * (1 - update) * (1 - proposal * proposal)
            by_steps[i, :, :n] = by_proposal * own[i, :, 2 * n :] * reset * (1 - reset)
            by_steps[i, :, n : 2 * n] = by_new * (before[i] - proposal) * update * (1 - update)
            by_steps[i, :, 2 * n :] = by_proposal
            by_own[i] = by_steps[i]
            by_own[i, :, 2 * n :] *= reset
            carried = by_own[i] @ weight.T
            carried += by_new * update
            carried += passed
        by_bias = by_own.sum(axis=(0, 1))
        return _time_major(by_steps), _outer(before, by_own), by_bias, carried

    return _time_major(states), backward


@composed_form(gru_scan)
def gru_scan_composed(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    start: Tensor,
    *,
    mask: Mask | None = None,
    reverse: bool = False,
) -> Tensor:
    """The gated recurrent unit in plain operations."""
    n = start.shape[1]
    state, states = start, {}
    for i in _order(x.shape[1], reverse):
        step, own = x[:, i], state @ weight + bias
        reset = sigmoid(step[:, :n] + own[:, :n])
        update = sigmoid(step[:, n : 2 * n] + own[:, n : 2 * n])
        proposal = tanh(step[:, 2 * n :] + reset * own[:, 2 * n :])
        new = (1 - update) * proposal + update * state
        state = new if mask is None else where(mask[:, i, np.newaxis], new, state)
        states[i] = state
    return stack(*(states[i] for i in range(x.shape[1])), axis=1)


@primitive
def lstm_scan(
    x: Array,
    weight: Array,
    start: Array,
    cell_start: Array,
    *,
    mask: Mask | None = None,
    reverse: bool = False,
) -> Result:
    """Long short-term memory (Hochreiter & Schmidhuber 1997) with a forget gate (Gers et al. 2000).

    x: (b, t, 4n) for the gates that enter and forget, the proposal, and the gate that leaves;
    weight: (n, 4n), start and cell_start: (b, n) -> states and cells (b, t, 2n).
    With z = x + h W: c' = s(z_f) c + s(z_e) tanh(z_p), h' = s(z_l) tanh(c').
    """
    n, order, steps = start.shape[1], _order(x.shape[1], reverse), _time_major(x)
    kept = _kept(mask, x)
    t, b = steps.shape[:2]
    scale = np.repeat(np.array([0.5, 0.5, 1, 0.5], x.dtype), n)
    both = np.empty((t, b, 2 * n), x.dtype)
    before, cell_before = np.empty((t, b, n), x.dtype), np.empty((t, b, n), x.dtype)
    gates, squashed = np.empty(steps.shape, x.dtype), np.empty((t, b, n), x.dtype)
    state, cell = start, cell_start
    for i in order:
        before[i], cell_before[i] = state, cell
        z = state @ weight
        z += steps[i]
        _squash(z, scale, gates[i])
        enter, forget, proposal, leave = (gates[i, :, k * n : (k + 1) * n] for k in range(4))
        new_cell = forget * cell + enter * proposal
        np.tanh(new_cell, out=squashed[i])
        state = _held(leave * squashed[i], state, kept, i)
        cell = _held(new_cell, cell, kept, i)
        both[i, :, :n], both[i, :, n:] = state, cell

    def backward(grad: Array) -> Gradients:
        grads, by_steps = _time_major(grad), np.empty(steps.shape, x.dtype)
        carried, cell_carried = np.zeros(start.shape, x.dtype), np.zeros(start.shape, x.dtype)
        for i in reversed(order):
            by_new, passed = _split(grads[i, :, :n] + carried, kept, i)
            by_cell, cell_passed = _split(grads[i, :, n:] + cell_carried, kept, i)
            enter, forget, proposal, leave = (gates[i, :, k * n : (k + 1) * n] for k in range(4))
            by_cell = by_cell + by_new * leave * (1 - squashed[i] * squashed[i])
            by_z = by_steps[i]
            by_z[:, :n] = by_cell * proposal * enter * (1 - enter)
            by_z[:, n : 2 * n] = by_cell * cell_before[i] * forget * (1 - forget)
            by_z[:, 2 * n : 3 * n] = by_cell * enter * (1 - proposal * proposal)
            by_z[:, 3 * n :] = by_new * squashed[i] * leave * (1 - leave)
            carried = by_z @ weight.T
            carried += passed
            cell_carried = by_cell * forget
            cell_carried += cell_passed
        return _time_major(by_steps), _outer(before, by_steps), carried, cell_carried

    return _time_major(both), backward


@composed_form(lstm_scan)
def lstm_scan_composed(
    x: Tensor,
    weight: Tensor,
    start: Tensor,
    cell_start: Tensor,
    *,
    mask: Mask | None = None,
    reverse: bool = False,
) -> Tensor:
    """Long short-term memory in plain operations."""
    n = start.shape[1]
    state, cell, states = start, cell_start, {}
    for i in _order(x.shape[1], reverse):
        z = x[:, i] + state @ weight
        enter, forget = sigmoid(z[:, :n]), sigmoid(z[:, n : 2 * n])
        proposal, leave = tanh(z[:, 2 * n : 3 * n]), sigmoid(z[:, 3 * n :])
        new_cell = forget * cell + enter * proposal
        new = leave * tanh(new_cell)
        if mask is not None:
            here = mask[:, i, np.newaxis]
            new, new_cell = where(here, new, state), where(here, new_cell, cell)
        state, cell = new, new_cell
        states[i] = concat(state, cell, axis=1)
    return stack(*(states[i] for i in range(x.shape[1])), axis=1)


def _squash(z: Array, scale: Array, out: Array) -> None:
    """Where scale is 1/2 the sigmoid, (1 + tanh(z / 2)) / 2, and where it is 1 tanh(z)."""
    np.multiply(z, scale, out=out)
    np.tanh(out, out=out)
    out *= scale
    out += 1 - scale


def _order(t: int, reverse: bool) -> range:
    return range(t - 1, -1, -1) if reverse else range(t)


def _time_major(x: Array) -> Array:
    """(b, t, n) <-> (t, b, n), so that each step lies together."""
    return np.ascontiguousarray(x.swapaxes(0, 1))


def _kept(mask: Mask | None, x: Array) -> Array | None:
    """The mask as numbers, (t, b, 1)."""
    return None if mask is None else mask.T[..., np.newaxis].astype(x.dtype)


def _held(new: Array, old: Array, kept: Array | None, i: int) -> Array:
    """The new state where the mask holds, else the old one."""
    return new if kept is None else np.where(kept[i] > 0, new, old)


def _split(grad: Array, kept: Array | None, i: int) -> tuple[Array, Array | float]:
    """The gradient of the new state, and of the old one that was handed on."""
    if kept is None:
        return grad, 0.0
    by_new = grad * kept[i]
    return by_new, grad - by_new


def _outer(before: Array, by_steps: Array) -> Array:
    """Gradient by the recurrent weight: the sum over all steps in one product."""
    return before.reshape(-1, before.shape[2]).T @ by_steps.reshape(-1, by_steps.shape[2])


def _settings() -> Iterator[tuple[dict[str, object], str]]:
    mask = np.array([[True, True, True, False], [False, True, False, True]])
    yield {}, "forward"
    yield {"reverse": True}, "backward"
    yield {"mask": mask}, "masked"
    yield {"mask": mask, "reverse": True}, "masked, backward"
    yield {"mask": np.zeros((2, 4), bool)}, "all masked"


@samples(rnn_scan)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for settings, note in _settings():
        arrays = rng.normal(size=(2, 4, 3)), rng.normal(size=(3, 3)), rng.normal(size=(2, 3))
        yield Sample(arrays, settings, note)


@samples(gru_scan)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for settings, note in _settings():
        shapes = (2, 4, 9), (3, 9), (9,), (2, 3)
        yield Sample(tuple(rng.normal(size=shape) for shape in shapes), settings, note)


@samples(lstm_scan)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for settings, note in _settings():
        shapes = (2, 4, 12), (3, 12), (2, 3), (2, 3)
        yield Sample(tuple(rng.normal(size=shape) for shape in shapes), settings, note)
