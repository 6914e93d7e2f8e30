"""Learning rate schedules as pure functions of the step.

A schedule is any function from the number of steps done (0 at the first step) to a learning rate.
It has no state, so a resumed run continues its schedule.

    warmup(cosine_schedule(1e-3, steps=10_000), steps=500)
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from typing import Protocol

from pmt_core import SettingsError, check_sizes


class Schedule(Protocol):
    """A learning rate schedule: a function from step (0, 1, ...) to learning rate.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear, mse
        >>> from pmt_train import Trainer
        >>> def schedule(step):
        ...     return 0.1 if step < 2 else 0.01
        >>> model, x = Linear(1, 1, np.random.default_rng(0)), np.ones((4, 1), np.float32)
        >>> trainer = Trainer(model, lambda model, x, rng: mse(model(x), x), schedule=schedule)
        >>> [trainer.step(x).lr for _ in range(4)]
        [0.1, 0.1, 0.01, 0.01]
    """

    def __call__(self, step: int, /) -> float:
        """Return the learning rate of a step."""


def constant_schedule(lr: float) -> Schedule:
    """Return a schedule with the same rate at each step.

    Examples:
        >>> from pmt_train import constant_schedule
        >>> schedule = constant_schedule(0.1)
        >>> schedule(0), schedule(1000)
        (0.1, 0.1)
    """
    check_rate(lr)
    return lambda step: lr


def linear_schedule(lr: float, steps: int, final: float = 0.0) -> Schedule:
    """Return a linear decay from `lr` at step 0 to `final` at step `steps` and later.

    Examples:
        >>> from pmt_train import linear_schedule, preview
        >>> preview(linear_schedule(1.0, 4), 6)
        [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """
    check_rate(lr)
    check_steps(steps)
    return lambda step: final + (lr - final) * (1 - min(step / steps, 1.0))


def cosine_schedule(lr: float, steps: int, final: float = 0.0) -> Schedule:
    """Return half a cosine from `lr` at step 0 to `final` at `steps` (Loshchilov & Hutter 2017).

    Examples:
        >>> from pmt_train import cosine_schedule
        >>> schedule = cosine_schedule(1.0, 8)
        >>> [round(schedule(step), 3) for step in (0, 2, 4, 6, 8)]
        [1.0, 0.854, 0.5, 0.146, 0.0]
    """
    check_rate(lr)
    check_steps(steps)
    return lambda step: between(lr, final, min(step / steps, 1.0))


def step_schedule(lr: float, every: int, factor: float = 0.1) -> Schedule:
    """Return a step decay: the rate is multiplied by `factor` after every `every` steps.

    Examples:
        >>> from pmt_train import preview, step_schedule
        >>> preview(step_schedule(1.0, every=2, factor=0.5), 6)
        [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    """
    check_rate(lr)
    check_steps(every)
    return lambda step: lr * factor ** (step // every)


def multi_step_schedule(lr: float, milestones: Sequence[int], factor: float = 0.1) -> Schedule:
    """Return a step decay: the rate is multiplied by `factor` at each of the `milestones`.

    milestones: steps, 1 or more, in ascending order. A step that occurs twice counts twice.

    Examples:
        >>> from pmt_train import multi_step_schedule, preview
        >>> preview(multi_step_schedule(1.0, [1, 4], factor=0.5), 6)
        [1.0, 0.5, 0.5, 0.5, 0.25, 0.25]
    """
    check_rate(lr)
    for milestone in milestones:
        check_sizes("multi_step_schedule", milestone=milestone)
    if list(milestones) != sorted(milestones):
        raise SettingsError(f"expected milestones in ascending order, got {list(milestones)}")
    steps = tuple(milestones)
    return lambda step: lr * factor ** bisect.bisect_right(steps, step)


def exponential_schedule(lr: float, steps: int, factor: float) -> Schedule:
    """Return an exponential decay by `factor` over `steps` steps, continuing at that pace.

    Examples:
        >>> from pmt_train import exponential_schedule
        >>> schedule = exponential_schedule(1.0, steps=10, factor=0.5)
        >>> [round(schedule(step), 3) for step in (0, 5, 10, 20)]
        [1.0, 0.707, 0.5, 0.25]
    """
    check_rate(lr)
    check_steps(steps)
    return lambda step: lr * factor ** (step / steps)


def inverse_sqrt_schedule(lr: float, peak: int) -> Schedule:
    """Return a linear warm-up to `lr` at step number `peak`, then a decay by 1 / sqrt(number).

    The first step has the number 1. This is the schedule of Vaswani et al. 2017, section 5.3
    ("Noam"), with lr = (d * peak)^-1/2 there.

    Examples:
        >>> from pmt_train import inverse_sqrt_schedule
        >>> schedule = inverse_sqrt_schedule(1.0, peak=100)
        >>> [round(schedule(step), 3) for step in (49, 99, 399, 9999)]  # steps 50, 100, 400, 10,000
        [0.5, 1.0, 0.5, 0.1]
    """
    check_rate(lr)
    check_steps(peak)
    return lambda step: lr * min((step + 1) / peak, math.sqrt(peak / (step + 1)))


def warmup(schedule: Schedule, steps: int) -> Schedule:
    """Return a schedule with its first `steps` rates multiplied by 1/steps, 2/steps, ... 1.

    The schedule is not shifted: its length is that of the run. For a run that may be short, see
    `warmup_steps`.

    Examples:
        >>> from pmt_train import linear_schedule, preview, warmup
        >>> preview(warmup(linear_schedule(1.0, 8), 4), 8)
        [0.25, 0.4375, 0.5625, 0.625, 0.5, 0.375, 0.25, 0.125]
    """
    if steps < 0:
        raise SettingsError(f"a warm-up takes 0 or more steps, got {steps}")
    return lambda step: schedule(step) * min(1.0, (step + 1) / max(steps, 1))


def warmup_steps(steps: int, total: int, *, divisor: int = 10) -> int:
    """Return the steps of a warm-up in a run of `total` steps: at most a part of the run.

    steps: of the warm-up in a long run. divisor: 10 for at most a tenth of the run.

    Without this limit the rate of a short run would never reach its peak.

    Examples:
        >>> from pmt_train import warmup_steps
        >>> warmup_steps(1000, total=100_000), warmup_steps(1000, total=200)
        (1000, 20)
    """
    return min(steps, max(total, 0) // divisor)


def preview(schedule: Schedule, steps: int) -> Sequence[float]:
    """Return the rates of the first `steps` steps, e.g. to plot them.

    Examples:
        >>> from pmt_train import preview, step_schedule
        >>> preview(step_schedule(1.0, every=1, factor=0.5), 4)
        [1.0, 0.5, 0.25, 0.125]
    """
    return [schedule(step) for step in range(steps)]


def check_rate(lr: float) -> None:
    """Raise SettingsError unless a learning rate is finite and 0 or more."""
    if not (math.isfinite(lr) and lr >= 0):
        raise SettingsError(f"expected a learning rate of 0 or more, got {lr}")


def check_steps(steps: int) -> None:
    """Raise SettingsError for a schedule without steps."""
    if steps < 1:
        raise SettingsError(f"a schedule needs at least 1 step, got {steps}")


def in_sequence(parts: Sequence[tuple[Schedule, int]]) -> Schedule:
    """Return schedules in sequence, each for its number of steps counted from 0.

    `parts` are (schedule, steps), e.g. one for each phase of a curriculum. The last one continues
    without limit.

    Examples:
        >>> from pmt_train import constant_schedule, in_sequence, linear_schedule, preview
        >>> preview(in_sequence([(constant_schedule(1.0), 2), (linear_schedule(0.5, 2), 2)]), 6)
        [1.0, 1.0, 0.5, 0.25, 0.0, 0.0]
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


def between(first: float, second: float, part: float) -> float:
    """Return half a cosine from `first` at part 0 to `second` at part 1."""
    return second + (first - second) * (1 + math.cos(math.pi * part)) / 2
