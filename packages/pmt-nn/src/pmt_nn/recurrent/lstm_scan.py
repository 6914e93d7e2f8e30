"""The LSTM scan over a sequence, fused and in composed form; letters as in `scans.py`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import pmt_autograd as ag
from pmt_autograd import Array, Gradients, Result, Sample, Tensor, sigmoid, split
from pmt_nn.masks import Mask
from pmt_nn.recurrent.scans import (
    gate_views,
    sample_scans,
    scan_flops,
    select_updated,
    split_gradient,
    squash,
    step_mask,
    step_order,
    time_major,
    unrolled,
    weight_gradient,
)


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
    """
    n, order, steps = start.shape[1], step_order(x.shape[1], reverse), time_major(x)
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


ag.counts_flops(lstm_scan)(scan_flops)


@ag.samples(lstm_scan)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    return sample_scans(rng, (2, 4, 12), (3, 12), (2, 3), (2, 3))
