"""What the log-probability of a sentence is divided by, so that long ones stand a chance."""

from __future__ import annotations

from collections.abc import Callable

from pmt_core import SettingsError

LengthPenalty = Callable[[float], float]
"""Number of tokens, the end token included -> divisor, above 0; never smaller for more tokens."""


def gnmt_penalty(alpha: float) -> LengthPenalty:
    """((5 + n) / 6)^alpha (Wu et al. 2016, eq. 14). alpha: 0 for none; 0.6 to 1 is usual."""
    _check(alpha)
    return lambda n: ((5 + n) / 6) ** alpha


def power_penalty(alpha: float) -> LengthPenalty:
    """n^alpha: with alpha 1 the score is the mean log-probability of a token."""
    _check(alpha)
    return lambda n: float(n) ** alpha


def _check(alpha: float) -> None:
    if not alpha >= 0:
        raise SettingsError(f"the exponent of a length penalty is 0 or more, got {alpha}")
