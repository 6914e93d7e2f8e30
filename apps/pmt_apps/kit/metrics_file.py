"""`metrics.json`: the results of a run, for programs."""

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


def versions() -> dict[str, str]:
    """Python, NumPy and the pmt packages that are there, by name."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            if find_spec(name.replace("-", "_")) is not None:
                found[name] = "not installed, run from its folder"
    return found


def peak_rss_mb() -> float | None:
    """Largest resident size of this process so far, in MB (10^6 bytes); None on Windows."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in units of 1024 bytes, macOS in bytes.
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
