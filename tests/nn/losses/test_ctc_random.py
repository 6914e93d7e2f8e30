"""CTC beside torch on random configurations (`-m oracle`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import Comparison, Inputs, hold

from pmt_autograd import log_softmax
from pmt_nn import ctc_loss

pytestmark = pytest.mark.oracle


def sequences(draw: Draw) -> Inputs:
    """Targets of different lengths, some longer than their inputs."""
    b, t, v, s = draw.integer(1, 4), draw.integer(1, 9), draw.integer(2, 5), draw.integer(0, 5)
    blank = draw.integer(0, v - 1)
    targets = draw.rng.integers(0, v - 1, (b, s))
    targets += targets >= blank
    settings = {
        "input_lengths": draw.rng.integers(1, t + 1, b),
        "target_lengths": draw.rng.integers(0, s + 1, b),
        "blank": blank,
        "zero_infinity": True,
        "reduction": draw.choice(["mean", "sum", "none"]),
    }
    return [draw.normal(b, t, v, large=30, small=1e-6), targets], settings


def our_loss(logits: Any, targets: Any, **settings: Any) -> Any:
    return ctc_loss(log_softmax(logits), targets, **settings)


def torch_loss(
    torch: Any, logits: Any, targets: Any, input_lengths: Any, target_lengths: Any, **settings: Any
) -> Any:
    x = torch.log_softmax(logits, -1).swapaxes(0, 1)
    lengths = torch.from_numpy(input_lengths), torch.from_numpy(target_lengths)
    return torch.nn.functional.ctc_loss(x, targets, *lengths, **settings)


def of_steps(logits: Any, targets: Any, **settings: Any) -> dict[str, float]:
    size = 10 + float(np.abs(logits).max(initial=0))
    return {"output 0": size * logits.shape[1] * len(logits), "gradient 0": size}


def test_torch_agrees() -> None:
    hold(Comparison("ctc_loss", our_loss, torch_loss, sequences, scales=of_steps, edges=False))
