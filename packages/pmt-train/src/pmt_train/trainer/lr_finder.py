"""Looking for a learning rate: one short run with a rate that rises at every step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pmt_core import DataError, GradientError, SettingsError
from pmt_train.schedules import exponential_schedule
from pmt_train.trainer.batches import B, Epochs, batches_of_epoch, check_reiterable
from pmt_train.trainer.trainer import Trainer

_DIVERGED = 4.0  # times the lowest loss so far
_SMOOTHING = 0.9


@dataclass(frozen=True, slots=True)
class LearningRateSearch:
    """What `search_learning_rate` found.

    Attributes:
        rates: learning rate of each step, rising. losses: mean loss of each step's batch.
        smoothed: their exponential moving average, without the bias of its beginning.
        suggestion: the rate where the smoothed loss falls fastest: a good highest rate for a
            schedule with warm-up. None where it never fell.
        diverged: whether the loss went up so far that the search ended early.
    """

    rates: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    smoothed: list[float] = field(default_factory=list)
    suggestion: float | None = None
    diverged: bool = False


def search_learning_rate(
    trainer: Trainer[Any, B],
    train: Iterable[B] | Epochs[B],
    *,
    lowest: float = 1e-6,
    highest: float = 1.0,
    steps: int = 100,
) -> LearningRateSearch:
    """Train for `steps` steps, the rate rising from `lowest` to `highest` (Smith 2017).

    It ends early where the loss is four times the lowest so far, or no number any more. The
    trainer and its model are put back to where they were, to the bit.
    """
    if not 0 < lowest < highest or steps < 2:
        raise SettingsError(
            f"0 < lowest < highest and 2 or more steps, got {lowest}, {highest} and {steps}"
        )
    check_reiterable(train)
    rise = exponential_schedule(lowest, steps - 1, highest / lowest)
    rates: list[float] = []
    losses: list[float] = []
    smoothed: list[float] = []
    diverged = False
    mean = 0.0
    with trainer.restored(), trainer.workers:
        trainer.model.train()
        trainer.schedule, trainer.step_count, trainer.lr_scale = rise, 0, 1.0
        for batch in _endless(train, steps):
            try:
                result = trainer.step(batch)
            except GradientError:
                diverged = True
                break
            loss = result.loss / max(result.count, 1)
            mean = _SMOOTHING * mean + (1 - _SMOOTHING) * loss
            rates.append(result.lr)
            losses.append(loss)
            smoothed.append(mean / (1 - _SMOOTHING ** len(rates)))
            if loss > _DIVERGED * min(losses) and smoothed[-1] > 2 * min(smoothed):
                diverged = True
                break
    return LearningRateSearch(rates, losses, smoothed, _steepest(rates, smoothed), diverged)


def _steepest(rates: list[float], smoothed: list[float]) -> float | None:
    """The rate where the loss falls most for a step in the logarithm of the rate."""
    slopes = [
        (smoothed[i + 1] - smoothed[i - 1]) / math.log(rates[i + 1] / rates[i - 1])
        for i in range(1, len(rates) - 1)
    ]
    if not slopes or min(slopes) >= 0:
        return None
    return rates[1 + slopes.index(min(slopes))]


def _endless(train: Iterable[B] | Epochs[B], steps: int) -> Iterator[B]:
    """`steps` batches, of as many epochs as that takes."""
    epoch = 0
    while steps:
        before = steps
        for batch in batches_of_epoch(train, epoch):
            yield batch
            steps -= 1
            if not steps:
                return
        if steps == before:
            raise DataError("the training data has no batches; expected at least one example")
        epoch += 1
