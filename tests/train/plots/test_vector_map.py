"""Maps of words and bars of shares are made of whatever comes (warnings are errors here)."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmt_core import ShapeError
from pmt_train import bar_chart, vector_plot

ODD = ["<cls>", "日本", "🙂", "$x^2$", "a$b", "\\frac{", "", " ", "\n\t\0", "é", "ا", "_" * 60, "%"]


def is_png(path) -> bool:
    return path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    "points", [np.zeros((13, 2)), np.random.default_rng(0).normal(size=(13, 2))]
)
def test_maps(tmp_path, points) -> None:
    path = tmp_path / "map.png"
    vector_plot(path, points, ODD, [(0, 1), (2, 3), (3, 4)], "$odd$", equal=True)
    assert is_png(path)
    vector_plot(path, points[:1], ODD[:1])
    with pytest.raises(ShapeError, match="13 names"):
        vector_plot(path, points[:5], ODD)


def test_bars(tmp_path) -> None:
    path = tmp_path / "bars.png"
    shares = [math.nan, 0, 1, *np.linspace(0, 1, 10)]
    bar_chart(path, ODD, shares, [f"{i} of 3" for i in range(13)], "title", highlight_last=2)
    assert is_png(path)
    bar_chart(path, [], [])
    with pytest.raises(ShapeError, match="13 names"):
        bar_chart(path, ODD, [0.5])
