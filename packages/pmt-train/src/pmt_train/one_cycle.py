"""The one-cycle schedule."""

from __future__ import annotations

import math

from pmt_core import SettingsError
from pmt_train.schedule import Schedule, constant


def one_cycle(
    lr: float, steps: int, *, rise: float = 0.3, start: float = 0.04, final: float = 4e-6
) -> Schedule:
    """Half a cosine up to `lr` and half a cosine down to almost nothing (Smith & Topin 2018).

    lr: highest rate. steps: of the whole run. rise: part of them that goes up.
    start, final: rates at the first and the last step, as shares of `lr`.
    The highest rate is that of step `rise * steps - 1`; after `steps` steps the last one stays.
    """
    constant(lr)  # raises for a rate that makes no sense
    if steps < 2 or not 0 < rise < 1:
        raise SettingsError(
            f"one_cycle needs at least 2 steps and 0 < rise < 1, got {steps} and {rise}"
        )
    if not (0 <= start <= 1 and 0 <= final <= 1):
        raise SettingsError(f"start and final are shares in 0 ... 1, got {start} and {final}")
    peak = max(rise * steps - 1, 0.0)
    last = steps - 1

    def rate(step: int) -> float:
        if step < peak:
            return _between(start, 1.0, step / peak) * lr
        return _between(1.0, final, min((step - peak) / (last - peak), 1.0)) * lr

    return rate


def _between(first: float, second: float, part: float) -> float:
    """Half a cosine from `first` at part 0 to `second` at part 1."""
    return second + (first - second) * (1 + math.cos(math.pi * part)) / 2
