"""Losses with the output layer in one step, beside torch on random configurations."""

from __future__ import annotations

from typing import Any

import pytest
from random_arrays import Draw
from torch_comparison import Comparison, Inputs, hold, largest

from pmt_nn import tied_cross_entropy, tied_r_drop_loss

pytestmark = pytest.mark.oracle


def tied(draw: Draw) -> Inputs:
    n, d, v = draw.length(), draw.length(1), draw.length(1)
    arrays = [draw.normal(n, d, large=100), draw.normal(v, d), draw.scaled(v, exponent=3)]
    labels = draw.rng.integers(0, v, n)
    return [*arrays, labels], {"label_smoothing": draw.choice([0.0, 0.1])}


def torch_tied(torch: Any, x: Any, table: Any, bias: Any, labels: Any, **settings: Any) -> Any:
    logits = x @ table.T + bias
    return torch.nn.functional.cross_entropy(logits, labels, reduction="sum", **settings)


def two_passes(draw: Draw) -> Inputs:
    """Without infinities: log_softmax has 0 for a single infinite logit, torch has nan."""
    (_, table, _, labels), settings = tied(draw)
    x = draw.normal(2 * len(labels), table.shape[1], large=100)
    bias = draw.normal(len(table))
    return [x, table, bias, labels], {"alpha": draw.choice([0.0, 0.5, 5.0]), **settings}


def torch_two_passes(
    torch: Any, x: Any, table: Any, bias: Any, labels: Any, alpha: float, **settings: Any
) -> Any:
    log_p, log_q = torch.log_softmax(x @ table.T + bias, -1).tensor_split(2)
    kl_div = torch.nn.functional.kl_div
    divergences = [
        kl_div(a, b, reduction="sum", log_target=True) for a, b in ((log_p, log_q), (log_q, log_p))
    ]
    twice = torch.cat([labels, labels])
    loss = torch_tied(torch, x, table, bias, twice, **settings)
    return loss + alpha / 2 * sum(divergences)


def of_table(x: Any, table: Any, bias: Any, labels: Any, **settings: Any) -> dict[str, float]:
    sizes = {"gradient 0": largest(table), "gradient 1": len(x) * largest(x), "gradient 2": len(x)}
    logits = largest(x) * largest(table) * x.shape[1] + largest(bias)
    return {"output 0": logits * len(x), **sizes}


def of_two_passes(
    x: Any, table: Any, bias: Any, labels: Any, alpha: float, **settings: Any
) -> dict[str, float]:
    """The divergence of a row grows with its logits."""
    logits = largest(x) * largest(table) * x.shape[1] + largest(bias)
    sizes = of_table(x, table, bias, labels)
    return {name: size * (1 + alpha * logits) for name, size in sizes.items()}


CASES = [
    Comparison(
        "tied_cross_entropy", tied_cross_entropy, torch_tied, tied, scales=of_table, edges=False
    ),
    Comparison(
        "tied_r_drop_loss",
        tied_r_drop_loss,
        torch_two_passes,
        two_passes,
        scales=of_two_passes,
        edges=False,
    ),
]


@pytest.mark.parametrize("comparison", CASES, ids=str)
def test_torch_agrees(comparison: Comparison) -> None:
    hold(comparison)
