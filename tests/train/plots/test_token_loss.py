"""Plots of the loss of tokens (warnings are errors here)."""

from __future__ import annotations

import math

import pytest

from pmt_core import ShapeError
from pmt_train import token_loss_plot


@pytest.mark.parametrize("text", ["", "a", "two\nlines"])
def test_a_cell_for_each_token(tmp_path, figures, text):
    bits = [math.nan, math.inf, 0.0, -0.0, 99.0, 1.0, 1.0, 1.0, 1.0][: len(text)]
    token_loss_plot(tmp_path / "s.png", list(text), bits, "a $title_", columns=20)
    axes = figures[0].axes[0]
    assert len(axes.patches) == len(axes.texts) == len(text)
    if len(text) > 5:
        corners = [cell.get_xy() for cell in axes.patches]
        assert corners[:5] == [(0, 0), (1, 0), (2, 0), (3, 0), (0, 1)]  # a line feed ends a line
        dark, light = (axes.patches[i].get_facecolor() for i in (1, 2))
        assert sum(dark[:3]) < sum(light[:3])
    assert axes.get_title("left") == r"a \$title_"


def test_long_and_odd_tokens(tmp_path, figures, odd_names):
    token_loss_plot(tmp_path / "s.png", odd_names, [1.5] * 13, columns=20)
    widths = [cell.get_width() for cell in figures[0].axes[0].patches]
    assert widths == [min(max(len(name), 1), 20) for name in odd_names]
    with pytest.raises(ShapeError, match="bits"):
        token_loss_plot(tmp_path / "s.png", ["a"], [])


def test_more_lines_make_a_taller_figure(tmp_path, figures):
    for text in ("x" * 20, "x" * 21, "x\nx\nx\nx\n"):
        token_loss_plot(tmp_path / "s.png", list(text), [1.0] * len(text), columns=20)
    heights = [figure.get_figheight() for figure in figures]
    assert heights[0] < heights[1] < heights[2]
