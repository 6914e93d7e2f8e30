"""Plots of vectors (warnings are errors here)."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import ShapeError
from pmt_train import plot_label, vector_plot


@pytest.mark.parametrize(
    "points", [np.zeros((13, 2)), np.random.default_rng(0).normal(size=(13, 2))]
)
def test_points_names_and_arrows(tmp_path, figures, odd_names, points):
    arrows = [(0, 1), (2, 3), (3, 4)]
    vector_plot(tmp_path / "v.png", points, odd_names, arrows, "$odd$", equal=True)
    (axes,) = figures[0].axes
    scatter = axes.collections[0]
    np.testing.assert_array_equal(scatter.get_offsets(), points)
    texts = [text.get_text() for text in axes.texts]
    assert texts == [""] * len(arrows) + [plot_label(name) for name in odd_names]
    colors = [tuple(color) for color in scatter.get_facecolors()]
    assert colors[1] == colors[3] == colors[4] != colors[0] == colors[2]  # ends of arrows
    assert axes.get_title("left") == r"\$odd\$"


def test_names_that_would_overlap_are_moved(tmp_path, figures):
    vector_plot(tmp_path / "v.png", np.array([[0.0, 0.0], [0.001, 0.0], [1, 1]]), ["aa", "bb", "c"])
    heights = [text.xy[1] for text in figures[0].axes[0].texts]
    assert heights[0] == 0.0 < heights[1]
    assert heights[2] == 1.0
    with pytest.raises(ShapeError, match="3 names"):
        vector_plot(tmp_path / "v.png", np.zeros((5, 2)), ["a", "b", "c"])
