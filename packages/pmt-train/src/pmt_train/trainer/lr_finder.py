"""Learning rate finder: a short run in which the learning rate rises at each step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from pmt_core import DataError, GradientError, SettingsError
from pmt_train.schedules import exponential_schedule
from pmt_train.trainer.batches import B, Epochs, batches_of_epoch, check_reiterable
from pmt_train.trainer.trainer import Trainer

_DIVERGED = 4.0  # times the lowest loss so far
_SMOOTHING = 0.9


@dataclass(frozen=True, slots=True)
class LearningRateSearch:
    """The result of `search_learning_rate`.

    Attributes:
        rates: rising learning rate of each step.
        losses: mean loss of the batch of each step.
        smoothed: exponential moving average of the losses, bias-corrected.
        suggestion: the rate at which the smoothed loss falls fastest, a good peak rate for a
            schedule with warm-up; None if it never fell.
        diverged: whether the search ended early because the loss rose.

    Examples:
        >>> from pmt_train import LearningRateSearch
        >>> rates, losses = [0.01, 0.1, 1.0], [2.0, 1.0, 9.0]
        >>> search = LearningRateSearch(rates, losses, suggestion=0.1, diverged=True)
        >>> search.losses[search.rates.index(search.suggestion)]
        1.0
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
    min_lr: float = 1e-6,
    max_lr: float = 1.0,
    steps: int = 100,
) -> LearningRateSearch:
    """Train while the rate rises exponentially from `min_lr` to `max_lr` (Smith 2017).

    The search ends early if the loss is not finite or four times the lowest so far. Afterwards
    the trainer and its model are restored to the bit.

    Raises SettingsError unless 0 < min_lr < max_lr, both finite, and there are 2 or more steps.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear, mse
        >>> from pmt_train import SGD, Trainer, batches_of, search_learning_rate
        >>> def loss(model, batch, rng):
        ...     return mse(model(batch[0]), batch[1])
        >>> x = np.random.default_rng(0).normal(size=(64, 2)).astype(np.float32)
        >>> batches = batches_of(x, x[:, :1], batch_size=16, rng=0)
        >>> model = Linear(2, 1, np.random.default_rng(1))
        >>> before = model.weight.data.copy()
        >>> trainer = Trainer(model, loss, optimizer=SGD)
        >>> search = search_learning_rate(trainer, batches, min_lr=1e-4, max_lr=100.0, steps=50)
        >>> 1e-3 < search.suggestion < 10
        True
        >>> bool((model.weight.data == before).all())  # nothing was changed
        True
    """
    if not 0 < min_lr < max_lr < math.inf or steps < 2 or not 1 < max_lr / min_lr < math.inf:
        raise SettingsError(
            f"expected 0 < min_lr < max_lr and 2 or more steps, got {min_lr}, {max_lr} and {steps}"
        )
    check_reiterable(train)
    rise = exponential_schedule(min_lr, steps - 1, max_lr / min_lr)
    rates: list[float] = []
    losses: list[float] = []
    smoothed: list[float] = []
    diverged, mean = False, 0.0
    with trainer.restored(), trainer.workers:
        trainer.model.train()
        trainer.schedule, trainer.step_count, trainer.lr_scale = rise, 0, 1.0
        for batch in _endless(train, steps):
            try:
                result = trainer.step(batch)
            except GradientError:
                diverged = True
                break
            if not result.count:
                continue  # the step learned nothing, and has no loss
            loss = result.loss / result.count
            mean = _SMOOTHING * mean + (1 - _SMOOTHING) * loss
            rates.append(result.lr)
            losses.append(loss)
            smoothed.append(mean / (1 - _SMOOTHING ** len(rates)))
            diverged = loss > _DIVERGED * min(losses) and smoothed[-1] > 2 * min(smoothed)
            if diverged:
                break
    return LearningRateSearch(rates, losses, smoothed, _steepest(rates, smoothed), diverged)


def _steepest(rates: list[float], smoothed: list[float]) -> float | None:
    """Return the rate with the most negative slope of the loss by log rate."""
    slopes = [
        (smoothed[i + 1] - smoothed[i - 1]) / math.log(rates[i + 1] / rates[i - 1])
        if rates[i + 1] > rates[i - 1]
        else 0.0  # the rates are equal after rounding
        for i in range(1, len(rates) - 1)
    ]
    if not slopes or min(slopes) >= 0:
        return None
    return rates[1 + slopes.index(min(slopes))]


def _endless(train: Iterable[B] | Epochs[B], steps: int) -> Iterator[B]:
    """Yield `steps` batches, from as many epochs as needed."""
    epoch = 0
    while steps:
        before = steps
        for batch in islice(batches_of_epoch(train, epoch), steps):
            yield batch
            steps -= 1
        if steps == before:
            raise DataError("the training data has no batches; expected at least one example")
        epoch += 1
