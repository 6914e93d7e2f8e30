"""Events of a training run, and the callbacks that receive them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, get_args

from pmt_core import SettingsError
from pmt_train.trainer.history import Row
from pmt_train.trainer.trainable import Trainable

EventName = Literal["start", "step", "epoch", "improved", "checkpoint", "end"]
"""When a callback is called, see `TrainingEvent`."""


@dataclass(frozen=True, slots=True)
class TrainingEvent:
    """The argument of a callback.

    Attributes:
        name: "start" (once, also of a resumed run), "step" (after each optimizer step),
            "improved" (after an evaluation with a new best score, before "epoch"), "epoch" (after
            an epoch and its evaluation), "checkpoint" (after one was written), "end" (the run is
            complete and the best weights are loaded).
        trainer: the `Trainer` (with its model and optimizer) or other `Trainable`.
        step, epoch: number of steps and of whole epochs done.
        row: of a step: loss, lr, examples, grad_norm; of an epoch: its row of the history.
        rows: the history so far, a row per finished epoch.
        total_steps: number of steps of all epochs; None if it is not known.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear, mse
        >>> from pmt_train import FitOptions, Trainer, batches_of
        >>> model, x = Linear(1, 1, np.random.default_rng(0)), np.ones((8, 1), np.float32)
        >>> trainer = Trainer(model, lambda model, batch, rng: mse(model(batch[0]), batch[1]))
        >>> def show(event):
        ...     print(event.name, event.epoch, event.step, "lr" in event.row, len(event.rows))
        >>> options = FitOptions(epochs=1, callbacks={"step": show, "epoch": show}, quiet=True)
        >>> history = trainer.fit(batches_of(x, x, batch_size=4), options)
        step 0 1 True 0
        step 0 2 True 0
        epoch 1 2 True 1
    """

    name: EventName
    trainer: Trainable[Any]
    step: int
    epoch: int
    row: Row
    rows: Sequence[Row]
    total_steps: int | None = None


class Callback(Protocol):
    """A function that is called at an event of the training run.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear, mse
        >>> from pmt_train import FitOptions, Trainer, batches_of
        >>> class LongestStep:
        ...     norm = 0.0
        ...
        ...     def __call__(self, event):
        ...         self.norm = max(self.norm, event.row["grad_norm"])
        >>> model, x = Linear(1, 1, np.random.default_rng(0)), np.ones((8, 1), np.float32)
        >>> trainer = Trainer(model, lambda model, batch, rng: mse(model(batch[0]), 9 * batch[0]))
        >>> callback = LongestStep()
        >>> options = FitOptions(epochs=1, callbacks={"step": callback}, quiet=True)
        >>> history = trainer.fit(batches_of(x, batch_size=4), options)
        >>> callback.norm > 1
        True
    """

    def __call__(self, event: TrainingEvent, /) -> object:
        """Handle the event; what is returned is ignored."""


Callbacks: TypeAlias = Mapping[EventName, Callback | Sequence[Callback]]
"""One or several callbacks by event, e.g. {"epoch": print}."""


def callbacks_by_name(callbacks: Callbacks | None) -> dict[str, list[Callback]]:
    """Return the callbacks of each event as a list. Raises SettingsError for an unknown event."""
    names = get_args(EventName)
    lists: dict[str, list[Callback]] = {name: [] for name in names}
    for name, given in (callbacks or {}).items():
        if name not in lists:
            raise SettingsError(f"there is no event {name!r}; events are {', '.join(names)}")
        lists[name] = [given] if callable(given) else list(given)
    return lists
