"""Recurrent networks beside torch on random configurations (`-m oracle`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import Comparison, Inputs, hold

from pmt_nn import GRU, LSTM, RNN, Module

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore::UserWarning")]
KINDS: dict[str, Any] = {"RNN": RNN, "GRU": GRU, "LSTM": LSTM}


def network(draw: Draw, kind: str) -> Inputs:
    """Input, first states and the weights of every cell; sequences of different lengths."""
    b, t, n_in, n = draw.integer(1, 3), draw.integer(1, 5), draw.integer(1, 4), draw.integer(1, 4)
    layers, directions = draw.integer(1, 2), draw.integer(1, 2)
    settings = {"kind": kind, "n": n, "layers": layers, "directions": directions}
    lengths = draw.rng.integers(1, t + 1, b)
    lengths[0] = t
    settings["lengths"] = lengths if draw.chance(0.6) else None
    arrays = [draw.normal(b, t, n_in, large=30, small=1e-6, mixed=3)]
    first = KINDS[kind]
    settings["states"] = draw.chance(0.5)
    for _ in range((1 + (kind == "LSTM")) * settings["states"]):
        arrays.append(draw.rng.normal(size=(layers * directions, b, n)).astype(draw.dtype))
    for i in range(layers * directions):
        width = n_in if i < directions else n * directions
        shapes = [(width, first.gates * n), (first.gates * n,), (n, first.gates * n)]
        shapes += [(first.gates * n,)] * first.state_bias
        arrays += [(draw.rng.normal(size=s) * 0.7).astype(draw.dtype) for s in shapes]
    return arrays, settings


def parts(kind: str, arrays: Any, settings: dict[str, Any]) -> tuple[Any, Any, list[Any]]:
    """Return x, the first states and the weights of each cell."""
    x, *rest = arrays
    count = (1 + (kind == "LSTM")) * settings["states"]
    states, weights = rest[:count], rest[count:]
    each = 3 + KINDS[kind].state_bias
    cells = [weights[i : i + each] for i in range(0, len(weights), each)]
    return x, (states if kind == "LSTM" else states[0]) if states else None, cells


def our_network(*arrays: Any, **settings: Any) -> Any:
    kind, lengths = settings["kind"], settings["lengths"]
    x, states, cells = parts(kind, arrays, settings)
    model: Module = KINDS[kind](
        x.shape[2],
        settings["n"],
        np.random.default_rng(0),
        layers=settings["layers"],
        bidirectional=settings["directions"] == 2,
        dtype=x.dtype,
    )
    for cell, weights in zip(model.cells, cells, strict=True):
        cell.input.weight, cell.input.bias, cell.weight = weights[:3]
        if len(weights) == 4:
            cell.bias = weights[3]
    mask = None if lengths is None else np.arange(x.shape[1]) < lengths[:, np.newaxis]
    y, last = model(
        x, mask, None if states is None else tuple(states) if kind == "LSTM" else states
    )
    return (y, *last) if kind == "LSTM" else (y, last)


def torch_network(torch: Any, *arrays: Any, **settings: Any) -> Any:
    kind, lengths, n = settings["kind"], settings["lengths"], settings["n"]
    x, states, cells = parts(kind, arrays, settings)
    model = getattr(torch.nn, kind)(
        x.shape[2],
        n,
        settings["layers"],
        bidirectional=settings["directions"] == 2,
        batch_first=True,
        dtype=x.dtype,
    )
    values: dict[str, Any] = {}
    for i, weights in enumerate(cells):
        suffix = f"l{i // settings['directions']}" + "_reverse" * (i % settings["directions"])
        values[f"weight_ih_{suffix}"], values[f"bias_ih_{suffix}"] = weights[0].T, weights[1]
        values[f"weight_hh_{suffix}"] = weights[2].T
        zero = torch.zeros_like(weights[1])
        values[f"bias_hh_{suffix}"] = weights[3] if len(weights) == 4 else zero
    state = None if states is None else tuple(states) if kind == "LSTM" else states
    if lengths is not None:
        x = torch.nn.utils.rnn.pack_padded_sequence(
            x, torch.from_numpy(lengths), batch_first=True, enforce_sorted=False
        )
    y, last = torch.func.functional_call(model, values, (x, state))
    if lengths is not None:
        y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True)
    return (y, *last) if kind == "LSTM" else (y, last)


def of_states(*arrays: Any, **settings: Any) -> dict[str, float]:
    """The slope of a gate near its end is a difference from 1, times an input."""
    size = max(1.0, *(float(np.abs(x).max(initial=0)) for x in arrays))
    gradients = {f"gradient {i}": size for i in range(len(arrays))}
    return {f"output {i}": 1.0 for i in range(3)} | gradients


CASES = [
    Comparison(
        kind,
        our_network,
        torch_network,
        lambda d, kind=kind: network(d, kind),
        scales=of_states,
        edges=False,
    )
    for kind in KINDS
]


@pytest.mark.parametrize("comparison", CASES, ids=str)
def test_torch_agrees(comparison: Comparison) -> None:
    hold(comparison)
