"""Ranks and correlations by hand."""

from __future__ import annotations

import math

import pytest

from pmt_core import ShapeError
from pmt_text import (
    pearson,
    spearman,
)
from pmt_text.word_vectors.statistics import average_ranks


def test_ranks_and_correlations_by_hand() -> None:
    assert average_ranks([10, 30, 20, 30]).tolist() == [1, 3.5, 2, 3.5]
    assert spearman([1, 2, 3], [1, 10, 100]) == pytest.approx(1)
    assert spearman([1, 2, 3], [5, 4, -9]) == pytest.approx(-1)
    # ranks 1 2 3 4 and 1 2.5 2.5 4: covariance 4.5, variances 5 and 4.5
    assert spearman([1, 2, 3, 4], [1, 2, 2, 9]) == pytest.approx(4.5 / math.sqrt(5 * 4.5))
    assert pearson([0, 1, 2], [0, 1, 5]) == pytest.approx(5 / math.sqrt(2 * 14))
    assert math.isnan(spearman([1, 2], [3, 3]))
    assert math.isnan(spearman([], []))
    with pytest.raises(ShapeError, match=r"\(2,\)"):
        spearman([1, 2], [1, 2, 3])
