"""Checkpoints: the state of a training run, and its file."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from pmt_autograd import Array
from pmt_core import (
    ArchiveError,
    DataError,
    JsonObject,
    SettingsError,
    dataclass_fields,
    decode_field,
    field,
    json_object,
    load_archive,
    save_archive,
    value_text,
)
from pmt_train.trainer.early_stopping import EarlyStopping, ReduceOnPlateau
from pmt_train.trainer.history import (
    History,
    Row,
    from_json_number,
    numbers_from_json,
    rows_from_json,
    rows_to_json,
    to_json_number,
)
from pmt_train.trainer.trainable import StepResult, mean_loss

_FORMAT = "pmt checkpoint 1"

_SEEDS = 10**60  # JSON is read up to this number of digits
_PARTS = ("model", "optimizer", "best", "average")


@dataclass(slots=True)
class TrainingState:
    """The counters and sums of a run: its state without the arrays.

    Random streams are functions of `seed` and `step`, so they have no state. The position of the
    schedule is `step`, that of the data (`epoch`, `batch`).

    Attributes:
        workers: of all ranks together; another number changes the rounding of sums.
        step, epoch: number of optimizer steps, and of whole epochs done and evaluated.
        batch, batches: batches of the present epoch: done, and in all (None if unknown).
        loss_sum, count, norm_sum, norm_count: sums of the present epoch: loss, what to divide it
            by, gradient norms and their number.
        epoch_examples, epoch_seconds: examples and time of the steps of the present epoch.
        examples, training_seconds, seconds: of the whole run, see `History`.
        stopping: early stopping and the best score.
        best_metrics: metrics of the best weights.
        fingerprint: values that must be unchanged on resume (settings, checksums of the data).

    Examples:
        >>> from pmt_train import StepResult, TrainingState
        >>> state = TrainingState(seed=1)
        >>> result = StepResult(loss=8.0, count=4, grad_norm=1.0, lr=0.1, examples=4)
        >>> state.add_step(result, batches=1, seconds=0.5)
        >>> state.mean_loss, state.examples_per_second
        (2.0, 8.0)
        >>> TrainingState.from_json(state.to_json()) == state
        True
    """

    seed: int = 0
    workers: int = 1
    step: int = 0
    epoch: int = 0
    batch: int = 0
    batches: int | None = None
    loss_sum: float = 0.0
    count: int = 0
    norm_sum: float = 0.0
    norm_count: int = 0
    epoch_examples: int = 0
    epoch_seconds: float = 0.0
    examples: int = 0
    training_seconds: float = 0.0
    seconds: float = 0.0
    stopping: EarlyStopping = dataclasses.field(default_factory=EarlyStopping)
    plateau: ReduceOnPlateau | None = None
    best_metrics: dict[str, float] = dataclasses.field(default_factory=dict)
    rows: list[Row] = dataclasses.field(default_factory=list)
    fingerprint: dict[str, Any] = dataclasses.field(default_factory=dict)

    def add_step(self, result: StepResult, batches: int, seconds: float) -> None:
        """Add a step to the sums of the epoch and the run."""
        self.batch += batches
        self.loss_sum += result.loss
        self.count += result.count
        if result.grad_norm is not None:
            self.norm_sum += result.grad_norm
            self.norm_count += 1
        self.epoch_examples += result.examples
        self.epoch_seconds += seconds
        self.examples += result.examples
        self.training_seconds += seconds

    def end_epoch(self, lr: float, metrics: Mapping[str, float]) -> Row:
        """Append a row to the history and begin the next epoch. lr: of the last step."""
        row: Row = {"epoch": self.epoch + 1, "step": self.step, "seconds": self.seconds}
        row |= {"lr": lr, "train_loss": self.mean_loss}
        if self.norm_count:
            row["grad_norm"] = self.norm_sum / self.norm_count
        row["examples_per_second"] = self.examples_per_second
        row |= {f"dev_{name}": value for name, value in metrics.items()}
        self.rows.append(row)
        self.epoch += 1
        self.batch = self.count = self.norm_count = self.epoch_examples = 0
        self.loss_sum = self.norm_sum = self.epoch_seconds = 0.0
        return row

    @property
    def mean_loss(self) -> float:
        """Mean loss of the present epoch so far; nan if nothing was predicted."""
        return mean_loss(self.loss_sum, self.count)

    @property
    def examples_per_second(self) -> float:
        """Examples per second of training steps in the present epoch so far."""
        return self.epoch_examples / max(self.epoch_seconds, 1e-9)

    def history(self, epochs: int, evaluated: bool) -> History:
        """Return the history of the run. epochs: planned; evaluated: whether metrics exist."""
        return History(
            rows=self.rows,
            best_epoch=(self.stopping.best_round or None) if evaluated else None,
            best=dict(self.best_metrics),
            seconds=self.seconds,
            training_seconds=self.training_seconds,
            examples=self.examples,
            stopped_early=self.stopping.should_stop and self.epoch < epochs,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON; `from_json` restores it to the bit."""
        return {f.name: getattr(self, f.name) for f in fields(self)} | {
            "norm_sum": to_json_number(self.norm_sum),
            "stopping": self.stopping.to_dict(),
            "plateau": self.plateau.to_dict() if self.plateau is not None else None,
            "best_metrics": {k: to_json_number(v) for k, v in self.best_metrics.items()},
            "rows": rows_to_json(self.rows),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Return the state that `to_json` wrote, in this or an earlier version.

        Raises:
            DataError: an entry is missing, unknown, of another type or out of range.
        """
        state = _with_current_keys(plain)
        decode: dict[str, Callable[[Any], Any]] = {
            "seed": _seed,
            "loss_sum": _finite,
            "norm_sum": _norm_sum,
            "stopping": EarlyStopping.from_dict,
            "plateau": lambda value: None if value is None else ReduceOnPlateau.from_dict(value),
            "best_metrics": numbers_from_json,
            "rows": rows_from_json,
        }
        return cls(**dataclass_fields(state, cls, decode, minimum=0))


def _finite(value: object) -> float:
    number = from_json_number(value)
    if not math.isfinite(number):
        raise DataError(f"expected a finite number, got {value_text(value)}")
    return number


def _norm_sum(value: object) -> float:
    number = from_json_number(value)
    if number < 0:
        raise DataError(f"expected a sum of norms, got {number}")
    return number


def _seed(value: object) -> int:
    if type(value) is not int or abs(value) >= _SEEDS:
        raise DataError(f"expected an integer of up to 60 digits, got {value_text(value)}")
    return value


def _with_current_keys(plain: Mapping[str, Any]) -> JsonObject:
    """Return `plain` with the keys of an earlier version replaced by today's."""
    state = json_object(plain)
    state.setdefault("plateau", None)
    if "about" not in state:
        return state
    state["norm_count"] = field(state, "epoch_steps", int)
    state["fingerprint"] = {
        "accumulate": field(state, "accumulate", int, 1),
        "average of the weights": field(state, "averages", bool, False),
        **field(state, "about", dict),
    }
    for name in ("about", "epoch_steps", "accumulate", "averages"):
        state.pop(name, None)
    return state


@dataclass(slots=True)
class Checkpoint:
    """A `TrainingState` and the arrays that belong to it, each by name.

    `model` has the present parameters and buffers, `best` those of the best epoch so far (None
    before the first evaluation), `optimizer` and `average` the state of the optimizer and of the
    averaged weights (empty if there are none).

    Examples:
        >>> import numpy as np
        >>> from pmt_train import Checkpoint, TrainingState
        >>> state, weights = TrainingState(step=100, epoch=2), {"weight": np.ones((2, 2))}
        >>> checkpoint = Checkpoint(state, weights, optimizer={}, best=None)
        >>> checkpoint.state.epoch, sorted(checkpoint.model)
        (2, ['weight'])
    """

    state: TrainingState
    model: dict[str, Array]
    optimizer: dict[str, Array]
    best: dict[str, Array] | None
    average: dict[str, Array] = dataclasses.field(default_factory=dict)


def save_checkpoint(path: str | os.PathLike[str], checkpoint: Checkpoint) -> None:
    """Write a checkpoint (.npz) atomically: the previous file stays until the new one is whole."""
    arrays: dict[str, Array] = {}
    for part in _PARTS:
        arrays |= {f"{part}.{k}": v for k, v in (getattr(checkpoint, part) or {}).items()}
    state, has_best = checkpoint.state.to_json(), checkpoint.best is not None
    save_archive(path, arrays, {"format": _FORMAT, "has_best": has_best, "state": state})


def load_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint.

    Raises FileProblem if the file cannot be read, ArchiveError if it is damaged or no checkpoint.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear, mse
        >>> from pmt_train import FitOptions, Trainer, batches_of, load_checkpoint
        >>> def loss(model, batch, rng):
        ...     return mse(model(batch[0]), batch[1])
        >>> x = np.ones((8, 1), np.float32)
        >>> trainer = Trainer(Linear(1, 1, np.random.default_rng(0)), loss)
        >>> options = FitOptions(epochs=2, checkpoint_path="run.npz", quiet=True)
        >>> history = trainer.fit(batches_of(x, x, batch_size=4), options)
        >>> checkpoint = load_checkpoint("run.npz")
        >>> checkpoint.state.epoch, checkpoint.state.step, sorted(checkpoint.model)
        (2, 4, ['bias', 'weight'])
    """
    arrays, meta = load_archive(path)
    if meta.get("format") != _FORMAT:
        raise ArchiveError(
            f"{os.fspath(path)!r} is not a checkpoint of this version: expected format "
            f"{_FORMAT!r}, got {value_text(meta.get('format'))}; resume from the checkpoint.npz of "
            "a run, with the version of pmt_train that wrote it"
        )
    try:
        state = decode_field(meta, "state", TrainingState.from_json)
        has_best = field(meta, "has_best", bool, False)
    except (DataError, SettingsError) as error:
        raise ArchiveError(
            f"{os.fspath(path)!r}: the state in this checkpoint is damaged: {error}; "
            "start the run anew"
        ) from error
    parts: dict[str, dict[str, Array]] = {part: {} for part in _PARTS}
    for name, array in arrays.items():
        part, _, rest = name.partition(".")
        if part in parts:
            parts[part][rest] = array
    best = parts["best"] if has_best else None
    return Checkpoint(state, parts["model"], parts["optimizer"], best, parts["average"])
