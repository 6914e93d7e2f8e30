"""`metrics.json`: the results of a run, for programs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pmt_apps.kit.environment import peak_rss_mb, versions
from pmt_apps.kit.files import FileFingerprint, write_json
from pmt_train import History, Interval, finite_or_none


def write_metrics(
    path: str | os.PathLike[str],
    *,
    task: str,
    history: History,
    parameters: int,
    seed: int,
    workers: int,
    data: Mapping[str, FileFingerprint],
    splits: Mapping[str, Mapping[str, Any]],
    pictures: Sequence[str] = (),
) -> dict[str, Any]:
    """Write the results, and return what was written.

    history: gives `seconds` (wall time of training) and `examples_per_second`.
    parameters: number of learned numbers. data: each file that was read, by its role.
    splits: metrics by split ("dev": {"accuracy": 0.8}); nan and infinities become null. One with
        an `Interval` is written as two: "accuracy": 0.8, "accuracy_interval": [0.79, 0.81].
    """
    content = {
        "task": task,
        "seconds": history.seconds,
        "examples_per_second": history.examples_per_second,
        "peak_rss_mb": peak_rss_mb(),
        "parameters": parameters,
        "seed": seed,
        "workers": workers,
        "epochs": len(history.rows),
        "best_epoch": history.best_epoch,
        "stopped_early": history.stopped_early,
        "versions": versions(),
        "data": {name: file.to_json() for name, file in data.items()},
        "pictures": list(pictures),
        **{name: _with_intervals(metrics) for name, metrics in splits.items()},
    }
    content = {name: _plain(value) for name, value in content.items()}
    write_json(path, content)
    return content


def _with_intervals(metrics: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in metrics.items():
        if isinstance(value, Interval):
            found[name] = value.value
            found[f"{name}_interval"] = [value.low, value.high]
        else:
            found[name] = value
    return found


def _plain(value: Any) -> Any:
    """NumPy's numbers as Python's, and no number that JSON cannot hold."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return finite_or_none(value) if isinstance(value, float) else value
