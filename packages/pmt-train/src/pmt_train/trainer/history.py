"""`History`: the record of a training run with a row per epoch, and its CSV file."""

from __future__ import annotations

import csv
import functools
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, cast

from pmt_core import (
    DataError,
    InputFile,
    atomic_file,
    decode_field,
    json_object,
    value_text,
)

Row = dict[str, float]
"""Column name -> number. Columns: epoch (1, 2, ...), step (done so far), seconds (so far), lr (of
the last step), train_loss (true mean over the epoch; nan if nothing was predicted), grad_norm (mean
before clipping, if it is measured), examples_per_second; and the metrics of the dev split as
dev_accuracy, ..."""

_LONGEST_LINE = 1 << 20
_MOST_ROWS = 400_000  # of 200 bytes each
_WHOLE = ("epoch", "step", "stage")


@dataclass(slots=True)
class History:
    """The record of a training run.

    Attributes:
        rows: one row for each finished epoch.
        best_epoch: epoch of the best weights (1, 2, ...); None without evaluation, and if no
            epoch had a finite score.
        best: metrics of that epoch by name.
        seconds: wall time including evaluation, over all parts of a resumed run.
        training_seconds: wall time of the training steps.
        examples: number of examples trained on, counted once per epoch.
        stopped_early: whether early stopping ended the run.

    Examples:
        >>> from pmt_train import History
        >>> rows = [{"epoch": 1, "train_loss": 0.7}, {"epoch": 2, "train_loss": 0.5, "dev_f1": 0.8}]
        >>> history = History(rows, best_epoch=2, best={"f1": 0.8})
        >>> history.columns
        ['epoch', 'train_loss', 'dev_f1']
        >>> history.column("dev_f1")
        [nan, 0.8]
        >>> history.save("history.csv")
        >>> History.load("history.csv").rows == rows
        True
    """

    rows: list[Row] = field(default_factory=list)
    best_epoch: int | None = None
    best: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    training_seconds: float = 0.0
    examples: int = 0
    stopped_early: bool = False

    @property
    def examples_per_second(self) -> float:
        """Examples trained on per second of training steps; 0 before the first."""
        return self.examples / self.training_seconds if self.training_seconds else 0.0

    @property
    def columns(self) -> list[str]:
        """Names of all columns in order of appearance."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    def column(self, name: str) -> list[float]:
        """Return one column; nan for rows without it."""
        return [row.get(name, math.nan) for row in self.rows]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the rows as CSV with a header, atomically. Missing cells stay empty."""
        with atomic_file(path, "w") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(self.columns)
            for row in self.rows:
                writer.writerow([row.get(name, "") for name in self.columns])

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a CSV that `save` wrote. Raises FileProblem, or DataError that names the line."""
        name = os.fspath(path)
        rows: list[Row] = []
        try:
            with InputFile(path) as file:
                lines = iter(functools.partial(file.stream.readline, _LONGEST_LINE), b"")
                reader = csv.reader(line.decode() for line in lines)
                columns = next(reader, [])
                if len(set(columns)) != len(columns):
                    raise DataError(f"{name}: a column occurs twice; expected different names")
                for cells in filter(None, reader):  # not the blank lines
                    if len(rows) == _MOST_ROWS:
                        raise DataError(f"{name}: more than {_MOST_ROWS:,} rows of epochs")
                    rows.append(_row(columns, cells, f"{name}:{reader.line_num}"))
        except (UnicodeDecodeError, csv.Error) as error:
            raise DataError(f"{name}: not a CSV of numbers: {error}") from error
        return cls(rows)


def _row(columns: Sequence[str], cells: Sequence[str], where: str) -> Row:
    if len(cells) != len(columns):
        raise DataError(f"{where}: expected {len(columns)} cells, got {len(cells)}")
    row: Row = {}
    for name, cell in zip(columns, cells, strict=True):
        if cell:
            try:
                row[name] = int(cell) if name in _WHOLE else float(cell)
            except ValueError as error:
                raise DataError(
                    f"{where}: column {name}: expected a number: {value_text(cell)}"
                ) from error
    return row


def rows_to_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return rows as JSON, with nan and infinities as strings."""
    return [{name: to_json_number(value) for name, value in row.items()} for row in rows]


def rows_from_json(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return the rows that `rows_to_json` wrote. Raises DataError for anything else."""
    if not isinstance(rows, list | tuple):
        raise DataError(f"expected a list of rows, got {value_text(rows)}")
    return [_row_from_json(row, f"row {number}") for number, row in enumerate(rows, start=1)]


def _row_from_json(row: object, where: str) -> Row:
    table = json_object(row, where=where)
    return {
        name: decode_field(table, name, _whole_number if name in _WHOLE else from_json_number)
        for name in table
    }


def join_histories(stages: Mapping[str, History]) -> History:
    """Return one history of several stages, with a column `stage` (1, 2, ...).

    Epochs, steps and seconds continue from stage to stage; the best epoch is the last stage's.

    Examples:
        >>> from pmt_train import History, join_histories
        >>> first = History([{"epoch": 1, "loss": 3.0}, {"epoch": 2, "loss": 2.0}])
        >>> second = History([{"epoch": 1, "loss": 1.0}], best_epoch=1)
        >>> whole = join_histories({"pre-training": first, "fine-tuning": second})
        >>> whole.column("stage"), whole.column("epoch"), whole.best_epoch
        ([1, 1, 2], [1, 2, 3], 3)
    """
    whole = History()
    for number, part in enumerate(stages.values(), start=1):
        before: Row = whole.rows[-1] if whole.rows else {}
        epochs = int(before.get("epoch", 0))
        for row in part.rows:
            counted = [name for name in ("epoch", "step", "seconds") if name in row]
            sums: Row = {name: row[name] + before.get(name, 0) for name in counted}
            whole.rows.append({"stage": number, **row, **sums})
        whole.best_epoch = None if part.best_epoch is None else epochs + part.best_epoch
        whole.best, whole.stopped_early = part.best, part.stopped_early
        whole.seconds += part.seconds
        whole.training_seconds += part.training_seconds
        whole.examples += part.examples
    return whole


def to_json_number(value: float) -> float | str:
    """Return the number, or "nan", "inf", "-inf", which JSON has no numbers for."""
    return value if math.isfinite(value) else str(value)


def from_json_number(value: object) -> float:
    """Return the number that `to_json_number` wrote. Raises DataError for anything else."""
    if isinstance(value, str) and value in ("nan", "inf", "-inf"):
        return float(value)
    if type(value) in (int, float):
        try:
            return float(cast(float, value))
        except OverflowError:
            pass
    raise DataError(f"expected a number, got {value_text(value)}")


def numbers_from_json(numbers: Mapping[str, Any]) -> dict[str, float]:
    """Return a table of numbers that `to_json_number` wrote. Raises DataError for another."""
    table = json_object(numbers)
    return {name: decode_field(table, name, from_json_number) for name in table}


def _whole_number(value: object) -> int:
    number = from_json_number(value)
    if not 0 <= number < 1 << 63 or number != int(number):
        raise DataError(f"expected a whole number of 0 or more, got {value_text(value)}")
    return int(cast(float, value))


def finite_or_none(value: float) -> float | None:
    """Return the number, or None (null in JSON) for nan and infinities.

    Examples:
        >>> import json
        >>> from pmt_train import finite_or_none
        >>> json.dumps({"loss": finite_or_none(0.5), "accuracy": finite_or_none(float("nan"))})
        '{"loss": 0.5, "accuracy": null}'
    """
    return value if math.isfinite(value) else None
