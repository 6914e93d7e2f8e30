"""The distribution of the next token beside that of transformers (`-m oracle`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import CONFIGURATIONS

from pmt_nn import next_token, token_distribution

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]


def a_step(number: int) -> tuple[Any, dict[str, Any]]:
    """Return logits, of which no two are equal, and settings; some tokens are impossible."""
    draw = Draw("token_distribution", number)
    size = {"large": 1e4, "small": 1e-3, "mixed": 100}.get(draw.content, 3)
    logits = draw.rng.normal(size=(draw.length(1), draw.integer(1, 12))) * size
    if draw.content in ("edges", "infinities"):
        logits[:, 1:][draw.rng.random(logits[:, 1:].shape) < 0.3] = -np.inf
    settings = {
        "temperature": draw.choice([1.0, 1.0, 0.5, 3.0, 0.01]),
        "top_k": draw.choice([None, 1, 3, 50]),
        "top_p": draw.choice([None, 0.3, 0.9, 1.0]),
    }
    return draw.laid_out(logits.astype(draw.dtype)), settings


def test_transformers_agrees() -> None:
    torch, process = pytest.importorskip("torch"), pytest.importorskip("transformers.generation")
    for number in range(CONFIGURATIONS):
        logits, settings = a_step(number)
        scores = torch.from_numpy(logits.astype(np.float64))
        scores = process.TemperatureLogitsWarper(settings["temperature"])(None, scores)
        if settings["top_k"] is not None:
            scores = process.TopKLogitsWarper(settings["top_k"])(None, scores)
        if settings["top_p"] is not None:
            scores = process.TopPLogitsWarper(settings["top_p"])(None, scores)
        expected, told = torch.softmax(scores, -1).numpy(), f"{number}: {settings}"
        result = token_distribution(logits, **settings)
        np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-12, err_msg=told)
        drawn = next_token(logits, rng=np.random.default_rng(number), **settings)
        assert (np.take_along_axis(expected, drawn[:, np.newaxis], -1) > 0).all(), told
        np.testing.assert_array_equal(next_token(logits), logits.argmax(-1), err_msg=told)
