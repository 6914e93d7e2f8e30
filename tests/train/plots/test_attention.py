"""Plots of attention weights (warnings are errors here)."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import ShapeError
from pmt_train import AttentionMap, attention_plot


@pytest.mark.parametrize(("queries", "keys", "maps"), [(1, 1, 1), (13, 5, 3), (50, 50, 2)])
def test_maps_in_a_grid(tmp_path, figures, odd_names, queries, keys, maps):
    weights = np.random.default_rng(0).dirichlet(np.ones(keys), queries)
    weights[0, 0] = np.nan
    head = AttentionMap("head $1", (odd_names * 9)[:queries], (odd_names * 9)[:keys], weights)
    attention_plot(tmp_path / "a.png", [head] * maps, title="pair $2$ \0", columns=2)
    visible = [axes for axes in figures[0].axes if axes.get_visible()]
    assert len(visible) == maps
    for axes in visible:
        assert axes.get_title("left") == r"head \$1"
        assert (len(axes.get_xticks()), len(axes.get_yticks())) == (keys, queries)
        image = axes.images[0].get_array()
        assert image.mask[0, 0]
        np.testing.assert_array_equal(image.data[1:], weights[1:])


@pytest.mark.parametrize("weights", [np.zeros((1, 2)), np.full((1, 2), np.nan, np.float32)])
def test_weights_without_a_value(tmp_path, figures, weights):
    attention_plot(tmp_path / "a.png", [AttentionMap("masked", ["a"], ["b", "c"], weights)])
    assert figures[0].axes[0].images[0].get_clim() == (0.0, 1.0)


def test_wrong_shapes(tmp_path):
    with pytest.raises(ShapeError, match="at least one attention map"):
        attention_plot(tmp_path / "a.png", [])
    for wrong in (
        AttentionMap("x", ["a"], ["b"], np.ones((2, 1))),
        AttentionMap("x", [], [], np.ones((0, 0))),
    ):
        with pytest.raises(ShapeError, match="need weights of shape"):
            attention_plot(tmp_path / "a.png", [wrong])
