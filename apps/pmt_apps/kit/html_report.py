"""`Report`: a page that tells what a run was and what came out, in one file.

How a report looks: in light and dark, on a screen of any width and on paper.
"""

from __future__ import annotations

import base64
import html
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pmt_core import FileProblem, atomic_file
from pmt_train import Interval


class Report:
    """Built from top to bottom, then saved: HTML with its pictures inside, needing no network.

    All text is escaped; `html` alone takes markup.

    title: heading of the page. lead: a line of text below it.
    """

    def __init__(self, title: str, lead: str = "") -> None:
        self.title = title
        self._parts = [f"<h1>{_escape(title)}</h1>"]
        if lead:
            self._parts.append(f'<p class="lead">{_escape(lead)}</p>')

    def section(self, heading: str) -> None:
        """Begin a section."""
        self._parts.append(f"<h2>{_escape(heading)}</h2>")

    def text(self, text: str) -> None:
        """A paragraph."""
        self._parts.append(f"<p>{_escape(text)}</p>")

    def code(self, text: str) -> None:
        """Text as it is typed, e.g. a command."""
        self._parts.append(f"<pre>{_escape(text)}</pre>")

    def cards(self, values: Mapping[str, Any]) -> None:
        """A few numbers, large: label -> value."""
        cards = [
            f'<div class="card"><b>{_escape(cell_text(value))}</b>'
            f"<span>{_escape(label)}</span></div>"
            for label, value in values.items()
        ]
        self._parts.append(f'<div class="cards">{"".join(cards)}</div>')

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """A table. Numbers are set right, with as many digits as are worth reading.

        An interval stands small below its number; a long heading may break where it has a "_".
        """
        number = [
            bool(rows)
            and all(_is_number(row[i]) or isinstance(row[i], Interval | None) for row in rows)
            for i in range(len(columns))
        ]
        head = "".join(
            _cell("th", _escape(name).replace("_", "_<wbr>"), right)
            for name, right in zip(columns, number, strict=True)
        )
        body = "".join(
            "<tr>"
            + "".join(
                _cell("td", _cell_markup(cell), right)
                for cell, right in zip(row, number, strict=True)
            )
            + "</tr>\n"
            for row in rows
        )
        self._parts.append(
            '<div class="scroll"><table>'
            f"<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>"
        )

    def picture(self, path: str | os.PathLike[str], caption: str) -> None:
        """A PNG file, taken into the page. Raises FileProblem."""
        try:
            content = base64.b64encode(Path(path).read_bytes()).decode("ascii")
        except OSError as error:
            raise FileProblem.from_os_error("read", path, error) from error
        text = _escape(caption)
        self._parts.append(
            f'<figure><img src="data:image/png;base64,{content}" alt="{text}">'
            f"<figcaption>{text}</figcaption></figure>"
        )

    def html(self, markup: str) -> None:
        """Markup as it is: the caller answers for it and escapes (`html.escape`) all data in it."""
        self._parts.append(markup)

    def body(self) -> str:
        """All parts but the heading, as markup for `html` of another report."""
        return "\n".join(self._parts[1:])

    def page(self) -> str:
        """The whole page."""
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{_escape(self.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
            + "\n".join(self._parts)
            + "\n</body>\n</html>\n"
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page, atomically."""
        with atomic_file(path) as file:
            file.write(self.page().encode("utf-8", "replace"))


def cell_text(value: Any) -> str:
    """A value as a reader wants to see it."""
    if value is None:
        return "–"
    if isinstance(value, Interval):
        return f"{cell_text(value.value)} ({cell_text(value.low)}–{cell_text(value.high)})"
    if isinstance(value, bool | np.bool_) or not _is_number(value):
        return str(value)
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    number = float(value)
    if not math.isfinite(number):
        return str(number)
    size = abs(number)
    if size >= 1000:
        return f"{number:,.0f}"
    if size >= 10:
        return f"{number:.2f}"
    return f"{number:.2e}" if 0 < size < 0.001 else f"{number:.4f}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _cell(tag: str, markup: str, right: bool) -> str:
    kind = ' class="number"' if right else ""
    return f"<{tag}{kind}>{markup}</{tag}>"


def _cell_markup(value: Any) -> str:
    if not isinstance(value, Interval):
        return _escape(cell_text(value))
    ends = f"{cell_text(value.low)}–{cell_text(value.high)}"
    return f"{_escape(cell_text(value.value))} <small>({_escape(ends)})</small>"


def _escape(text: str) -> str:
    return html.escape(str(text), quote=True)


STYLE = """
:root {
  color-scheme: light dark;
  --page: #fbfbfa; --card: #ffffff; --line: #e4e3df; --text: #22242a; --quiet: #6a6e78;
  --accent: #2d5fa8; --stripe: #f6f6f3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #17181b; --card: #1f2125; --line: #34363c; --text: #e6e6e3; --quiet: #9a9ea8;
    --accent: #8fb4ee; --stripe: #24262b;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 62rem; background: var(--page);
  color: var(--text); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; letter-spacing: -.01em; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; }
p { margin: .5rem 0; max-width: 44rem; }
.lead { color: var(--quiet); }
.cards { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.5rem 0 0; }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: .7rem 1rem; min-width: 8.5rem;
}
.card b { display: block; font-size: 1.45rem; line-height: 1.25; color: var(--accent);
  font-variant-numeric: tabular-nums; }
.card span { color: var(--quiet); font-size: .85rem; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .6rem;
  background: var(--card); width: fit-content; max-width: 100%; margin: 0 0 1.25rem; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { padding: .35rem .8rem; text-align: left; vertical-align: top; }
th { font-weight: 600; color: var(--quiet); border-bottom: 1px solid var(--line);
  vertical-align: bottom; }
tbody tr:nth-child(even) { background: var(--stripe); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; }
td small { display: block; color: var(--quiet); font-size: .8rem; }
td { overflow-wrap: break-word; min-width: 3rem; }
figure { margin: 0 0 1.5rem; }
figure img { display: block; max-width: 100%; height: auto; background: #fff;
  border: 1px solid var(--line); border-radius: .6rem; padding: .5rem; }
figcaption { color: var(--quiet); font-size: .9rem; margin-top: .4rem; max-width: 44rem; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  font-size: .85rem; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: .7rem 1rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: break-word; }
@media print { body { max-width: none; padding: 0; } figure, .card { break-inside: avoid; } }
"""
