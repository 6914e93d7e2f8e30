"""Save a training run, and resume it from its checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pmt_autograd import Array
from pmt_core import (
    ArchiveError,
    DataError,
    DtypeError,
    GradientError,
    SettingsError,
    ShapeError,
    StateError,
    check_finite,
)
from pmt_train.trainer.checkpoint import Checkpoint, TrainingState, load_checkpoint, save_checkpoint
from pmt_train.trainer.progress import warn
from pmt_train.trainer.trainable import Trainable

_DEFAULTS = {"accumulate": 1, "average of the weights": False}  # of a fingerprint without them


def save_run(
    path: Path, trainable: Trainable[Any], state: TrainingState, best: dict[str, Any] | None
) -> None:
    """Write everything that `resume_run` needs to `path` (.npz). best: the best weights so far.

    Raises:
        GradientError: a number is not finite; the file stays as it is.
    """
    parts = trainable.state()
    for arrays in parts.values():
        check_not_diverged(arrays)
    optimizer, average = parts.get("optimizer", {}), parts.get("average", {})
    save_checkpoint(path, Checkpoint(state, parts["model"], optimizer, best, average))


def check_not_diverged(arrays: Mapping[str, Array]) -> None:
    """Raise GradientError if weights, or the state of an optimizer, are not finite."""
    for name, array in arrays.items():
        try:
            check_finite(name, array)
        except DataError:
            raise GradientError(
                f"training diverged: {name} is not finite any more. Cures: a lower learning rate, "
                "a longer warm-up, clip=1.0"
            ) from None


def resume_run(path: Path, trainable: Trainable[Any], begin: TrainingState) -> Checkpoint:
    """Load the checkpoint at `path` into `trainable` and return it.

    `begin` is the state of a new run with the present settings, to compare with the saved one.

    Raises:
        SettingsError: if the saved run had other settings or data.
        ArchiveError: if the file is damaged or belongs to another model.
    """
    checkpoint = load_checkpoint(path)
    for name, before, now in _differences(checkpoint.state, begin):
        raise SettingsError(
            f"cannot resume {path}: {name} was {before!r:.100} and is {now!r:.100} now; "
            "resume with the data and settings the run was started with, or start anew"
        )
    if checkpoint.state.workers != begin.workers:
        warn(
            f"note: the run had {checkpoint.state.workers} workers and has {begin.workers} now; "
            "it resumes, but the results are not bit-identical"
        )
        checkpoint.state.workers = begin.workers
    parts = {name: getattr(checkpoint, name) for name in ("model", "optimizer", "average")}
    try:
        if checkpoint.best is not None:
            trainable.load_weights(checkpoint.best)  # to see now that they fit
        trainable.load_state(parts, checkpoint.state.step)
    except (ShapeError, StateError) as error:
        raise ArchiveError(f"{path} is the checkpoint of another model: {error}") from error
    except (DataError, DtypeError) as error:
        raise ArchiveError(f"{path} is damaged: {error}; start the run anew") from error
    return checkpoint


def _differences(
    saved: TrainingState, begin: TrainingState
) -> Iterator[tuple[str, object, object]]:
    """(name, saved value, present value) of each setting that must not change and did."""
    pairs: list[tuple[str, object, object]] = [
        ("seed", saved.seed, begin.seed),
        ("patience", saved.stopping.patience, begin.stopping.patience),
        ("mode", saved.stopping.mode, begin.stopping.mode),
        ("ReduceOnPlateau", saved.plateau is not None, begin.plateau is not None),
    ]
    if None not in (saved.batches, begin.batches):
        pairs.append(("number of batches", saved.batches, begin.batches))
    before, now = _DEFAULTS | saved.fingerprint, _DEFAULTS | begin.fingerprint
    pairs += [(name, before.get(name), now.get(name)) for name in before | now]
    return (pair for pair in pairs if pair[1] != pair[2])


def diverged_run(
    error: GradientError | StateError, position: str, checkpoint: Path | None
) -> GradientError | StateError:
    """Return an error of training with its position, and the checkpoint to resume from if any."""
    exists = checkpoint is not None and checkpoint.exists()
    last = f"; the last good checkpoint is {checkpoint}" if exists else ""
    return type(error)(f"{error} ({position}){last}")
