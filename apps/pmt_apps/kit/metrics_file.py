"""`metrics.json`: the results of a run, with versions and memory."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

import numpy as np

from pmt_apps.kit.files import FileFingerprint, write_json
from pmt_train import History, Interval, finite_or_none

_PACKAGES = ("numpy", "pmt-core", "pmt-autograd", "pmt-nn", "pmt-text", "pmt-train")


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
    files: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Write the results of a run, and return what was written.

    data: files by role. splits: metrics by split ("dev": {"accuracy": 0.8}); nan and infinities
    become null, an `Interval` becomes "accuracy": 0.8, "accuracy_interval": [0.79, 0.81].
    files: names of further files of the run, "pictures" and "outputs"; some may not exist.
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
        **{kind: list(names) for kind, names in files.items()},
        **{name: _with_intervals(metrics) for name, metrics in splits.items()},
    }
    content = {name: _plain(value) for name, value in content.items()}
    write_json(path, content)
    return content


def _with_intervals(metrics: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in metrics.items():
        values[name] = value.value if isinstance(value, Interval) else value
        if isinstance(value, Interval):
            values[f"{name}_interval"] = [value.low, value.high]
    return values


def _plain(value: Any) -> Any:
    """Return a value with Python's numbers, and None for those that JSON cannot hold."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return finite_or_none(value) if isinstance(value, float) else value


def versions() -> dict[str, str]:
    """Return the versions of Python, NumPy and the pmt packages, by name."""
    numbers = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            numbers[name] = version(name)
        except PackageNotFoundError:
            if find_spec(name.replace("-", "_")) is not None:
                numbers[name] = "not installed, run from its folder"
    return numbers


def peak_rss_mb() -> float | None:
    """Return the peak resident size of this process in MB (10^6 bytes); None on Windows."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in units of 1024 bytes, macOS in bytes.
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
