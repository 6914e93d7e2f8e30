"""Minimum Bayes risk: choose the candidate that is most similar to what is probable."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pmt_core import ShapeError, softmax


def expected_utility(log_p: ArrayLike, utility: ArrayLike) -> NDArray[np.float64]:
    """Return the expected utility of each of n candidates, (n,) (Kumar & Byrne 2004).

        p_j = exp(log_p_j) / sum_k exp(log_p_k)
        expected_i = sum_j p_j utility_ij

    The most probable candidate may be an exception, which several less probable ones agree
    against. The candidate of the largest expected utility is that of minimum Bayes risk.

    log_p: (n,) log-probabilities of the candidates, up to a constant. utility: (n, n), row i: the
    utility of candidate i where candidate j is right, such as its sentence BLEU with j as the
    reference. Raises ShapeError if the shapes do not fit, or there is no candidate.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import expected_utility
        >>> p = np.array([0.4, 0.3, 0.3])  # the last two are nearly the same
        >>> utility = np.array([[1.0, 0.1, 0.1], [0.1, 1.0, 0.9], [0.1, 0.9, 1.0]])
        >>> expected_utility(np.log(p), utility).round(2).tolist()
        [0.46, 0.61, 0.61]
    """
    log_p, utility = np.asarray(log_p, np.float64), np.asarray(utility, np.float64)
    n = log_p.size
    if log_p.ndim != 1 or n == 0 or utility.shape != (n, n):
        raise ShapeError(
            "expected log-probabilities (n,) of one or more candidates and utilities (n, n), got "
            f"{log_p.shape} and {utility.shape}"
        )
    expected: NDArray[np.float64] = utility @ softmax(log_p)
    return expected
