"""The scores of a cross-validation in a run: a line per fold, means with ranges, a table.

The folds that are done are in folds.json, so a resumed run goes on with the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pmt_apps.kit.files import write_json
from pmt_apps.kit.run import Run
from pmt_core import DataError, field, read_json
from pmt_train import Interval, finite_or_none, progress_bar

FoldScores = Mapping[str, Mapping[str, float]]
"""Scores of a fold by name: "folds" those of the model, "folds_..." those of a baseline."""


def log_folds(run: Run[Any], folds: int, score: Callable[[int], FoldScores]) -> None:
    """Train and score each fold; log means, least and greatest values, and a table of the folds.

    A resumed run reads the scores of the folds that were done before it was stopped.

    Args:
        run: gets the metrics "folds" and those of the baselines.
        folds: their number.
        score: returns the scores of fold 0, 1, ...; those that a fold lacks have no mean.

    Raises:
        DataError: folds.json is damaged.
    """
    path = run.folder.folds
    results = _read(path)[:folds] if run.settings.resume and path.is_file() else []
    done = len(results)
    with progress_bar(folds, "folds", delay=0) as bar:
        for i in range(folds):
            if i >= done:
                results.append(score(i))
                _write(path, results)
            values = results[i]["folds"].items()
            run.say(f"fold {i + 1}: " + ", ".join(f"{name} {value:.4f}" for name, value in values))
            bar.update(1)
    for name in _common(results):
        rows = [result[name] for result in results]
        run.log_metrics(name, {key: _mean([row[key] for row in rows]) for key in _common(rows)})
    _add_table(run, [result["folds"] for result in results])


def _write(path: Path, results: list[FoldScores]) -> None:
    """Write the scores of the folds that are done; null stands for what is not finite."""
    rows = [
        {
            name: {key: finite_or_none(value) for key, value in scores.items()}
            for name, scores in result.items()
        }
        for result in results
    ]
    write_json(path, {"folds": rows})


def _read(path: Path) -> list[FoldScores]:
    """Return the scores that `_write` wrote. Raises DataError for others."""
    rows = field(read_json(path), "folds", list[dict[str, dict]])  # type: ignore[type-arg]
    results: list[FoldScores] = [
        {name: _numbers(scores) for name, scores in row.items()} for row in rows
    ]
    if not all("folds" in result for result in results):
        raise DataError(f"{path}: a fold has no scores; delete the file to score all folds anew")
    return results


def _numbers(scores: Mapping[str, Any]) -> dict[str, float]:
    values = {name: field(scores, name, float | None) for name in scores}
    return {name: float("nan") if value is None else value for name, value in values.items()}


def _common(rows: Sequence[Mapping[str, object]]) -> list[str]:
    return [name for name in rows[0] if all(name in row for row in rows)]


def _add_table(run: Run[Any], rows: list[Mapping[str, float]]) -> None:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    run.report.section(f"{len(rows)} folds")
    run.report.text("Means over the folds, with their least and greatest value; then each fold.")
    run.report.table(
        ["fold", *columns], [[i + 1, *map(row.get, columns)] for i, row in enumerate(rows)]
    )


def _mean(values: list[float]) -> Interval:
    return Interval(float(np.mean(values)), float(np.min(values)), float(np.max(values)))
