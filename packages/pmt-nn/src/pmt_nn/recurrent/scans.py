"""Recurrent scans over a sequence: Elman network, GRU and LSTM, fused and in composed form.

Letters: b batch, t length, n state width. The input x holds the projections of all steps; a scan
adds the product of the previous state and the recurrent weight. mask: (b, t) booleans; where it is
False the state is passed on unchanged, so padding at either end changes nothing. reverse: run from
the last step to the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

import pmt_autograd as ag
from pmt_autograd import Array, Gradients, Result, Sample, Tensor, sigmoid, split
from pmt_core import as_floats
from pmt_nn.masks import Mask
from pmt_nn.recurrent.steps import (
    gate_views,
    masked_steps,
    select_updated,
    split_gradient,
    squash,
    step_mask,
    step_order,
    time_major,
    weight_gradient,
)
from pmt_nn.recurrent.unrolled import scan_samples, unrolled

FLOPS_PER_GATE = 4  # FLOPs of a gate's element beside the product: bias, activation, product, sum


@ag.primitive
def rnn_scan(
    x: Array, weight: Array, start: Array, *, mask: Mask | None = None, reverse: bool = False
) -> Result:
    """Run an Elman network, h_i = tanh(x_i + h_(i-1) W) (Elman 1990).

    x: (b, t, n), weight: (n, n), start: (b, n). Returns all states (b, t, n).
    Backward through time: dz_i = (1 - h_i^2) dh_i, dh_(i-1) = dz_i W^T.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import rnn_scan
        >>> x = np.array([[[1.0], [0.0], [0.0]]])  # an input at the first step only
        >>> rnn_scan(x, np.array([[1.0]]), np.zeros((1, 1))).data[0, :, 0].round(3)  # fades away
        array([0.762, 0.642, 0.566])
    """
    x = as_floats(x)
    order, steps = step_order(x.shape[1], reverse), masked_steps(x, mask)
    mask_of_steps = step_mask(mask, x)
    states, previous = np.empty(steps.shape, x.dtype), np.empty(steps.shape, x.dtype)
    state = start
    for i in order:
        previous[i] = state
        updated = np.tanh(steps[i] + state @ weight)
        states[i] = state = select_updated(updated, state, mask_of_steps, i)

    def backward(grad: Array) -> Gradients:
        grads, by_steps = time_major(grad), np.empty(steps.shape, x.dtype)
        carried = np.zeros(start.shape, x.dtype)
        for i in reversed(order):
            by_updated, passed = split_gradient(grads[i] + carried, mask_of_steps, i)
            by_steps[i] = by_updated * (1 - states[i] * states[i])
            carried = by_steps[i] @ weight.T
            carried += passed
        return time_major(by_steps), weight_gradient(previous, by_steps), carried

    return time_major(states), backward


@ag.composed_form(rnn_scan)
def rnn_scan_composed(x: Tensor, weight: Tensor, start: Tensor, **settings: Any) -> Tensor:
    """Run `rnn_scan` in plain operations."""

    def step(x: Tensor, state: Tensor) -> tuple[Tensor, ...]:
        return ((x + state @ weight).tanh(),)

    return unrolled(step, x, (start,), **settings)


@ag.primitive
def gru_scan(
    x: Array,
    weight: Array,
    bias: Array | None,
    start: Array,
    *,
    mask: Mask | None = None,
    reverse: bool = False,
) -> Result:
    """Run a gated recurrent unit (Cho et al. 2014) with the reset after the product.

    x: (b, t, 3n): reset, update and candidate pre-activations; weight: (n, 3n), bias: (3n,)
    or None for 0, start: (b, n). Returns all states (b, t, n). With q = h W + bias:
    r = s(x_r + q_r), u = s(x_u + q_u), c = tanh(x_c + r q_c), h' = (1 - u) c + u h.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import gru_scan
        >>> x = np.zeros((1, 3, 3))  # reset, update and candidate of one unit
        >>> x[..., 1] = 100  # update 1: the state is copied
        >>> gru_scan(x, np.zeros((1, 3)), None, np.array([[0.7]])).data[0, :, 0].round(3)
        array([0.7, 0.7, 0.7])
    """
    x = as_floats(x)
    n, order, steps = start.shape[1], step_order(x.shape[1], reverse), masked_steps(x, mask)
    mask_of_steps = step_mask(mask, x)
    shape, half = (*steps.shape[:2], n), np.full(2 * n, 0.5, x.dtype)
    states, previous = np.empty(shape, x.dtype), np.empty(shape, x.dtype)
    gates, recurrent = np.empty(steps.shape, x.dtype), np.empty(steps.shape, x.dtype)
    state = start
    for i in order:
        previous[i] = state
        np.matmul(state, weight, out=recurrent[i])
        if bias is not None:
            recurrent[i] += bias
        step = steps[i]
        squash(step[:, : 2 * n] + recurrent[i, :, : 2 * n], half, gates[i, :, : 2 * n])
        reset, update = gates[i, :, :n], gates[i, :, n : 2 * n]
        candidate = np.tanh(step[:, 2 * n :] + reset * recurrent[i, :, 2 * n :])
        gates[i, :, 2 * n :] = candidate
        updated = candidate + update * (state - candidate)
        states[i] = state = select_updated(updated, state, mask_of_steps, i)

    def backward(grad: Array) -> Gradients:
        grads = time_major(grad)
        by_steps, by_recurrent = np.empty(steps.shape, x.dtype), np.empty(steps.shape, x.dtype)
        carried = np.zeros(start.shape, x.dtype)
        for i in reversed(order):
            by_updated, passed = split_gradient(grads[i] + carried, mask_of_steps, i)
            reset, update, candidate = gate_views(gates[i], n)
            by_candidate = by_updated * (1 - update) * (1 - candidate * candidate)
            by_steps[i, :, :n] = by_candidate * recurrent[i, :, 2 * n :] * reset * (1 - reset)
            by_update = by_updated * (previous[i] - candidate)
            by_steps[i, :, n : 2 * n] = by_update * update * (1 - update)
            by_steps[i, :, 2 * n :] = by_candidate
            by_recurrent[i] = by_steps[i]
            by_recurrent[i, :, 2 * n :] *= reset
            carried = by_recurrent[i] @ weight.T
            carried += by_updated * update
            carried += passed
        by_bias = None if bias is None else by_recurrent.sum(axis=(0, 1))
        return time_major(by_steps), weight_gradient(previous, by_recurrent), by_bias, carried

    return time_major(states), backward


@ag.composed_form(gru_scan)
def gru_scan_composed(
    x: Tensor, weight: Tensor, bias: Tensor | None, start: Tensor, **settings: Any
) -> Tensor:
    """Run `gru_scan` in plain operations."""

    def step(x: Tensor, state: Tensor) -> tuple[Tensor, ...]:
        x_reset, x_update, x_candidate = split(x, sections=3, axis=-1)
        product = state @ weight if bias is None else state @ weight + bias
        reset, update, candidate = split(product, sections=3, axis=-1)
        reset, update = sigmoid(x_reset + reset), sigmoid(x_update + update)
        candidate = (x_candidate + reset * candidate).tanh()
        return ((1 - update) * candidate + update * state,)

    return unrolled(step, x, (start,), **settings)


@ag.primitive
def lstm_scan(
    x: Array,
    weight: Array,
    start: Array,
    cell_start: Array,
    *,
    mask: Mask | None = None,
    reverse: bool = False,
) -> Result:
    """Run an LSTM (Hochreiter & Schmidhuber 1997) with forget gates (Gers et al. 2000).

    x: (b, t, 4n): input, forget, candidate and output pre-activations; weight: (n, 4n), start and
    cell_start: (b, n). Returns states and cells (b, t, 2n).
    With z = x + h W: c' = s(z_f) c + s(z_i) tanh(z_c), h' = s(z_o) tanh(c').

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import lstm_scan
        >>> x = np.zeros((1, 3, 4))  # input, forget, candidate and output of one unit
        >>> x[..., 0], x[..., 1] = -100, 100  # nothing is added, nothing is forgotten
        >>> zeros = np.zeros((1, 1))
        >>> lstm_scan(x, np.zeros((1, 4)), zeros, np.array([[2.0]])).data[0].round(3)  # state, cell
        array([[0.482, 2.   ],
               [0.482, 2.   ],
               [0.482, 2.   ]])
    """
    x = as_floats(x)
    n, order, steps = start.shape[1], step_order(x.shape[1], reverse), masked_steps(x, mask)
    mask_of_steps = step_mask(mask, x)
    t, b = steps.shape[:2]
    scale = np.repeat(np.array([0.5, 0.5, 1, 0.5], x.dtype), n)
    states = np.empty((t, b, 2 * n), x.dtype)
    previous, previous_cells = np.empty((t, b, n), x.dtype), np.empty((t, b, n), x.dtype)
    gates, squashed = np.empty(steps.shape, x.dtype), np.empty((t, b, n), x.dtype)
    state, cell = start, cell_start
    for i in order:
        previous[i], previous_cells[i] = state, cell
        z = state @ weight
        z += steps[i]
        squash(z, scale, gates[i])
        input_gate, forget, candidate, output = gate_views(gates[i], n)
        updated_cell = forget * cell + input_gate * candidate
        np.tanh(updated_cell, out=squashed[i])
        state = select_updated(output * squashed[i], state, mask_of_steps, i)
        cell = select_updated(updated_cell, cell, mask_of_steps, i)
        states[i, :, :n], states[i, :, n:] = state, cell

    def backward(grad: Array) -> Gradients:
        grads, by_steps = time_major(grad), np.empty(steps.shape, x.dtype)
        carried, cell_carried = np.zeros(start.shape, x.dtype), np.zeros(start.shape, x.dtype)
        for i in reversed(order):
            by_updated, passed = split_gradient(grads[i, :, :n] + carried, mask_of_steps, i)
            by_cell, cell_passed = split_gradient(grads[i, :, n:] + cell_carried, mask_of_steps, i)
            input_gate, forget, candidate, output = gate_views(gates[i], n)
            by_cell = by_cell + by_updated * output * (1 - squashed[i] * squashed[i])
            by_z = by_steps[i]
            by_z[:, :n] = by_cell * candidate * input_gate * (1 - input_gate)
            by_z[:, n : 2 * n] = by_cell * previous_cells[i] * forget * (1 - forget)
            by_z[:, 2 * n : 3 * n] = by_cell * input_gate * (1 - candidate * candidate)
            by_z[:, 3 * n :] = by_updated * squashed[i] * output * (1 - output)
            carried = by_z @ weight.T
            carried += passed
            cell_carried = by_cell * forget
            cell_carried += cell_passed
        return time_major(by_steps), weight_gradient(previous, by_steps), carried, cell_carried

    return time_major(states), backward


@ag.composed_form(lstm_scan)
def lstm_scan_composed(
    x: Tensor, weight: Tensor, start: Tensor, cell_start: Tensor, **settings: Any
) -> Tensor:
    """Run `lstm_scan` in plain operations."""

    def step(x: Tensor, state: Tensor, cell: Tensor) -> tuple[Tensor, ...]:
        input_gate, forget, candidate, output = split(x + state @ weight, sections=4, axis=-1)
        cell = sigmoid(forget) * cell + sigmoid(input_gate) * candidate.tanh()
        return sigmoid(output) * cell.tanh(), cell

    return unrolled(step, x, (start, cell_start), **settings)


@ag.counts_flops(rnn_scan, gru_scan, lstm_scan)
def _(value: Array, x: Array, weight: Array, *arrays: Array, **settings: object) -> int:
    """Count the recurrent product, and `FLOPS_PER_GATE` for each element of a gate."""
    return (2 * len(weight) + FLOPS_PER_GATE) * x.size


ag.samples(rnn_scan)(partial(scan_samples, shapes=[(2, 4, 3), (3, 3), (2, 3)]))


@ag.samples(gru_scan)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield from scan_samples(rng, shapes=[(2, 4, 9), (3, 9), (9,), (2, 3)])
    x, weight, start = (rng.normal(size=shape) for shape in ((2, 4, 9), (3, 9), (2, 3)))
    yield Sample((x, weight, None, start), note="no bias")


ag.samples(lstm_scan)(partial(scan_samples, shapes=[(2, 4, 12), (3, 12), (2, 3), (2, 3)]))
