"""Expected utility of candidates, by hand and against sums in plain Python."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmt_core import ShapeError
from pmt_nn import expected_utility


def test_against_sums_in_plain_python(rng) -> None:
    log_p, utility = rng.normal(size=6), rng.random((6, 6))
    total = sum(math.exp(each) for each in log_p)
    expected = [
        sum(math.exp(p) / total * float(u) for p, u in zip(log_p, row, strict=True))
        for row in utility
    ]
    np.testing.assert_allclose(expected_utility(log_p, utility), expected, rtol=1e-12)
    # A constant, which a sum of log-probabilities may lack, changes nothing; nor does underflow.
    np.testing.assert_allclose(expected_utility(log_p - 2000, utility), expected, rtol=1e-12)


def test_rows_are_candidates_and_columns_what_is_right() -> None:
    utility = [[1.0, 0.5], [0.0, 1.0]]
    np.testing.assert_allclose(expected_utility(np.log([0.9, 0.1]), utility), [0.95, 0.1])


def test_agreement_outweighs_the_most_probable_candidate() -> None:
    p = np.array([0.4, 0.3, 0.3])
    alike = np.array([[1, 0, 0], [0, 1, 0.9], [0, 0.9, 1]])
    assert expected_utility(np.log(p), alike).argmax() == 1
    assert expected_utility(np.log(p), np.eye(3)).argmax() == 0  # exact match: the most probable


@pytest.mark.parametrize(
    ("log_p", "shape"), [([], (0, 0)), ([0.0], (2, 2)), ([0.0, 0.0], (2, 1)), ([[0.0]], (1, 1))]
)
def test_shapes_that_do_not_fit_are_refused(log_p, shape) -> None:
    with pytest.raises(ShapeError, match="utilities"):
        expected_utility(log_p, np.zeros(shape))
