"""Tables in plain text, e.g. of scores."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBER = re.compile(r"[-+]?[\d,.]+(e[-+]?\d+)?%?$")


def text_table(rows: Sequence[Sequence[str]], *, header: bool = False, indent: str = "  ") -> str:
    """Return cells in columns, numbers right-aligned. header: underline the first row."""
    if not rows:
        return ""
    body = rows[1:] if header else rows
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = [all(_NUMBER.match(row[i]) for row in body) for i in range(len(columns))]
    lines = [
        indent
        + "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in rows
    ]
    if header:
        lines.insert(1, indent + "  ".join("-" * width for width in widths))
    return "\n".join(lines)
