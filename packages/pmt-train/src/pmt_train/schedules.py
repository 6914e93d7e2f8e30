"""Learning rates as pure functions of the step.

A schedule is any function from the number of steps done so far (0 at the first step) to a
learning rate. Nothing is remembered between calls, so a resumed run goes on where it was.

    warmup(cosine(1e-3, steps=10_000), steps=500)

Learning-rate schedules one after the other.

The one-cycle schedule.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from pmt_core import SettingsError


class Schedule(Protocol):
    """A learning rate schedule: a function from step (0, 1, ...) to learning rate."""

    def __call__(self, step: int, /) -> float:
        """Return the learning rate of a step."""


def constant_schedule(lr: float) -> Schedule:
    """The same rate at every step."""
    _check_rate(lr)
    return lambda step: lr


def linear_schedule(lr: float, steps: int, final: float = 0.0) -> Schedule:
    """Falls in a straight line from `lr` at step 0 to `final` at step `steps`, and stays there."""
    _check_rate(lr)
    _check_steps(steps)
    return lambda step: final + (lr - final) * (1 - _part(step, steps))


def cosine_schedule(lr: float, steps: int, final: float = 0.0) -> Schedule:
    """Half a cosine from `lr` at step 0 to `final` at step `steps` (Loshchilov & Hutter 2017)."""
    _check_rate(lr)
    _check_steps(steps)
    return lambda step: final + (lr - final) * (1 + math.cos(math.pi * _part(step, steps))) / 2


def step_schedule(lr: float, every: int, factor: float = 0.1) -> Schedule:
    """Multiplied by `factor` after every `every` steps."""
    _check_rate(lr)
    _check_steps(every)
    return lambda step: lr * factor ** (step // every)


def exponential_schedule(lr: float, steps: int, factor: float) -> Schedule:
    """Falls smoothly by `factor` over `steps` steps, and further on at the same pace."""
    _check_rate(lr)
    _check_steps(steps)
    return lambda step: lr * factor ** (step / steps)


def inverse_sqrt_schedule(lr: float, peak: int) -> Schedule:
    """Rises in a straight line to `lr` at step `peak`, then falls as 1 / sqrt(step).

    The schedule of Vaswani et al. 2017, section 5.3 ("Noam"), there with lr = (d * peak)^-1/2.
    """
    _check_rate(lr)
    _check_steps(peak)
    return lambda step: lr * min((step + 1) / peak, math.sqrt(peak / (step + 1)))


def warmup(schedule: Schedule, steps: int) -> Schedule:
    """Any schedule, its first `steps` rates multiplied by 1/steps, 2/steps, ... 1.

    The schedule behind it is not shifted: it is as long as the run.
    """
    if steps < 0:
        raise SettingsError(f"a warm-up takes 0 or more steps, got {steps}")
    return lambda step: schedule(step) * min(1.0, (step + 1) / max(steps, 1))


def preview(schedule: Schedule, steps: int) -> Sequence[float]:
    """The rates of the first `steps` steps, to look at or to plot."""
    return [schedule(step) for step in range(steps)]


def _part(step: int, steps: int) -> float:
    return min(step / steps, 1.0)


def _check_rate(lr: float) -> None:
    if not (math.isfinite(lr) and lr >= 0):
        raise SettingsError(f"a learning rate is a number of 0 or more, got {lr}")


def _check_steps(steps: int) -> None:
    if steps < 1:
        raise SettingsError(f"a schedule needs at least 1 step, got {steps}")


def in_sequence(parts: Sequence[tuple[Schedule, int]]) -> Schedule:
    """Each schedule for its number of steps, counted from 0 again; the last one goes on.

    parts: (schedule, steps), in order, e.g. one for each phase of a curriculum.
    """
    if not parts:
        raise SettingsError("a sequence of schedules needs at least one")

    def rate(step: int) -> float:
        for schedule, steps in parts[:-1]:
            if step < steps:
                return schedule(step)
            step -= steps
        return parts[-1][0](step)

    return rate


def one_cycle_schedule(
    lr: float, steps: int, *, rise: float = 0.3, start: float = 0.04, final: float = 4e-6
) -> Schedule:
    """Half a cosine up to `lr` and half a cosine down to almost nothing (Smith & Topin 2018).

    lr: highest rate. steps: of the whole run. rise: part of them that goes up.
    start, final: rates at the first and the last step, as shares of `lr`.
    The highest rate is that of step `rise * steps - 1`; after `steps` steps the last one stays.
    """
    constant_schedule(lr)  # raises for a rate that makes no sense
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
