"""Bar charts (warnings are errors here)."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmt_core import ShapeError
from pmt_train import bar_chart, entity_plot, entity_scores, plot_label


def test_a_bar_for_each_share(tmp_path, figures, odd_names):
    shares = [math.nan, 0, 1, *np.linspace(0, 1, 10)]
    notes = [f"{i} of 3" for i in range(13)]
    bar_chart(tmp_path / "b.png", odd_names, shares, notes, "title", highlight_last=2)
    (axes,) = figures[0].axes
    widths = [bar.get_width() for bar in axes.patches]
    np.testing.assert_allclose(widths, [0.0, *shares[1:]])
    assert [label.get_text() for label in axes.texts][:3] == [
        "none   0 of 3",
        "0.0%   1 of 3",
        "100.0%   2 of 3",
    ]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [plot_label(name, 32) for name in odd_names]
    colors = [bar.get_facecolor() for bar in axes.patches]
    assert colors[-1] == colors[-2] != colors[-3] == colors[0]


def test_no_bars(tmp_path, figures):
    bar_chart(tmp_path / "b.png", [], [])
    assert not figures[0].axes[0].patches
    with pytest.raises(ShapeError, match="1 names"):
        bar_chart(tmp_path / "b.png", ["a"], [0.5, 0.5])


def test_three_bars_for_each_entity_type(tmp_path, figures):
    scores = entity_scores([["B-A", "O", "B-$x$"]], [["B-A", "B-B", "O"]])
    entity_plot(tmp_path / "types.png", scores, "of dev")
    (axes,) = figures[0].axes
    rows = [label.get_text() for label in axes.get_yticklabels()]
    assert rows == ["all", r"\$x\$", "A", "B"]
    bars = {bars.get_label(): [bar.get_width() for bar in bars] for bars in axes.containers}
    assert bars == {
        "precision": [0.5, 0.0, 1.0, 0.0],
        "recall": [0.5, 0.0, 1.0, 0.0],
        "f1": [0.5, 0.0, 1.0, 0.0],
    }
    assert [text.get_text() for text in axes.texts] == ["0.500", "0.000", "1.000", "0.000"]
    assert axes.get_title("left") == "of dev"
