"""The saved weights of a run: read, checked, and a limit for the model that they go into."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pmt_autograd import Array
from pmt_core import (
    DataError,
    FileProblem,
    GradientError,
    JsonObject,
    check_finite,
    field,
    json_errors,
    json_object,
    load_archive,
    save_archive,
)
from pmt_nn import weight_limit
from pmt_train import History


def load_weights(path: Path) -> tuple[dict[str, Array], JsonObject]:
    """Read the weights of a run by name, and the metadata beside them.

    Raises:
        FileProblem, ArchiveError: if the file cannot be read.
        DataError: if an array holds anything but finite real numbers.
    """
    arrays, meta = load_archive(path)
    name = os.fspath(path)
    with json_errors(name):
        for key, array in arrays.items():
            if array.dtype.kind not in "fiub":
                raise DataError(f"{key} is of {array.dtype}, expected real numbers")
            check_finite(key, array)
    return arrays, json_object(meta, where=meta.where if isinstance(meta, JsonObject) else name)


@contextmanager
def saved_model(path: Path) -> Iterator[tuple[dict[str, Array], dict[str, Any]]]:
    """Give the weights of model.npz, and what is saved beside them, to a block that builds a model.

    Within the block no model is built that is larger than the weights, and errors name the file.

    Raises:
        FileProblem, ArchiveError: if there are no weights yet, or the file cannot be read.
        DataError: if the weights are not finite, or do not fit.
    """
    if not path.is_file():
        raise FileProblem(
            f"the run in {str(path.parent)!r} has no {path.name} yet: it was stopped before its "
            "first evaluation with a finite score; continue it with --resume"
        )
    weights, meta = load_weights(path)
    with json_errors(str(path)), weight_limit(weights):
        yield weights, field(meta, "model", dict, {})


def write_model(
    path: Path, task: str, arrays: Mapping[str, Array], model_meta: Mapping[str, Any]
) -> None:
    """Write the weights of a run of `task`, and the JSON that `saved_model` gives beside them."""
    save_archive(path, dict(arrays), {"task": task, "model": dict(model_meta)})


def check_has_best(history: History, monitor: str, path: Path) -> None:
    """Raise GradientError if no epoch had a finite score, so that there are no best weights."""
    if history.best_epoch is None:
        raise GradientError(
            f"no epoch had a finite {monitor} on dev, so there are no best weights and no {path}; "
            "history.csv beside it has the scores; train anew, e.g. with a lower --lr"
        )


@contextmanager
def no_larger_than(checkpoints: Sequence[Path]) -> Iterator[None]:
    """Let no model be built in this block that is larger than the first checkpoint that exists."""
    path = next((path for path in checkpoints if path.is_file()), None)
    if path is None:
        yield
        return
    # A weight takes four bytes or more, and so does each number that the optimizer keeps of it.
    with json_errors(str(path)), weight_limit(path.stat().st_size // 4):
        yield
