"""Learning rates as pure functions of the step.

A schedule is any function from the number of steps done so far (0 at the first step) to a
learning rate. Nothing is remembered between calls, so a resumed run goes on where it was.

    warmup(cosine(1e-3, steps=10_000), steps=500)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from pmt_core import SettingsError

Schedule = Callable[[int], float]
"""Step (0, 1, ...) -> learning rate."""


def constant(lr: float) -> Schedule:
    """The same rate at every step."""
    _check_rate(lr)
    return lambda step: lr


def linear(lr: float, steps: int, final: float = 0.0) -> Schedule:
    """Falls in a straight line from `lr` at step 0 to `final` at step `steps`, and stays there."""
    _check_rate(lr)
    _check_steps(steps)
    return lambda step: final + (lr - final) * (1 - _part(step, steps))


def cosine(lr: float, steps: int, final: float = 0.0) -> Schedule:
    """Half a cosine from `lr` at step 0 to `final` at step `steps` (Loshchilov & Hutter 2017)."""
    _check_rate(lr)
    _check_steps(steps)
    return lambda step: final + (lr - final) * (1 + math.cos(math.pi * _part(step, steps))) / 2


def step_decay(lr: float, every: int, factor: float = 0.1) -> Schedule:
    """Multiplied by `factor` after every `every` steps."""
    _check_rate(lr)
    _check_steps(every)
    return lambda step: lr * factor ** (step // every)


def exponential(lr: float, steps: int, factor: float) -> Schedule:
    """Falls smoothly by `factor` over `steps` steps, and further on at the same pace."""
    _check_rate(lr)
    _check_steps(steps)
    return lambda step: lr * factor ** (step / steps)


def inverse_sqrt(lr: float, peak: int) -> Schedule:
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
