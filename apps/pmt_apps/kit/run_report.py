"""The parts of report.html that every run has: scores, epochs, settings, data, versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pmt_apps.kit.files import FileFingerprint
from pmt_apps.kit.html_report import Report, cell_text
from pmt_apps.kit.text_table import text_table
from pmt_train import History, Interval

Splits = Mapping[str, Mapping[str, Any]]
"""Metrics by the name of the split: {"dev": {"accuracy": 0.8}}."""

_N_CARDS = 5


def summary_line(history: History, parameters: int) -> str:
    """Return size, time and speed of a training."""
    seconds = history.seconds
    time = f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"
    return (
        f"{parameters:,} parameters, {len(history.rows)} epochs in {time}, "
        f"{history.examples_per_second:,.0f} examples per second"
    )


def score_table(splits: Splits) -> tuple[list[str], list[list[Any]]]:
    """Return the columns and the rows of a table of metrics, a row per split."""
    names = list(dict.fromkeys(name for metrics in splits.values() for name in metrics))
    rows = [[split, *map(metrics.get, names)] for split, metrics in splits.items()]
    return ["split", *names], rows


def score_text(splits: Splits) -> str:
    """Return the table of metrics as plain text; empty if there are none."""
    columns, rows = score_table(splits)
    cells = [[cell_text(cell) for cell in row] for row in rows]
    return "\n" + text_table([columns, *cells], header=True) if rows else ""


def add_scores(report: Report, splits: Splits) -> None:
    """Add the first metrics of the first split as cards, and all as a table."""
    if not splits:
        return
    split, metrics = next(iter(splits.items()))
    cards = {
        f"{split} {name}": value.value if isinstance(value, Interval) else value
        for name, value in list(metrics.items())[:_N_CARDS]
    }
    report.cards(cards)
    report.section("Scores")
    report.table(*score_table(splits))


def add_details(
    report: Report,
    history: History,
    settings: Mapping[str, Any],
    files: Mapping[str, FileFingerprint],
    versions: Mapping[str, str],
) -> None:
    """Add the tables of epochs, settings, data files and versions."""
    if history.rows:
        report.section("Epochs")
        columns = history.columns
        report.table(columns, [[row.get(column) for column in columns] for row in history.rows])
    report.section("Settings")
    report.table(["setting", "value"], [[name, _flat(value)] for name, value in settings.items()])
    if files:
        report.section("Data")
        rows = [[role, file.path, file.rows, file.sha256] for role, file in files.items()]
        report.table(["role", "file", "rows", "SHA-256"], rows)
    report.section("Made with")
    report.table(["what", "version"], [[name, version] for name, version in versions.items()])


def _flat(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value)) or "–"
    return "–" if value is None else str(value)
