"""Learning rate schedules that rise and fall: restarts, one cycle, many cycles."""

from __future__ import annotations

import math
from typing import Literal, get_args

from pmt_core import SettingsError, check_sizes
from pmt_train.schedules import Schedule, between, check_rate


def cosine_restarts_schedule(
    lr: float, steps: int, *, growth: int = 1, final: float = 0.0
) -> Schedule:
    """Return cosines from `lr` to `final`, one after the other (SGDR, Loshchilov & Hutter 2017).

    The first one takes `steps` steps, and each later one `growth` times as many as the one before.
    `final` is not reached: the step that would have this rate restarts at `lr`.

    Examples:
        >>> from pmt_train import cosine_restarts_schedule
        >>> schedule = cosine_restarts_schedule(1.0, 2, growth=2)  # cycles of 2, 4, ... steps
        >>> [round(schedule(step), 3) for step in range(7)]
        [1.0, 0.5, 1.0, 0.854, 0.5, 0.146, 1.0]
    """
    check_rate(lr)
    check_sizes("cosine_restarts_schedule", steps=steps, growth=growth)

    def rate(step: int) -> float:
        if growth == 1:
            return between(lr, final, step % steps / steps)
        length = steps
        while step >= length:
            step -= length
            length *= growth
        return between(lr, final, step / length)

    return rate


def one_cycle_schedule(
    lr: float, steps: int, *, rise: float = 0.3, start: float = 0.04, final: float = 4e-6
) -> Schedule:
    """Return the one-cycle schedule (Smith & Topin 2018): half a cosine up, half a cosine down.

    The peak rate `lr` is at step `rise * steps - 1`. `start` and `final` are the rates at the first
    and the last step, as shares of `lr`; the last rate continues after the run.

    Examples:
        >>> from pmt_train import one_cycle_schedule
        >>> schedule = one_cycle_schedule(1.0, 100, rise=0.3)
        >>> [round(schedule(step), 3) for step in (0, 15, 29, 64, 99)]
        [0.04, 0.546, 1.0, 0.5, 0.0]
    """
    check_rate(lr)
    if steps < 2 or not 0 < rise < 1:
        raise SettingsError(
            f"one_cycle needs at least 2 steps and 0 < rise < 1, got {steps} and {rise}"
        )
    if not (0 <= start <= 1 and 0 <= final <= 1):
        raise SettingsError(f"start and final are shares in 0 ... 1, got {start} and {final}")
    peak, last = max(rise * steps - 1, 0.0), steps - 1

    def rate(step: int) -> float:
        if step < peak:
            return between(start, 1.0, step / peak) * lr
        return between(1.0, final, min((step - peak) / (last - peak), 1.0)) * lr

    return rate


CyclicMode = Literal["triangular", "triangular2", "exp_range"]
"""How the height of the cycles changes, see `cyclic_schedule`."""


def cyclic_schedule(
    lr: float,
    up: int,
    *,
    base: float,
    down: int | None = None,
    mode: CyclicMode = "triangular",
    decay: float = 1.0,
) -> Schedule:
    """Return a cyclic rate (Smith 2017): linear from `base` to `lr` and back, again and again.

    lr: the highest rate, that of step `up`. up, down: steps of the rise and of the fall; `down` is
    as many as `up` by default. mode: "triangular" for cycles of one height; "triangular2" halves
    the height lr - base after each cycle; "exp_range" multiplies it by decay^step, 0 < decay <= 1.

    Examples:
        >>> from pmt_train import cyclic_schedule, preview
        >>> preview(cyclic_schedule(1.0, 2, base=0.0), 9)
        [0.0, 0.5, 1.0, 0.5, 0.0, 0.5, 1.0, 0.5, 0.0]
        >>> preview(cyclic_schedule(1.0, 2, base=0.0, mode="triangular2"), 9)  # half the height
        [0.0, 0.5, 1.0, 0.5, 0.0, 0.25, 0.5, 0.25, 0.0]
    """
    down = up if down is None else down
    check_rate(base)
    if not (math.isfinite(lr) and lr >= base):
        raise SettingsError(f"expected lr to be at least base = {base}, got {lr}")
    check_sizes("cyclic_schedule", up=up, down=down)
    if mode not in get_args(CyclicMode):
        raise SettingsError(f"mode is one of {', '.join(get_args(CyclicMode))}, got {mode!r}")
    if not 0 < decay <= 1 or (decay < 1 and mode != "exp_range"):
        raise SettingsError(
            "decay belongs to mode 'exp_range' and lies in 0 < decay <= 1, got "
            f"{decay} for mode {mode!r}"
        )

    def rate(step: int) -> float:
        cycle, position = divmod(step, up + down)
        part = position / up if position <= up else (up + down - position) / down
        height = {"triangular": 1.0, "triangular2": 0.5**cycle, "exp_range": decay**step}[mode]
        return base + (lr - base) * part * height

    return rate
