"""`FitOptions`: the settings of one call of `Trainer.fit`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pmt_core import SettingsError
from pmt_train.trainer.callbacks import Callbacks
from pmt_train.trainer.early_stopping import EarlyStopping, Mode, ReduceOnPlateau


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
        SettingsError: for values out of range or not JSON, and for contradictory modes.

    Examples:
        >>> from dataclasses import replace
        >>> from pmt_train import EarlyStopping, FitOptions
        >>> options = FitOptions(
        ...     epochs=20,
        ...     monitor="f1",
        ...     early_stopping=EarlyStopping(patience=3),
        ...     checkpoint_path="checkpoint.npz",
        ...     resume=True,  # start at once again after Ctrl-C
        ... )
        >>> replace(options, epochs=2, quiet=True).monitor
        'f1'
        >>> FitOptions(epochs=0)
        Traceback (most recent call last):
            ...
        pmt_core.errors.SettingsError: expected 1 or more epochs, got 0
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
        _check_json("fingerprint", self.fingerprint)
        _check_json("best_model_meta", self.best_model_meta)
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


def _check_json(name: str, values: Mapping[str, Any]) -> None:
    """Raise SettingsError, with the key, for a value that JSON cannot hold; nan is none either."""
    if not isinstance(values, Mapping):
        raise SettingsError(f"{name} is a dict, got {type(values).__name__}")
    for key, value in values.items():
        try:
            json.dumps({key: value}, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise SettingsError(
                f"expected values of JSON in {name} (text, finite numbers, booleans, None, lists, "
                f"dicts), got {key!r}: {error}"
            ) from error
