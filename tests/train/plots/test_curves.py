"""Learning curves, loss by learning rate, reliability (warnings are errors here)."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmt_train import (
    History,
    LearningRateSearch,
    calibration_bins,
    learning_curves,
    learning_rate_plot,
    reliability_plot,
)


def row(epoch, **more):
    return {"epoch": epoch, "train_loss": 1 / epoch, "lr": 1e-3, **more}


@pytest.mark.parametrize(
    ("rows", "panels"),
    [
        ([], {"loss": []}),
        ([row(1)], {"loss": ["train"], "learning rate": ["lr"]}),
        (
            [row(i, dev_accuracy=i / 9, dev_loss=1.0, dev_f1=0.5) for i in range(1, 9)],
            {"loss": ["train", "dev"], "dev scores": ["accuracy", "f1"], "learning rate": ["lr"]},
        ),
        (
            [row(1, dev_accuracy=math.nan), row(2, dev_accuracy=0.5, dev_loss=math.inf)],
            {"loss": ["train"], "dev scores": ["accuracy"], "learning rate": ["lr"]},
        ),
        ([{"epoch": 1, "train_loss": math.nan, "lr": 0.0}], {"learning rate": ["lr"]}),
        (
            [row(i, **{"dev_$odd_日": 0.1}) for i in range(1, 60)],
            {"loss": ["train"], "dev scores": ["\\$odd_\ufffd"], "learning rate": ["lr"]},
        ),
    ],
)
def test_a_panel_for_what_is_finite(tmp_path, figures, rows, panels):
    learning_curves(tmp_path / "c.png", History(rows=rows, best_epoch=1 if rows else None))
    lines = {
        axes.get_title("left"): [
            line.get_label() for line in axes.lines if not line.get_label().startswith("_")
        ]
        for axes in figures[0].axes
    }
    assert lines == panels
    for axes in figures[0].axes if rows else ():
        best, *curves = axes.lines
        assert list(best.get_xdata()) == [1, 1]
        assert all(len(curve.get_xdata()) == len(rows) for curve in curves)


def test_loss_by_learning_rate(tmp_path, figures):
    search = LearningRateSearch([1e-3, 1e-2, 1e-1], [3.0, 2.0, 9.0], [3.0, 2.4, 5.0], 1e-2, True)
    learning_rate_plot(tmp_path / "r.png", search)
    learning_rate_plot(tmp_path / "r.png", LearningRateSearch())
    axes, empty = (figure.axes[0] for figure in figures)
    assert axes.get_xscale() == "log"
    loss, smoothed, suggestion = axes.lines
    assert list(loss.get_ydata()) == search.losses
    assert list(smoothed.get_ydata()) == search.smoothed
    assert suggestion.get_label() == "steepest at 1.0e-02"
    assert (empty.lines[:], empty.texts[0].get_text()) == ([], "no numbers")


@pytest.mark.parametrize("n", [1, 3, 500])
def test_points_are_those_of_the_bins(tmp_path, figures, n):
    rng = np.random.default_rng(1)
    p, labels = rng.uniform(size=n).astype(np.float32), rng.integers(0, 2, n)
    reliability_plot(tmp_path / "r.png", p, labels, event="$odd$ 日本")
    above, below = figures[0].axes
    calibration = calibration_bins(p, labels)
    full = calibration.counts > 0
    points = above.lines[1].get_xydata()
    np.testing.assert_allclose(points[:, 0], calibration.predicted[full])
    np.testing.assert_allclose(points[:, 1], calibration.observed[full])
    assert [bar.get_height() for bar in below.patches] == calibration.counts.tolist()
    assert above.get_title("left") == f"calibration: error {calibration.error:.3f}"
    assert above.get_ylabel() == "share of \\$odd\\$ \ufffd\ufffd"
