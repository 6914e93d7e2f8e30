"""Numbers in prose that name a file, `0.85<!-- = FILE: ROW.COLUMN -->`, are in that file."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from checks.pages import ROOT, cards, chapters, line_of, name_of, read

NUMBER = re.compile(r"[-−+]?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?(?=\s?%?$)")


def problems(docs: Path) -> list[str]:
    """Return the numbers that differ from their files, and tables without a command."""
    found = []
    for path in [*chapters(docs), *cards(docs)]:
        text = read(path)
        for match in re.finditer(r"<!--\s*=\s*(.*?)\s*-->", text, re.S):
            problem = _problem(docs, path, text, match)
            if problem:
                line = line_of(text, match.start())
                found.append(f"{name_of(path)}: line {line}: {match[1]}: {problem}")
    for table in sorted((docs / "log" / "measured").glob("*.csv")):
        if not read(table).startswith("# "):
            found.append(f"README.md: {table.name} does not say which command measured it")
    return found


def _problem(docs: Path, page: Path, text: str, match: re.Match[str]) -> str:
    before = re.sub(r"[*_`\s]+$", "", text[: match.start()])
    number = NUMBER.search(before[-40:])
    if number is None:
        return "no number stands before the comment"
    percent = before.endswith("%") or re.match(r"[*_`\s]*%", text[match.end() :]) is not None
    shown = number[0].replace(",", "").replace("−", "-").lstrip("+")
    name, _, entry = (part.strip() for part in match[1].partition(": "))
    file = page.parent / name
    if not file.exists() and ".." in name:
        file = ROOT / (page.parent / name).resolve().relative_to(docs.resolve().parent)
    if not file.exists():
        return "there is no such file"
    if file.suffix != ".csv":
        literal = rf"(?<![\d.,]){re.escape(number[0].lstrip('+'))}(?![\d]|[.,]\d)"
        return "" if re.search(literal, read(file)) else f"{number[0]} is not in the file"
    value = _entry(file, entry)
    if value is None:
        return "the table has no such entry"
    places = len(shown.partition(".")[2]) if "e" not in shown else 0
    if "e" in shown:
        return "" if float(f"{value:.0e}") == float(shown) else f"shows {shown}, it is {value}"
    value = 100 * value if percent and abs(value) <= 1 else value
    tolerance = 0.5 * 10.0**-places * (1 + 1e-9)
    return "" if abs(float(shown) - value) <= tolerance else f"shows {shown}, it is {value:.6g}"


def _entry(file: Path, entry: str) -> float | None:
    """Return the number at ROW.COLUMN of a table whose first column names the rows."""
    lines = [line for line in read(file).splitlines() if line and not line.startswith("#")]
    head, *rows = csv.reader(lines)
    row, _, column = entry.rpartition(".")
    values = [line[head.index(column)] for line in rows if line[0] == row and column in head]
    try:
        return float(values[0]) if len(values) == 1 else None
    except ValueError:
        return None
