"""Calibration of predicted probabilities: reliability bins and expected calibration error."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pmt_core import DataError, SettingsError, ShapeError


class CalibrationBins(NamedTuple):
    """Examples in bins of equal width by their predicted probability, arrays (bins,).

    Number of examples, mean probability (`predicted`) and share of label 1 (`observed`) of each
    bin; the latter two are nan if the bin is empty.

    Examples:
        >>> from pmt_train import calibration_bins
        >>> bins = calibration_bins([0.1, 0.2, 0.9], [0, 1, 1], bins=2)
        >>> bins.counts, bins.predicted.round(2), bins.observed
        (array([2, 1]), array([0.15, 0.9 ]), array([0.5, 1. ]))
        >>> round(float(bins.error), 3)  # (2 * 0.35 + 1 * 0.1) / 3
        0.267
    """

    counts: NDArray[np.int64]
    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]

    @property
    def error(self) -> float:
        """Mean distance of `predicted` and `observed`, weighted by the counts of the bins."""
        full = self.counts > 0
        gaps = np.abs(self.predicted[full] - self.observed[full])
        return float(gaps @ self.counts[full] / self.counts.sum())


def calibration_bins(
    probabilities: ArrayLike, labels: ArrayLike, bins: int = 10
) -> CalibrationBins:
    """Return the bins of a reliability diagram of binary predictions.

    `probabilities` (n,) are those of label 1, in [0, 1]; on the edge of two bins they are in the
    upper one. `labels` (n,) are 0 or 1.

    Raises ShapeError if shapes differ, DataError for other numbers, or none.

    Examples:
        >>> from pmt_train import calibration_bins
        >>> probabilities = [0.05, 0.1, 0.6, 0.7, 0.95]
        >>> bins = calibration_bins(probabilities, [0, 0, 1, 0, 1], bins=5)
        >>> bins.counts
        array([2, 0, 0, 2, 1])
        >>> bins.observed  # nan: an empty bin
        array([0. , nan, nan, 0.5, 1. ])
    """
    given = np.asarray(probabilities)
    p, y = given.astype(np.float64), np.asarray(labels)
    if bins < 1:
        raise SettingsError(f"bins must be 1 or more, not {bins}")
    if p.shape != y.shape or p.ndim != 1:
        raise ShapeError(f"probabilities and labels must both be (n,): {p.shape}, {y.shape}")
    if not len(p):
        raise DataError("calibration needs at least one example")
    if not (p.min() >= 0 and p.max() <= 1):  # and not nan
        raise DataError("probabilities must lie in 0 to 1")
    if not ((y == 0) | (y == 1)).all():
        raise DataError("labels must be 0 or 1")
    # Edges are rounded as the probabilities are: 0.29 is an edge of 100 bins, 0.29 * 100 < 29.
    edges = np.arange(1, bins) / bins
    edges = edges.astype(given.dtype if given.dtype.kind == "f" else np.float64)
    index = np.digitize(p, edges.astype(np.float64))
    counts = np.bincount(index, minlength=bins)
    sums, positives = np.bincount(index, p, bins), np.bincount(index, y, bins)
    full = np.where(counts, counts, np.nan)
    return CalibrationBins(counts, sums / full, positives / full)


def expected_calibration_error(
    probabilities: ArrayLike, labels: ArrayLike, bins: int = 10
) -> float:
    """Return the expected calibration error; 0 is perfect. Arguments as for `calibration_bins`.

    It is the sum over bins of (n_bin / n) |mean probability - share of label 1| (Naeini et al.
    2015). It depends on the number of bins and is biased upwards for few examples, as random
    deviations of each bin count in full.

    Examples:
        >>> from pmt_train import expected_calibration_error
        >>> expected_calibration_error([0.5, 0.5, 0.5, 0.5], [0, 1, 0, 1])
        0.0
        >>> round(expected_calibration_error([0.9, 0.9, 0.9, 0.9], [0, 1, 0, 1]), 3)  # too certain
        0.4
    """
    return calibration_bins(probabilities, labels, bins).error
