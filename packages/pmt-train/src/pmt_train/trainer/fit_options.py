"""`FitOptions`: the settings of one call of `Trainer.fit`, with its events and callbacks."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias, get_args

from pmt_core import SettingsError
from pmt_train.trainer.early_stopping import EarlyStopping, Mode, ReduceOnPlateau
from pmt_train.trainer.history import Row
from pmt_train.trainer.trainable import Trainable

EventName = Literal["start", "step", "epoch", "improved", "checkpoint", "end"]


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
        row: of a step: loss, lr, grad_norm; of an epoch: its row of the history.
        rows: the history so far, a row per finished epoch.
    """

    name: EventName
    trainer: Trainable[Any]
    step: int
    epoch: int
    row: Row
    rows: Sequence[Row]


class Callback(Protocol):
    """A function that is called at an event of the training run."""

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


@dataclass(frozen=True, slots=True)
class FitOptions:
    """The settings of one training run. `dataclasses.replace` changes some of them.

    Attributes:
        epochs: number of epochs, 1 or more.
        evaluate: called after each epoch with the model in `eval()`; returns metrics by name.
            Without it, the last weights count as the best.
        monitor: the metric that decides which weights are the best.
        mode: "max" (default) if a higher metric is better, "min" if a lower one is. Give it once,
            here or to `early_stopping`.
        early_stopping: when to stop before the last epoch; by default never.
        plateau: lowers the learning rate while the monitored metric does not improve.
        checkpoint_path: file (.npz) for all state that training needs to resume. It is written
            after each epoch, every `checkpoint_seconds` within an epoch, and on Ctrl-C.
        checkpoint_seconds: seconds between checkpoints within an epoch; None: none there.
        resume: resume from the checkpoint if it exists. The result is bit-identical to a run
            that was not interrupted.
        fingerprint: values (JSON) that must be unchanged on resume, e.g. checksums of the data.
        best_model_path: file (.npz) for the best weights.
        best_model_meta: JSON to save along with the best weights.
        callbacks: functions by event name, see `TrainingEvent`.
        quiet: show no progress bar and no line per epoch.

    Raises:
        SettingsError: for values out of range, and for modes that contradict each other.
    """

    epochs: int
    evaluate: Callable[[], Mapping[str, float]] | None = None
    monitor: str = "accuracy"
    mode: Mode | None = None
    early_stopping: EarlyStopping | None = None
    plateau: ReduceOnPlateau | None = None
    checkpoint_path: str | os.PathLike[str] | None = None
    checkpoint_seconds: float | None = 600.0
    resume: bool = False
    fingerprint: Mapping[str, Any] = field(default_factory=dict)
    best_model_path: str | os.PathLike[str] | None = None
    best_model_meta: Mapping[str, Any] = field(default_factory=dict)
    callbacks: Callbacks | None = None
    quiet: bool = False

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise SettingsError(f"expected 1 or more epochs, got {self.epochs}")
        stopping = self.early_stopping
        if stopping is not None and self.mode is not None and self.mode != stopping.mode:
            raise SettingsError(
                f"mode={self.mode!r} and EarlyStopping(mode={stopping.mode!r}) contradict each "
                "other; give the mode once, to EarlyStopping"
            )
        if self.plateau is not None and self.plateau.mode != self.initial_stopping.mode:
            raise SettingsError(
                f"ReduceOnPlateau(mode={self.plateau.mode!r}) and the mode of early stopping, "
                f"{self.initial_stopping.mode!r}, contradict each other; both use the same metric"
            )

    @property
    def initial_stopping(self) -> EarlyStopping:
        """The early stopping to begin with; it also tracks the best epoch if it never stops."""
        return self.early_stopping or EarlyStopping(mode=self.mode or "max")
