"""Named events of a training run, and the functions called at them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pmt_core import SettingsError
from pmt_train.trainer.history import Row
from pmt_train.trainer.trainable import Trainable

EventName = Literal["start", "step", "epoch", "improved", "checkpoint", "end"]


@dataclass(frozen=True, slots=True)
class TrainingEvent:
    """What a callback is told.

    Attributes:
        name: "start" (once, a resumed run too), "step" (after every optimizer step), "improved"
            (after an evaluation with a new best score, before "epoch"), "epoch" (after an epoch
            and its evaluation), "checkpoint" (after one was written), "end" (the run is
            complete; the weights are the best ones).
        trainer: the `Trainer` (with its model and optimizer) or other `Trainable`.
        step, epoch: steps and whole epochs done.
        row: numbers of this moment: of the step (loss, lr, grad_norm), or the epoch's row of the
            history.
        rows: the history so far, a row per finished epoch.
    """

    name: EventName
    trainer: Trainable[Any]
    step: int
    epoch: int
    row: Row
    rows: Sequence[Row]


Callback = Callable[[TrainingEvent], None]
Callbacks = Mapping[EventName, Callback | Sequence[Callback]]


def callbacks_by_name(callbacks: Callbacks | None) -> dict[str, list[Callback]]:
    """Every event's callbacks as a list. Raises SettingsError for an event that does not exist."""
    names = get_args(EventName)
    found: dict[str, list[Callback]] = {name: [] for name in names}
    for name, given in (callbacks or {}).items():
        if name not in found:
            raise SettingsError(f"there is no event {name!r}; events are {', '.join(names)}")
        found[name] = [given] if callable(given) else list(given)
    return found
