"""Whether probabilities mean what they say."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pmt_core import DataError, SettingsError, ShapeError


class CalibrationBins(NamedTuple):
    """Examples sorted into bins of equal width by the probability they were given, (bins,) each.

    Attributes:
        counts: examples in the bin.
        predicted: their mean probability. observed: the share of them that is so. Both are nan
            where a bin is empty.
    """

    counts: NDArray[np.int64]
    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]

    @property
    def error(self) -> float:
        """Mean distance of `predicted` and `observed`, each bin weighed by its examples."""
        full = self.counts > 0
        gaps = np.abs(self.predicted[full] - self.observed[full])
        return float(gaps @ self.counts[full] / self.counts.sum())


def calibration_bins(
    probabilities: ArrayLike, labels: ArrayLike, bins: int = 10
) -> CalibrationBins:
    """Sort n yes-or-no answers by probability, as a reliability diagram shows them.

    probabilities: (n,) of label 1, in [0, 1]. labels: (n,) of 0 and 1. A probability on the edge
    of two bins is in the upper one. Raises ShapeError where shapes differ, DataError for other
    numbers or none.
    """
    p, y = np.asarray(probabilities, np.float64), np.asarray(labels)
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
    place = np.minimum((p * bins).astype(np.int64), bins - 1)
    counts = np.bincount(place, minlength=bins)
    sums, so = np.bincount(place, p, bins), np.bincount(place, y, bins)
    full = np.maximum(counts, 1)
    empty = counts == 0
    return CalibrationBins(
        counts, np.where(empty, np.nan, sums / full), np.where(empty, np.nan, so / full)
    )


def expected_calibration_error(
    probabilities: ArrayLike, labels: ArrayLike, bins: int = 10
) -> float:
    """How far probabilities are from the shares they foretell, on average: 0 is perfect.

    sum over bins of (n_bin / n) |mean probability - share of label 1| (Naeini et al. 2015), for
    the arguments of `calibration_bins`. It depends on the number of bins, and few examples make
    it too large: each bin's chance deviations count in full.
    """
    return calibration_bins(probabilities, labels, bins).error
