"""The tables of docs/gradients.md: every value and gradient that they name is what comes out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pmt_autograd
import pmt_nn
from pmt_autograd import Tensor, gradients
from pmt_nn.losses.contrastive import distance, normalized

PAGE = Path(__file__).resolve().parents[2] / "docs" / "gradients.md"
ROW = re.compile(r"\| `([^|]+)` \| `([^|]+)` \| `([^|]+)` \| `([^|]+)` \| `([^|]+)` \|")
NAMES: dict[str, Any] = {
    **{name: getattr(pmt_autograd, name) for name in pmt_autograd.__all__},
    **{name: getattr(pmt_nn, name) for name in pmt_nn.__all__},
    "distance": distance,
    "normalized": normalized,
    "np": np,
    "inf": np.inf,
    "nan": np.nan,
}
ROWS = [row.groups() for row in map(ROW.fullmatch, PAGE.read_text("utf-8").splitlines()) if row]


def numbers(text: str) -> np.ndarray:
    return np.array(eval(text, {"inf": np.inf, "nan": np.nan}), np.float64)


def test_the_page_has_rows() -> None:
    assert len(ROWS) > 50


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} at {row[1]}")
def test_value_and_gradients(row: tuple[str, ...]) -> None:
    operation, at, value, gradient, of_infinite = row
    for incoming, expected in ((1.0, gradient), (np.inf, of_infinite)):
        x = Tensor(numbers(at), requires_grad=True)
        with np.errstate(all="ignore"):
            y = eval(operation, {**NAMES, "x": x})
            by_x = gradients(y, np.full(y.shape, incoming))[x]
        np.testing.assert_allclose(y.data, numbers(value), rtol=1e-3)
        np.testing.assert_allclose(by_x, numbers(expected), rtol=1e-3, err_msg=f"of {incoming}")
