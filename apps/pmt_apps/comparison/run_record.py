"""`RunRecord`: what a run left behind that can be compared: settings, scores, curves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pmt_apps.kit.run_folder import RunFolder
from pmt_apps.kit.settings import AppSettings, load_settings
from pmt_apps.loading import PREDICTORS
from pmt_core import DataError, FileProblem, JsonObject, field, json_errors, read_json
from pmt_train import History, Interval

Score = Interval | float

_NO_SPLITS = ("data", "versions")
_INTERVAL = "_interval"
_NO_CURVES = ("epoch", "step", "stage", "seconds", "examples_per_second")


@dataclass(frozen=True, slots=True, eq=False)
class RunRecord:
    """A run as it is compared.

    Attributes:
        folder: of the run.
        task: name of its app.
        settings: all of them by name, as JSON, without the folder.
        seconds, parameters, best_epoch, epochs: None if the run has no metrics.json yet.
        data: checksums (SHA-256) of the files that it read, by role.
        splits: scores by split, "dev" and others.
        history: its epochs; empty if there is no history.csv.
        report: the path of report.html; None if there is none.
    """

    folder: Path
    task: str
    settings: Mapping[str, Any]
    seconds: float | None
    parameters: int | None
    best_epoch: int | None
    epochs: int | None
    data: Mapping[str, str]
    splits: Mapping[str, Mapping[str, Score]]
    history: History
    report: Path | None

    @property
    def curve_names(self) -> list[str]:
        """The columns of the history that are drawn by epoch."""
        return [name for name in self.history.columns if name not in _NO_CURVES]

    def curve(self, name: str) -> tuple[list[float], list[float]]:
        """Return the epochs of the last stage, and a column of the history in them."""
        last = self.history.rows[-1].get("stage") if self.history.rows else None
        rows = [row for row in self.history.rows if row.get("stage") == last]
        return (
            [row.get("epoch", math.nan) for row in rows],
            [row.get(name, math.nan) for row in rows],
        )

    @property
    def scores(self) -> dict[str, Score]:
        """The scores of all splits by "dev accuracy" and the like."""
        return {
            f"{split} {name}": value
            for split, row in self.splits.items()
            for name, value in row.items()
        }

    @classmethod
    def read(cls, path: Path) -> RunRecord:
        """Read the run in a folder.

        Raises:
            FileProblem: if there is none, or a file cannot be read.
            DataError: names the file that is damaged.
        """
        folder = RunFolder(path)
        if not folder.config.is_file():
            raise FileProblem(f"there is no run in {str(path)!r}: it has no {folder.config.name}")
        task, settings = _read_settings(folder.config)
        metrics = read_json(folder.metrics) if folder.metrics.exists() else JsonObject()
        with json_errors(str(folder.metrics)):
            return cls(
                folder=path,
                task=task,
                settings=settings,
                seconds=field(metrics, "seconds", float | None, None),
                parameters=field(metrics, "parameters", int | None, None),
                best_epoch=field(metrics, "best_epoch", int | None, None),
                epochs=field(metrics, "epochs", int | None, None),
                data=_checksums(metrics),
                splits={name: _scores(split) for name, split in _splits(metrics)},
                history=History.load(folder.history) if folder.history.exists() else History(),
                report=folder.report if folder.report.is_file() else None,
            )


def run_labels(records: Sequence[RunRecord]) -> list[str]:
    """Return a name for each run: the shortest end of its path that no other has."""
    paths = [record.folder.resolve() for record in records]
    labels = []
    for path in paths:
        parts = path.parts
        for n in range(1, len(parts) + 1):
            if sum(other.parts[-n:] == parts[-n:] for other in paths) == 1:
                break
        labels.append("/".join(parts[-n:]))
    return labels


def _read_settings(path: Path) -> tuple[str, dict[str, Any]]:
    config = read_json(path)
    task = config.get("task")
    if not isinstance(task, str):
        raise DataError(f"{path}: expected the settings of a run of pmt, with its task")
    settings: Mapping[str, Any] = {name: v for name, v in config.items() if name != "task"}
    if task in PREDICTORS:  # with the defaults of settings that are newer than the run
        kind: type[AppSettings] = PREDICTORS[task].settings_type
        settings = kind(**load_settings(path, task, kind)).to_json()
    return task, {name: value for name, value in settings.items() if name != "out"}


def _splits(metrics: JsonObject) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, value in metrics.items():
        if isinstance(value, Mapping) and name not in _NO_SPLITS:
            yield name, value


def _scores(split: Mapping[str, Any]) -> dict[str, Score]:
    """Return the numbers of a split, and the intervals of those that have one."""
    scores: dict[str, Score] = {}
    for name, value in split.items():
        if name.endswith(_INTERVAL) or not _is_number(value):
            continue
        ends = split.get(name + _INTERVAL)
        if isinstance(ends, list) and len(ends) == 2 and all(map(_is_number, ends)):
            scores[name] = Interval(float(value), float(ends[0]), float(ends[1]))
        else:
            scores[name] = value
    return scores


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _checksums(metrics: JsonObject) -> dict[str, str]:
    files = field(metrics, "data", dict, {})
    return {
        role: str(file["sha256"])
        for role, file in files.items()
        if isinstance(file, Mapping) and isinstance(file.get("sha256"), str)
    }
