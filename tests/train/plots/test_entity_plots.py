"""Entities as counts of confusion, and as pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pmt_core import ShapeError, tag_spans
from pmt_train import entity_confusion, entity_plot, entity_scores, transition_plot


def test_confusion_by_hand() -> None:
    there = [["B-PER", "I-PER", "O", "B-LOC", "O", "B-ORG"], ["B-PER", "B-LOC", "I-LOC", "I-LOC"]]
    found = [["B-PER", "O", "O", "B-ORG", "B-PER", "O"], ["O", "B-PER", "B-LOC", "I-LOC"]]
    classes, counts = entity_confusion(found, there)
    assert classes == ["LOC", "ORG", "PER", "none"]
    assert counts.tolist() == [
        [1, 1, 0, 0],  # one LOC with wrong ends, one called ORG
        [0, 0, 0, 1],  # ORG missed
        [0, 0, 1, 1],  # PER with wrong ends; one missed
        [0, 0, 2, 0],  # PER invented, one of them beside the LOC that is paired better
    ]


def test_confusion_counts_every_entity_once() -> None:
    rng = np.random.default_rng(2)
    tags = ["O", *(f"{k}-{t}" for k in "BI" for t in "XYZ")]
    for _ in range(300):
        there, found = ([tags[i] for i in rng.integers(0, 7, 9)] for _ in range(2))
        classes, counts = entity_confusion([found], [there])
        for axis, sequence in ((1, there), (0, found)):
            types = [span.type for span in tag_spans(sequence)]
            assert counts.sum(axis=axis)[:-1].tolist() == [types.count(c) for c in classes[:-1]]
        same, of_same = entity_confusion([there], [there])
        assert of_same.sum() == np.trace(of_same) == len(tag_spans(there))
        assert same[-1] == "none"
    with pytest.raises(ShapeError):
        entity_confusion([[]], [])


def test_pictures_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    scores = entity_scores([["B-A", "O", "B-$x$"]], [["B-A", "B-B", "O"]])
    entity_plot(tmp_path / "types.png", scores)
    tags = ["O", "B-A", "I-A"]
    forbidden = np.zeros((3, 3), np.bool_)
    forbidden[0, 2] = True
    for name, barred in (("a.png", forbidden), ("b.png", None), ("c.png", np.ones_like(forbidden))):
        transition_plot(tmp_path / name, np.arange(9.0).reshape(3, 3), tags, barred)
    for path in tmp_path.iterdir():
        assert path.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ShapeError, match="3 tags"):
        transition_plot(tmp_path / "x.png", np.zeros((2, 2)), tags)
