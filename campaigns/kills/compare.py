"""Compare a resumed run with an uninterrupted one, and look for what killed processes left."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pmt_core import PmtError, load_archive

_MEASURED = ("seconds", "examples_per_second", "peak_rss_mb")
"""Parts of the names of times and memory, which are not compared."""


def differences(run: Path, expected: Path) -> Iterator[str]:
    """Iterate over what differs: names, arrays, history, metrics, and bytes of other files."""
    names, expected_names = ({path.name for path in folder.iterdir()} for folder in (run, expected))
    for name in sorted(names - expected_names):
        yield f"{name} is left"
    for name in sorted(expected_names - names):
        yield f"{name} is missing"
    for name in sorted(names & expected_names):
        try:
            if _comparable(run / name) != _comparable(expected / name):
                yield f"{name} differs"
        except (PmtError, ValueError) as error:
            yield f"{name} is damaged: {error}"


def incomplete(run: Path, expected: Path) -> Iterator[str]:
    """Iterate over names that differ and files that cannot be read, for runs of unequal bits."""
    for difference in differences(run, expected):
        if not difference.endswith(" differs"):
            yield difference
    epochs = [len(_rows(folder / "history.csv")) for folder in (run, expected)]
    if epochs[0] != epochs[1]:
        yield f"history.csv has {epochs[0]} epochs, expected {epochs[1]}"


def damaged_files(run: Path) -> Iterator[str]:
    """Iterate over the files of a run that are not whole. Hidden files are unfinished ones."""
    for path in sorted(run.glob("[!.]*")):
        try:
            if path.suffix == ".npz":
                load_archive(path)
            elif path.suffix == ".json":
                json.loads(path.read_bytes())
            elif path.suffix == ".csv":
                if any(None in (*row, *row.values()) for row in _rows(path)):
                    yield f"{path.name} has a row that is too short or too long"
            elif path.suffix == ".html" and not path.read_bytes().endswith(b"</html>\n"):
                yield f"{path.name} has no end"
        except (PmtError, ValueError) as error:
            yield f"{path.name} is damaged: {error}"


def unfinished_files(folder: Path) -> list[str]:
    """Return the names of temporary and hidden files in a folder."""
    return sorted(path.name for path in folder.glob(".*")) if folder.is_dir() else []


def _comparable(path: Path) -> object:
    """Return what two equal runs have in common in a file."""
    if path.suffix == ".npz":
        arrays, meta = load_archive(path)
        values = {name: (a.dtype.str, a.shape, np.ascontiguousarray(a).tobytes())
                  for name, a in arrays.items()}  # fmt: skip
        return values, _without_times(meta)
    if path.suffix == ".json":
        return _without_times(json.loads(path.read_bytes()))
    if path.suffix == ".csv":
        return [_without_times(row) for row in _rows(path)]
    return None if path.suffix == ".html" else path.read_bytes()


def _rows(path: Path) -> list[dict[str, Any]]:
    with open(path, encoding="utf-8", newline="") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file, strict=True))
    return rows


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_times(item)
            for name, item in value.items()
            if not any(measured in name for measured in _MEASURED)
        }
    return [_without_times(item) for item in value] if isinstance(value, list) else value
