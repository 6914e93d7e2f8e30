"""The page of a comparison: tables and pictures of runs side by side, in one HTML file."""

from __future__ import annotations

import functools
import math
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pmt_apps.comparison.run_record import RunRecord
from pmt_apps.comparison.tables import by_task, difference_rows, run_rows, score_rows
from pmt_apps.kit.html_report import Report
from pmt_core import InputFile, SettingsError
from pmt_train import Interval, curves_plot, interval_plot, progress_bar

_MARK = "<!-- made by pmt compare -->"
_FIRST_BYTES = 1 << 20
_TITLE = "Runs side by side"


def check_page(path: Path) -> None:
    """Raise SettingsError if there is a file that is not a page of an earlier comparison."""
    if not path.exists():
        return
    if path.is_file():
        with InputFile(path) as file:
            if _MARK.encode() in file.stream.read(_FIRST_BYTES):
                return
    raise SettingsError(
        f"{str(path)!r} exists and is no page of pmt compare, which it would replace; name another "
        "file by --out"
    )


def write_page(path: Path, records: Sequence[RunRecord], labels: Sequence[str]) -> None:
    """Write the page of a comparison.

    path: of the HTML file; links to the reports of the runs are relative to it.
    """
    groups = by_task(records)
    tasks = f"{len(groups)} tasks" if len(groups) > 1 else f"the task {next(iter(groups))}"
    report = Report(_TITLE, f"{len(records)} runs of {tasks}")
    report.html(_MARK)
    with tempfile.TemporaryDirectory(prefix="pmt-compare-") as folder:
        for task, indices in groups.items():
            runs, names = [records[i] for i in indices], [labels[i] for i in indices]
            report.section(task if len(indices) > 1 else f"{task}: one run")
            _add_task(report, path, runs, names, Path(folder))
    report.save(path)


def _add_task(
    report: Report, path: Path, runs: Sequence[RunRecord], names: Sequence[str], folder: Path
) -> None:
    """Add the part of the runs of one task. folder: for pictures."""
    links = {
        name: quote(os.fsencode(os.path.relpath(run.report, path.parent)))
        for name, run in zip(names, runs, strict=True)
        if run.report is not None
    }
    rows = [*score_rows(runs), *run_rows(runs)]
    report.table(["", *names], [[name, *cells] for name, cells in rows], links)
    differences = difference_rows(runs)
    if differences:
        report.text("Settings that differ")
        report.table(["setting", *names], [[name, *cells] for name, cells in differences], links)
    elif len(runs) > 1:
        report.text("All settings are equal.")
    _add_pictures(report, runs, names, folder)


def _add_pictures(
    report: Report, runs: Sequence[RunRecord], names: Sequence[str], folder: Path
) -> None:
    """Draw the scores that have intervals, and the curves of each metric over each other.

    Every run is in every picture, so that it has one color. Scores that all runs share, those of
    baselines, are in the table only.
    """
    draws: list[tuple[str, Callable[[Path], None]]] = []
    for score, cells in score_rows(runs):
        if any(isinstance(cell, Interval) for cell in cells) and len(set(cells)) > 1:
            values = [math.nan if cell is None else cell for cell in cells]
            scores = dict(zip(names, values, strict=True))
            draw: Any = functools.partial(interval_plot, scores=scores, title=score)
            draws.append((f"{score} with its 95 % confidence interval", draw))
    columns = dict.fromkeys(name for run in runs for name in run.curve_names)
    for column in sorted(columns, key=lambda name: not name.startswith("dev_")):
        curves = {name: run.curve(column) for name, run in zip(names, runs, strict=True)}
        title = column.replace("_", " ")
        draw = functools.partial(curves_plot, curves=curves, title=title)
        draws.append((f"{title} by epoch", draw))
    with progress_bar(len(draws), "drawing", "picture", delay=0.5) as bar:
        for i, (caption, draw_to) in enumerate(draws):
            draw_to(folder / f"{i}.png")
            report.picture(folder / f"{i}.png", caption)
            bar.update(1)
