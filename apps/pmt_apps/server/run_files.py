"""What the files of a run say, without its model: a summary, its settings, its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pmt_apps.kit.run_folder import RunFolder
from pmt_apps.loading import PREDICTORS
from pmt_apps.qqp.mistakes import read_mistakes
from pmt_apps.server.examples import INPUT_FORMATS
from pmt_core import FileProblem, JsonObject, PmtError, field, read_json
from pmt_train import History

_MISTAKES = 20  # of a run that the page offers


def summary(name: str, path: Path) -> dict[str, Any]:
    """Return what a list of runs says about one: task, whether it has a model, main scores.

    A damaged file makes "error" instead.
    """
    folder = RunFolder(path)
    try:
        config = read_json(folder.config)
        metrics = read_json(folder.metrics) if folder.metrics.is_file() else JsonObject()
        return {
            "name": name,
            "task": config.get("task"),
            "has_model": folder.model.is_file(),
            "has_report": folder.report.is_file(),
            "seconds": field(metrics, "seconds", float | None, None),
            "parameters": field(metrics, "parameters", int | None, None),
            "scores": main_scores(metrics),
        }
    except PmtError as error:
        return {"name": name, "error": str(error)}


def main_scores(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of the development split, without intervals."""
    split = metrics.get("dev")
    if not isinstance(split, Mapping):
        return {}
    return {
        key: value
        for key, value in split.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def describe(name: str, path: Path) -> dict[str, Any]:
    """Return what a client has to know of a run: task, settings, and what an example is.

    Raises:
        FileProblem, DataError: if config.json cannot be read.
    """
    config = read_json(RunFolder(path).config)
    task = config.get("task")
    if not isinstance(task, str) or task not in PREDICTORS:
        raise FileProblem(f"{str(path)!r} holds no run that can be served")
    settings = {key: value for key, value in config.items() if key not in ("task", "out")}
    example = INPUT_FORMATS[task]
    return {
        **summary(name, path),
        "settings": settings,
        "input": example.description,
        "examples": list(example.examples),
        "mistakes": read_mistakes(path)[:_MISTAKES] if task == "qqp" else [],
        "answer": PREDICTORS[task].key,
    }


def history(path: Path) -> dict[str, Any]:
    """Return history.csv as columns and rows; a number that is not finite becomes null."""
    folder = RunFolder(path)
    record = History.load(folder.history) if folder.history.is_file() else History()
    columns: Sequence[str] = list(record.columns)
    return {
        "columns": columns,
        "rows": [[_plain(row.get(c)) for c in columns] for row in record.rows],
    }


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and value - value != 0 else value
