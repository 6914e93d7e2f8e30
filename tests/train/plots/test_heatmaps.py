"""Heat maps and attention weights (warnings are errors here)."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import ShapeError
from pmt_train import AttentionMap, attention_plot, confusion_plot, transition_plot


@pytest.mark.parametrize("n", [1, 2, 9, 30])
def test_confusion(tmp_path, figures, odd_names, n):
    matrix = np.random.default_rng(n).integers(1, 1000, (n, n))
    matrix[0] = 0  # a class that does not occur
    names = (odd_names * 3)[:n]
    confusion_plot(tmp_path / "c.png", matrix, names, title="of $dev$")
    (axes,) = figures[0].axes
    shares = axes.images[0].get_array()
    np.testing.assert_allclose(shares.sum(axis=1), [0, *[1] * (n - 1)])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    assert axes.get_title("left") == r"of \$dev\$"
    assert len(axes.texts) == (n * n if n <= 20 else 0)
    if n == 2:
        share = matrix[1, 0] / matrix[1].sum()
        assert axes.texts[2].get_text() == f"{matrix[1, 0]}\n{share:.0%}"
    with pytest.raises(ShapeError, match="classes need a matrix"):
        confusion_plot(tmp_path / "c.png", matrix, [*names, "more"])


def test_transitions(tmp_path, figures):
    tags, scores = ["O", "B-A", "I-A"], np.arange(9.0).reshape(3, 3) - 2
    forbidden = np.zeros((3, 3), np.bool_)
    forbidden[2, 2] = True
    for excluded in (forbidden, None, np.ones_like(forbidden)):
        transition_plot(tmp_path / "t.png", scores, tags, excluded)
    limits = [figure.axes[0].images[0].get_clim() for figure in figures]
    assert limits == [(-5, 5), (-6, 6), (-1, 1)]  # forbidden cells do not count
    texts = [text.get_text() for text in figures[0].axes[0].texts]
    assert texts == ["-2.0", "-1.0", "0.0", "1.0", "2.0", "3.0", "4.0", "5.0", "·"]
    assert figures[0].axes[0].get_ylabel() == "this tag"
    with pytest.raises(ShapeError, match="3 tags"):
        transition_plot(tmp_path / "x.png", np.zeros((2, 2)), tags)


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
