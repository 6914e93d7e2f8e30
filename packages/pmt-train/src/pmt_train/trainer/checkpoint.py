"""Checkpoints: all that a training run needs to go on as if it had never stopped."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from pmt_autograd import Array
from pmt_core import ArchiveError, load_archive, save_archive
from pmt_train.trainer.early_stopping import EarlyStopping
from pmt_train.trainer.history import Row, rows_from_json, rows_to_json, to_json_number
from pmt_train.trainer.reduce_on_plateau import ReduceOnPlateau

_FORMAT = "pmt checkpoint 1"
_PARTS = ("model", "optimizer", "best", "average")


@dataclass(slots=True)
class TrainingState:
    """Where a run stands, but for the arrays.

    Random numbers need no more than `seed` and `step`: every stream is a function of them. The
    schedule's position is `step`, the data's is (`epoch`, `batch`).

    Attributes:
        seed, workers: of the run (workers of all ranks); another number gives other bits.
        step: optimizer steps done. epoch: whole epochs done (evaluated). batch: batches of the
            next epoch done. batches: batches in an epoch, None where unknown.
        loss_sum, count, norm_sum, norm_count: sums of the present epoch: loss, what to divide it
            by, gradient norms and their number.
        epoch_examples, epoch_seconds: examples and time of steps of the epoch under way.
        examples, training_seconds, seconds: of the whole run, see `History`.
        stopping: early stopping and the best score. plateau: of the learning rate.
        best_metrics: measured with the best weights.
        rows: the history.
        fingerprint: values that must be unchanged on resume (settings, checksums of the data).
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
    stopping: EarlyStopping = field(default_factory=EarlyStopping)
    plateau: ReduceOnPlateau | None = None
    best_metrics: dict[str, float] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    fingerprint: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As JSON can hold it; numbers come back to the bit."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        stopping = self.stopping.to_dict()
        if self.stopping.best is not None:
            stopping["best"] = to_json_number(self.stopping.best)
        metrics = {name: to_json_number(value) for name, value in self.best_metrics.items()}
        return plain | {
            "norm_sum": to_json_number(self.norm_sum),
            "stopping": stopping,
            "plateau": self.plateau.to_dict() if self.plateau is not None else None,
            "best_metrics": metrics,
            "rows": rows_to_json(self.rows),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Return the state that `to_json` wrote, in this or an earlier version."""
        plain = _with_current_keys(plain)
        stopping = dict(plain["stopping"])
        if stopping["best"] is not None:
            stopping["best"] = float(stopping["best"])
        return cls(
            **plain
            | {
                "norm_sum": float(plain["norm_sum"]),
                "stopping": EarlyStopping.from_dict(stopping),
                "plateau": ReduceOnPlateau.from_dict(plain["plateau"])
                if plain.get("plateau") is not None
                else None,
                "best_metrics": {k: float(v) for k, v in plain["best_metrics"].items()},
                "rows": rows_from_json(plain["rows"]),
            }
        )


def _with_current_keys(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return `plain` with the keys of an earlier version (until 0.9) replaced by today's."""
    if "about" not in plain:
        return dict(plain)
    state = dict(plain)
    state["norm_count"] = state.pop("epoch_steps")
    state["fingerprint"] = {
        "accumulate": state.pop("accumulate"),
        "average of the weights": state.pop("averages"),
        **state.pop("about"),
    }
    return state


@dataclass(slots=True)
class Checkpoint:
    """A `TrainingState` and the arrays that go with it.

    Attributes:
        state: where the run stands.
        model: parameters (and buffers) now, by name. optimizer: its state.
        best: parameters of the best epoch so far; None where there is none yet.
        average: state of the weights' average; empty where there is none.
    """

    state: TrainingState
    model: dict[str, Array]
    optimizer: dict[str, Array]
    best: dict[str, Array] | None
    average: dict[str, Array] = field(default_factory=dict)


def save_checkpoint(path: str | os.PathLike[str], checkpoint: Checkpoint) -> None:
    """Write a checkpoint (.npz); the one before stays whole until the new one is."""
    arrays: dict[str, Array] = {}
    for part in _PARTS:
        arrays |= {f"{part}.{k}": v for k, v in (getattr(checkpoint, part) or {}).items()}
    meta = {
        "format": _FORMAT,
        "has_best": checkpoint.best is not None,
        "state": checkpoint.state.to_json(),
    }
    save_archive(path, arrays, meta)


def load_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint. Raises FileProblem, or ArchiveError where the file is not one."""
    arrays, meta = load_archive(path)
    if meta.get("format") != _FORMAT:
        raise ArchiveError(
            f"{os.fspath(path)!r} is not a checkpoint of this version: expected format "
            f"{_FORMAT!r}, got {meta.get('format')!r}; resume from the checkpoint.npz of a run, "
            "with the version of pmt_train that wrote it"
        )
    try:
        state = TrainingState.from_json(meta["state"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArchiveError(
            f"{os.fspath(path)!r}: the state in this checkpoint is damaged ({error!r}); "
            "start the run anew"
        ) from error
    parts: dict[str, dict[str, Array]] = {part: {} for part in _PARTS}
    for name, array in arrays.items():
        part, _, rest = name.partition(".")
        if part in parts:
            parts[part][rest] = array
    best = parts["best"] if meta.get("has_best") else None
    return Checkpoint(state, parts["model"], parts["optimizer"], best, parts["average"])
