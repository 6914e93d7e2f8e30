"""Learning rate schedules as pure functions of the step.

A schedule is any function from the number of steps done (0 at the first step) to a learning rate.
It has no state, so a resumed run continues its schedule.

    warmup(cosine_schedule(1e-3, steps=10_000), steps=500)
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from typing import Literal, Protocol, get_args

from pmt_core import SettingsError, check_sizes


class Schedule(Protocol):
    """A learning rate schedule: a function from step (0, 1, ...) to learning rate."""

    def __call__(self, step: int, /) -> float:
        """Return the learning rate of a step."""


def constant_schedule(lr: float) -> Schedule:
    """Return a schedule with the same rate at each step."""
    _check_rate(lr)
    return lambda step: lr


def linear_schedule(lr: float, steps: int, final: float = 0.0) -> Schedule:
    """Return a linear decay from `lr` at step 0 to `final` at step `steps` and later."""
    _check_rate(lr)
    _check_steps(steps)
    return lambda step: final + (lr - final) * (1 - min(step / steps, 1.0))


def cosine_schedule(lr: float, steps: int, final: float = 0.0) -> Schedule:
    """Return half a cosine from `lr` at step 0 to `final` at `steps` (Loshchilov & Hutter 2017)."""
    _check_rate(lr)
    _check_steps(steps)
    return lambda step: _between(lr, final, min(step / steps, 1.0))


def cosine_restarts_schedule(
    lr: float, steps: int, *, growth: int = 1, final: float = 0.0
) -> Schedule:
    """Return cosines from `lr` to `final`, one after the other (SGDR, Loshchilov & Hutter 2017).

    The first one takes `steps` steps, and each later one `growth` times as many as the one before.
    `final` is not reached: the step that would have this rate restarts at `lr`.
    """
    _check_rate(lr)
    check_sizes("cosine_restarts_schedule", steps=steps, growth=growth)

    def rate(step: int) -> float:
        if growth == 1:
            return _between(lr, final, step % steps / steps)
        length = steps
        while step >= length:
            step -= length
            length *= growth
        return _between(lr, final, step / length)

    return rate


def step_schedule(lr: float, every: int, factor: float = 0.1) -> Schedule:
    """Return a step decay: the rate is multiplied by `factor` after every `every` steps."""
    _check_rate(lr)
    _check_steps(every)
    return lambda step: lr * factor ** (step // every)


def multi_step_schedule(lr: float, milestones: Sequence[int], factor: float = 0.1) -> Schedule:
    """Return a step decay: the rate is multiplied by `factor` at each of the `milestones`.

    milestones: steps, 1 or more, in ascending order. A step that occurs twice counts twice.
    """
    _check_rate(lr)
    for milestone in milestones:
        check_sizes("multi_step_schedule", milestone=milestone)
    if list(milestones) != sorted(milestones):
        raise SettingsError(f"expected milestones in ascending order, got {list(milestones)}")
    steps = tuple(milestones)
    return lambda step: lr * factor ** bisect.bisect_right(steps, step)


def exponential_schedule(lr: float, steps: int, factor: float) -> Schedule:
    """Return an exponential decay by `factor` over `steps` steps, continuing at that pace."""
    _check_rate(lr)
    _check_steps(steps)
    return lambda step: lr * factor ** (step / steps)


def inverse_sqrt_schedule(lr: float, peak: int) -> Schedule:
    """Return a linear warm-up to `lr` at step `peak` and then a decay by 1 / sqrt(step).

    The schedule of Vaswani et al. 2017, section 5.3 ("Noam"), with lr = (d * peak)^-1/2 there.
    """
    _check_rate(lr)
    _check_steps(peak)
    return lambda step: lr * min((step + 1) / peak, math.sqrt(peak / (step + 1)))


def warmup(schedule: Schedule, steps: int) -> Schedule:
    """Return a schedule with its first `steps` rates multiplied by 1/steps, 2/steps, ... 1.

    The schedule is not shifted: its length is that of the run. For a run that may be short, see
    `warmup_steps`.
    """
    if steps < 0:
        raise SettingsError(f"a warm-up takes 0 or more steps, got {steps}")
    return lambda step: schedule(step) * min(1.0, (step + 1) / max(steps, 1))


def warmup_steps(steps: int, total: int, *, divisor: int = 10) -> int:
    """Return the steps of a warm-up in a run of `total` steps: at most a part of the run.

    steps: of the warm-up in a long run. divisor: 10 for at most a tenth of the run.

    Without this limit the rate of a short run would never reach its peak.
    """
    return min(steps, max(total, 0) // divisor)


def preview(schedule: Schedule, steps: int) -> Sequence[float]:
    """Return the rates of the first `steps` steps, e.g. to plot them."""
    return [schedule(step) for step in range(steps)]


def _check_rate(lr: float) -> None:
    if not (math.isfinite(lr) and lr >= 0):
        raise SettingsError(f"expected a learning rate of 0 or more, got {lr}")


def _check_steps(steps: int) -> None:
    if steps < 1:
        raise SettingsError(f"a schedule needs at least 1 step, got {steps}")


def in_sequence(parts: Sequence[tuple[Schedule, int]]) -> Schedule:
    """Return schedules in sequence, each for its number of steps counted from 0.

    `parts` are (schedule, steps), e.g. one for each phase of a curriculum. The last one continues
    without limit.
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
    """Return the one-cycle schedule (Smith & Topin 2018): half a cosine up, half a cosine down.

    The peak rate `lr` is at step `rise * steps - 1`. `start` and `final` are the rates at the first
    and the last step, as shares of `lr`; the last rate continues after the run.
    """
    _check_rate(lr)
    if steps < 2 or not 0 < rise < 1:
        raise SettingsError(
            f"one_cycle needs at least 2 steps and 0 < rise < 1, got {steps} and {rise}"
        )
    if not (0 <= start <= 1 and 0 <= final <= 1):
        raise SettingsError(f"start and final are shares in 0 ... 1, got {start} and {final}")
    peak, last = max(rise * steps - 1, 0.0), steps - 1

    def rate(step: int) -> float:
        if step < peak:
            return _between(start, 1.0, step / peak) * lr
        return _between(1.0, final, min((step - peak) / (last - peak), 1.0)) * lr

    return rate


CyclicMode = Literal["triangular", "triangular2", "exp_range"]


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
    """
    down = up if down is None else down
    _check_rate(base)
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


def _between(first: float, second: float, part: float) -> float:
    """Return half a cosine from `first` at part 0 to `second` at part 1."""
    return second + (first - second) * (1 + math.cos(math.pi * part)) / 2
