"""Every operation is compared with another implementation on random configurations."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pmt_nn
from pmt_autograd import REGISTRY, primitives_of

# Operations without a public name, and the comparison that calls them.
WITHIN = {
    "resize_axis": "interpolate",
    "crf_losses": "LinearChainCRF",
    "ctc_losses": "ctc_loss",
    "adaptive_average": "adaptive_avg_pool2d",
    "adaptive_maximum": "adaptive_max_pool2d",
    "bag_max": "EmbeddingBag",
    "bag_sum": "EmbeddingBag",
    "focal_of": "focal_loss",
    "gru_scan": "GRU",
    "huber_of": "huber",
    "logit_losses": "binary_cross_entropy_with_logits",
    "lstm_scan": "LSTM",
    "mean_of_tokens": "masked_mean",
    "normalized": "cosine_similarity",
    "rnn_scan": "RNN",
}
PRIMITIVES = [
    entry.name for package in ("pmt_autograd", pmt_nn.__name__) for entry in primitives_of(package)
]


@pytest.fixture(scope="module")
def names(root: Path) -> set[str]:
    """All words of the tests that draw random configurations."""
    files = (root / "tests").rglob("test_*_random.py")
    return {word for path in files for word in re.findall(r"\w+", path.read_text("utf-8"))}


def test_every_primitive_is_listed() -> None:
    assert set(PRIMITIVES) <= set(REGISTRY)
    assert len(PRIMITIVES) > 90


@pytest.mark.parametrize("name", PRIMITIVES)
def test_the_operation_is_compared(name: str, names: set[str]) -> None:
    compared = WITHIN.get(name, name)
    assert compared in names, f"compare {name} with torch in a file test_..._random.py"
