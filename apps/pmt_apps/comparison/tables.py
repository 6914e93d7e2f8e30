"""The rows of a comparison: what differs between runs, their scores, time and size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pmt_apps.comparison.run_record import RunRecord
from pmt_apps.kit.html_report import cell_text
from pmt_apps.kit.settings import flag
from pmt_apps.kit.text_table import text_table

Row = tuple[str, list[Any]]
"""The name of a row and its cell for each run; None is an empty cell."""

_DIGITS = 12  # of a checksum
_CELL = 40  # characters of a cell in plain text
_GAP = 2


def by_task(records: Sequence[RunRecord]) -> dict[str, list[int]]:
    """Return the indices of the runs of each task, in the order of the first of them."""
    groups: dict[str, list[int]] = {}
    for i, record in enumerate(records):
        groups.setdefault(record.task, []).append(i)
    return groups


def score_rows(records: Sequence[RunRecord]) -> list[Row]:
    """Return a row for each score of any run, e.g. "dev accuracy"."""
    return _rows([record.scores for record in records])


def run_rows(records: Sequence[RunRecord]) -> list[Row]:
    """Return seconds, parameters and epochs."""
    return [
        ("seconds", [record.seconds for record in records]),
        ("parameters", [record.parameters for record in records]),
        ("epochs trained", [record.epochs for record in records]),
        ("best epoch", [record.best_epoch for record in records]),
    ]


def difference_rows(records: Sequence[RunRecord]) -> list[Row]:
    """Return a row for each setting, and each file of data, that is not equal in all runs."""
    settings = [{flag(name): _text(v) for name, v in r.settings.items()} for r in records]
    data = [
        {f"{role} (SHA-256)": checksum[:_DIGITS] for role, checksum in record.data.items()}
        for record in records
    ]
    rows = _rows(settings) + (_rows(data) if all(data) else [])
    return [(name, cells) for name, cells in rows if any(cell != cells[0] for cell in cells)]


def comparison_text(names: Sequence[str], rows: Sequence[Row], width: int) -> str:
    """Return the rows as plain text, runs side by side, in as many blocks as the width needs."""
    texts = [[_shortened(cell_text(cell)) for cell in cells] for _, cells in rows]
    columns = [[_shortened(name), *(cells[i] for cells in texts)] for i, name in enumerate(names)]
    first = ["", *(name for name, _ in rows)]
    blocks: list[list[list[str]]] = [[first]]
    room = width - max(map(len, first))
    left = room
    for column in columns:
        size = max(map(len, column)) + _GAP
        if size > left and len(blocks[-1]) > 1:
            blocks.append([first])
            left = room
        blocks[-1].append(column)
        left -= size
    return "\n\n".join(
        text_table(list(zip(*block, strict=True)), header=True, indent="") for block in blocks
    )


def _rows(columns: Sequence[Mapping[str, Any]]) -> list[Row]:
    names = dict.fromkeys(name for column in columns for name in column)
    return [(name, [column.get(name) for column in columns]) for name in names]


def _text(value: Any) -> str | None:
    """Return a setting as text."""
    if isinstance(value, list):
        return " ".join(map(str, value)) or None
    return None if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _shortened(text: str) -> str:
    """Return the end of a long text: of a path it says most."""
    return text if len(text) <= _CELL else "…" + text[1 - _CELL :]
