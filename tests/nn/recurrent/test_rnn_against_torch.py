"""Recurrent networks against torch with copied weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pmt_autograd import Tensor
from pmt_nn import GRU, LSTM, RNN

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore::UserWarning")]


def same(x: np.ndarray) -> np.ndarray:
    return x


def turned(x: np.ndarray) -> np.ndarray:
    return x.T


def pairs_of(ours: Any, theirs: Any) -> list[tuple[Any, Any, Any]]:
    pairs = []
    for i, cell in enumerate(ours.cells):
        layer, back = divmod(i, ours.directions)
        end = f"l{layer}" + ("_reverse" if back else "")
        pairs.append((cell.input.weight, getattr(theirs, f"weight_ih_{end}"), turned))
        pairs.append((cell.input.bias, getattr(theirs, f"bias_ih_{end}"), same))
        pairs.append((cell.weight, getattr(theirs, f"weight_hh_{end}"), turned))
        if cell.bias is not None:
            pairs.append((cell.bias, getattr(theirs, f"bias_hh_{end}"), same))
        else:  # theirs has two biases where one does
            getattr(theirs, f"bias_hh_{end}").data.zero_()
    return pairs


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [RNN, GRU, LSTM])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("lengths", [None, [5, 2, 3]], ids=["full", "masked"])
def test_recurrent(oracle, rng, stir, dtype, kind, bidirectional, layers, lengths) -> None:
    torch = oracle.torch
    ours = stir(kind(4, 3, rng, layers=layers, bidirectional=bidirectional, dtype=dtype))
    theirs = getattr(torch.nn, kind.__name__)(
        4, 3, layers, bidirectional=bidirectional, batch_first=True
    ).to(torch.float64 if dtype == np.float64 else torch.float32)
    pairs = pairs_of(ours, theirs)
    oracle.copy({other: layout(local.data) for local, other, layout in pairs})
    x = Tensor(rng.normal(size=(3, 5, 4)).astype(dtype), requires_grad=True)
    first = rng.normal(size=(2, len(ours.cells), 3, 3)).astype(dtype)
    tx = oracle.tensor(x.data)
    local = [Tensor(s, requires_grad=True) for s in (first if kind is LSTM else first[:1])]
    other = [oracle.tensor(s.data) for s in local]
    fed, mask = tx, None
    if lengths is not None:
        mask = np.arange(5) < np.array(lengths)[:, np.newaxis]
        fed = torch.nn.utils.rnn.pack_padded_sequence(
            tx, torch.tensor(lengths), batch_first=True, enforce_sorted=False
        )
    outputs, last = ours(x, mask, tuple(local) if kind is LSTM else local[0])
    their_outputs, their_last = theirs(fed, tuple(other) if kind is LSTM else other[0])
    if lengths is not None:
        their_outputs, _ = torch.nn.utils.rnn.pad_packed_sequence(their_outputs, batch_first=True)
    ends = (last, their_last) if kind is LSTM else ((last,), (their_last,))
    states = list(zip(local, other, [same] * 2, strict=False))
    oracle.compare((outputs, *ends[0]), (their_outputs, *ends[1]), [(x, tx, same), *states, *pairs])
