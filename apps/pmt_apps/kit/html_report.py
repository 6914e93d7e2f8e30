"""`Report`: an HTML page with its figures inside, in one file that needs no network."""

from __future__ import annotations

import base64
import html
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pmt_apps.kit.path_text import VISIBLE
from pmt_core import FileProblem, atomic_file
from pmt_train import Interval


class Report:
    """An HTML page that is built from top to bottom and then saved.

    All text is escaped, except for that of `html`. The style, report.css, fits light and dark
    themes, narrow screens and paper.

    Args:
        title: heading of the page.
        lead: a line of text below it.
    """

    def __init__(self, title: str, lead: str = "") -> None:
        self.title = title
        self._parts = [f"<h1>{_escape(title)}</h1>"]
        if lead:
            self._parts.append(f'<p class="lead">{_escape(lead)}</p>')

    def section(self, heading: str) -> None:
        """Add a heading."""
        self._parts.append(f"<h2>{_escape(heading)}</h2>")

    def text(self, text: str) -> None:
        """Add a paragraph."""
        self._parts.append(f"<p>{_escape(text)}</p>")

    def code(self, text: str) -> None:
        """Add preformatted text, e.g. a command."""
        self._parts.append(f"<pre>{_escape(text)}</pre>")

    def cards(self, values: Mapping[str, Any]) -> None:
        """Add a few numbers in large print, by label."""
        cards = [
            f'<div class="card"><b>{_escape(cell_text(value))}</b>'
            f"<span>{_escape(label)}</span></div>"
            for label, value in values.items()
        ]
        self._parts.append(f'<div class="cards">{"".join(cards)}</div>')

    def table(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        links: Mapping[str, str] | None = None,
    ) -> None:
        """Add a table. Numbers are rounded and right-aligned, intervals are in small print.

        A long heading may break after a "_". links: addresses of headings, which become links.
        """
        number = [
            bool(rows)
            and all(_is_number(row[i]) or isinstance(row[i], Interval | None) for row in rows)
            for i in range(len(columns))
        ]
        head = "".join(
            _cell("th", _heading(name, links), right)
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
        """Embed a PNG file. Raises FileProblem."""
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
        """Add markup unchanged; the caller must escape data in it (`html.escape`)."""
        self._parts.append(markup)

    def body(self) -> str:
        """Return all parts but the heading, as markup for `html` of another report."""
        return "\n".join(self._parts[1:])

    def page(self) -> str:
        """Return the whole page."""
        style = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{_escape(self.title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
            + "\n".join(self._parts)
            + "\n</body>\n</html>\n"
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page, atomically."""
        with atomic_file(path) as file:
            file.write(self.page().encode("utf-8", VISIBLE))


def cell_text(value: Any) -> str:
    """Return a value as text, numbers with as many digits as are worth reading."""
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


def _heading(name: str, links: Mapping[str, str] | None) -> str:
    markup = _escape(name).replace("_", "_<wbr>")
    address = (links or {}).get(name)
    return markup if address is None else f'<a href="{_escape(address)}">{markup}</a>'


def _cell_markup(value: Any) -> str:
    if not isinstance(value, Interval):
        return _escape(cell_text(value))
    ends = f"{cell_text(value.low)}–{cell_text(value.high)}"
    return f"{_escape(cell_text(value.value))} <small>({_escape(ends)})</small>"


def _escape(text: str) -> str:
    return html.escape(str(text), quote=True)
