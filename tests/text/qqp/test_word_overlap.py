from __future__ import annotations

import numpy as np
import pytest

from pmt_core import DataError, ShapeError
from pmt_text import best_threshold, jaccard, overlap_scores


def test_jaccard() -> None:
    assert jaccard(["a", "b", "b"], ["b", "c"]) == pytest.approx(1 / 3)
    assert jaccard(["a"], ["a", "a"]) == 1
    assert jaccard(["a"], []) == 0
    assert jaccard([], []) == 1


def test_scores_are_of_tokens() -> None:
    scores = overlap_scores([("Don't go!", "do not go !"), ("one two", "two three")])
    assert scores.tolist() == [1, pytest.approx(1 / 3)]


def test_threshold_by_hand() -> None:
    threshold = best_threshold([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
    assert threshold.accuracy == 0.75
    assert 0.1 < threshold.value < 0.35
    assert best_threshold([0.2, 0.9], [0, 1]) == (pytest.approx(0.55), 1.0)


@pytest.mark.parametrize("label", [0, 1])
def test_one_label_only(label: int) -> None:
    scores = np.array([0.0, 0.5, 0.5, 1.0])
    threshold = best_threshold(scores, [label] * 4)
    assert threshold.accuracy == 1
    assert ((scores >= threshold.value) == label).all()


def test_the_accuracy_is_the_best_there_is() -> None:
    """Against every possible cut, with many equal scores."""
    rng = np.random.default_rng(4)
    for _ in range(200):
        n = int(rng.integers(1, 30))
        scores = rng.integers(0, 6, n) / 5
        labels = rng.integers(0, 2, n)
        threshold = best_threshold(scores, labels)
        cuts = np.append(np.unique(scores), 2.0)
        best = max(((scores >= cut) == labels).mean() for cut in cuts)
        assert threshold.accuracy == pytest.approx(best)
        assert ((scores >= threshold.value) == labels).mean() == pytest.approx(best)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_rounded_threshold_means_the_same(dtype: type[np.floating]) -> None:
    """The scores and the threshold are rounded, as in a model whose weights are float32."""
    assert not (np.array([1.0], dtype) >= dtype(best_threshold([1, 1, 1, 0.4], [0, 0, 1, 0]).value))
    rng = np.random.default_rng(2)
    for _ in range(500):
        n = int(rng.integers(1, 12))
        base = dtype(rng.choice([-5.0, -0.3, 0.0, 1e-4, 0.1, 1 / 3, 1.0, 7.7, 1000.0]))
        steps = int(rng.integers(1, 4))
        grid = [base]
        for _ in range(steps):  # neighbors in this dtype
            grid.append(np.nextafter(grid[-1], dtype(np.inf), dtype=dtype))
        scores = rng.choice(np.array(grid), n).astype(np.float64)
        labels = rng.integers(0, 2, n)
        threshold = best_threshold(scores, labels)
        predicted = scores.astype(dtype) >= dtype(threshold.value)
        assert (predicted == labels).mean() == pytest.approx(threshold.accuracy)
        above = scores >= threshold.value
        assert (above == labels).mean() == pytest.approx(threshold.accuracy)


@pytest.mark.parametrize("score", [0.1, 1.0, 0.7, -0.1, 2e4, -3e4])
@pytest.mark.parametrize("label", [0, 1])
def test_always_and_never_are_far_from_all_scores(score: float, label: int) -> None:
    """So they also hold if only the threshold is rounded, or only the scores are."""
    value = best_threshold([score], [label]).value
    for dtype in (np.float16, np.float32):
        with np.errstate(over="ignore"):
            rounded = dtype(value)
            assert bool(score >= rounded) == bool(dtype(score) >= value) == bool(label)


def test_a_cut_between_neighboring_floats() -> None:
    low = 0.3
    high = float(np.nextafter(low, 1))
    threshold = best_threshold([low, high], [0, 1])
    assert threshold.accuracy == 1
    assert low < threshold.value <= high


def test_wrong_input() -> None:
    with pytest.raises(ShapeError):
        best_threshold([0.1], [0, 1])
    with pytest.raises(DataError, match="at least one"):
        best_threshold([], [])
    with pytest.raises(DataError, match="finite"):
        best_threshold([float("nan")], [1])
    with pytest.raises(DataError, match="0 or 1"):
        best_threshold([0.5], [2])
