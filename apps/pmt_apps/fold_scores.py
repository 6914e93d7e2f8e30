"""The scores of a cross-validation in a run: a line per fold, means with ranges, a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pmt_apps.kit.run import Run
from pmt_train import Interval, progress_bar

FoldScores = Mapping[str, Mapping[str, float]]
"""Scores of a fold by name: "folds" those of the model, "folds_..." those of a baseline."""


def log_folds(run: Run[Any], folds: int, score: Callable[[int], FoldScores]) -> None:
    """Train and score each fold; log means, least and greatest values, and a table of the folds.

    Args:
        run: gets the metrics "folds" and those of the baselines.
        folds: their number.
        score: returns the scores of fold 0, 1, ...; those that a fold lacks have no mean.
    """
    results: list[FoldScores] = []
    with progress_bar(folds, "folds", delay=0) as bar:
        for i in range(folds):
            results.append(score(i))
            values = results[-1]["folds"].items()
            run.say(f"fold {i + 1}: " + ", ".join(f"{name} {value:.4f}" for name, value in values))
            bar.update(1)
    for name in results[0]:
        rows = [result[name] for result in results]
        run.log_metrics(name, {key: _mean([row[key] for row in rows]) for key in _common(rows)})
    _add_table(run, [result["folds"] for result in results])


def _common(rows: list[Mapping[str, float]]) -> list[str]:
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
