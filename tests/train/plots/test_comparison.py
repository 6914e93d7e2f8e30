"""Pictures that compare runs: what is drawn, and that no text overlaps another."""

from __future__ import annotations

import math
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from pmt_train import Interval, curves_plot, interval_plot

LONG = "a run with a name that is longer than any picture can show in its legend, and longer"


def texts_of(figure: Any) -> dict[str, Any]:
    """The places of the texts that are drawn."""
    texts = [text for legend in figure.legends for text in legend.get_texts()]
    for axes in figure.axes:
        texts += [axes.title, axes._left_title, axes.xaxis.label, *axes.texts]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            texts += [t.label1 for t in axis.get_major_ticks() if low <= t.get_loc() <= high]
    shown = [text for text in texts if text.get_text().strip()]
    return {f"{text.get_text()} #{i}": text.get_window_extent() for i, text in enumerate(shown)}


def check_texts(figure: Any) -> None:
    figure.set_dpi(130)  # as it was saved
    places = texts_of(figure)
    for (name, a), (other, b) in combinations(places.items(), 2):
        assert not a.padded(-1).overlaps(b.padded(-1)), (name, other)
    for name, place in places.items():
        assert -1 <= place.x0 < place.x1 <= figure.bbox.x1 + 1, name


@pytest.mark.parametrize("n", [1, 3, 20])
def test_every_curve_is_drawn_and_named(tmp_path: Path, figures: Any, n: int) -> None:
    curves = {f"{i} {LONG}": ([1, 2, 3], [i, math.nan, i + 1]) for i in range(n)}
    curves["without numbers"] = ([], [])
    curves_plot(tmp_path / "a.png", curves, "dev accuracy")
    assert (tmp_path / "a.png").read_bytes()[1:4] == b"PNG"
    (figure,) = figures
    (axes,) = figure.axes
    assert [list(line.get_ydata()) for line in axes.lines[:n]] == [[i, i + 1] for i in range(n)]
    looks = {(line.get_color(), line.get_linestyle()) for line in axes.lines}
    assert len(looks) == n + 1
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert [name[:3] for name in names[:n]] == [f"{i} {LONG}"[:3] for i in range(n)]
    assert all(len(name) <= 60 for name in names)
    check_texts(figure)


def test_no_numbers_are_said(tmp_path: Path, figures: Any) -> None:
    curves_plot(tmp_path / "a.png", {}, "loss")
    curves_plot(tmp_path / "a.png", {"a": ([1], [math.inf])}, "loss")
    for figure in figures:
        assert any(name.startswith("no numbers") for name in texts_of(figure))
        check_texts(figure)


@pytest.mark.parametrize("n", [1, 2, 12])
def test_intervals_and_points(tmp_path: Path, figures: Any, n: int) -> None:
    scores: dict[str, Interval | float] = {
        f"{i} {LONG}": Interval(0.5 + i / 100, 0.4, 0.7 + i / 100) for i in range(n)
    }
    scores |= {"a point": 0.6, "none": math.nan, "broken": Interval(0.5, math.nan, 0.6)}
    interval_plot(tmp_path / "a.png", scores, "dev f1")
    (figure,) = figures
    (axes,) = figure.axes
    spans = [list(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2]
    assert spans[:n] == [[0.4, 0.7 + i / 100] for i in range(n)]
    assert spans[n:] == [[0.6, 0.6]]
    values = [name.split(" ")[0] for name in texts_of(figure) if name.startswith("0.5")]
    assert "0.5" in values
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert len(labels) == n + 3
    check_texts(figure)
