"""Draw the cheat sheet of all gradients: one page of A4, from docs/course/cheat-sheet.md.

hatch run cheat_sheet                writes docs/course/cheat-sheet.pdf
hatch run cheat_sheet --png FILE     and a picture of the page

The tables of the page are set in two columns. A cell is broken where one of its formulas ends. The
letters are as large as the page allows; it is an error if that is below 9 points, or if two texts
overlap. The PDF names the checksum of the page that it was made of, under "Keywords".
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from docs.drawing import BLUE, GRAY, INK, RED, canvas, text_problems  # noqa: E402

PAGE = DOCS / "course" / "cheat-sheet.md"
PDF = DOCS / "course" / "cheat-sheet.pdf"
A4 = (8.27, 11.69)  # inches
MARGIN, GUTTER = 0.38, 0.22  # inches
SIZES = (10.0, 9.75, 9.5, 9.25, 9.0)  # points, tried in this order
LOOK = {"font.family": "DejaVu Sans", "mathtext.fontset": "dejavusans"}

_ROW = re.compile(
    r"^\| \[(?P<name>[^\]]+)\]\((?P<card>[^)]+)\) \| (?P<forward>.+) \| (?P<backward>.+) \|$"
)
_ATOM = re.compile(r"(?:[^\s$]*\$[^$]+\$)+[^\s$]*|[^\s$]+")


@dataclass(frozen=True)
class Row:
    """A row of a table: the name and page of a card, and the two cells as Markdown."""

    name: str
    card: str
    forward: str
    backward: str


def rows_of(text: str) -> dict[str, list[Row]]:
    """Return the rows of the page by the heading above them."""
    groups: dict[str, list[Row]] = {}
    heading = ""
    for line in text.splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif match := _ROW.match(line):
            groups.setdefault(heading, []).append(Row(**match.groupdict()))
    return groups


def title_of(text: str) -> str:
    """Return the title of the page."""
    return text.splitlines()[0].removeprefix("# ")


def legend_of(text: str) -> str:
    """Return the paragraph that explains the signs: the last before the first heading."""
    return text[: text.index("\n## ")].strip().split("\n\n")[-1].replace("\n", " ")


def rules_of(text: str) -> list[str]:
    """Return the items of the lists of the page."""
    return [line[2:] for line in text.splitlines() if line.startswith("- ")]


def checksum(text: str) -> str:
    """Return what the PDF names under "Keywords"."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def mathtext(atom: str) -> str:
    """Return a formula or a word of Markdown as matplotlib reads it."""
    return atom.replace(r"\Vert", r"\|")


@dataclass(frozen=True)
class Run:
    """Text in one style."""

    text: str
    color: str = INK
    weight: str = "normal"


class Setter:
    """Sets text in two columns, from top to bottom.

    Attributes:
        y: the upper end of the next line, in inches from the lower edge of the page.
        fits: whether all that was set is on the page.
    """

    def __init__(self, axes: Axes, size: float, top: float) -> None:
        self.axes, self.size, self.top, self.y = axes, size, top, top
        self.width = (A4[0] - 2 * MARGIN - GUTTER) / 2
        self.left, self.fits = MARGIN, True
        self.renderer = FigureCanvasAgg(axes.figure).get_renderer()  # type: ignore[arg-type]
        self.dpi = axes.figure.dpi

    def need(self, height: float) -> None:
        """Go to the second column if there is less than a height left in the first."""
        if self.y - height < MARGIN:
            self.fits = self.fits and self.left == MARGIN
            self.left, self.y = MARGIN + self.width + GUTTER, self.top

    def flow(self, runs: list[Run], indent: float = 0.0, width: float | None = None) -> None:
        """Set words and formulas one after the other, in as many lines as they need."""
        start, end = self.left, self.left + (self.width if width is None else width)
        x, line = start, []
        for run in runs:
            for atom in _ATOM.findall(run.text):
                style = {"fontsize": self.size, "color": run.color, "weight": run.weight}
                item = self.axes.text(0, 0, mathtext(atom), va="baseline", **style)
                wide = item.get_window_extent(self.renderer).width / self.dpi
                if line and x + wide > end:
                    self._close(line)
                    x, line = start + indent, []
                line.append((item, x))
                x += wide + 0.28 * self.size / 72
        self._close(line)

    def _close(self, line: list[tuple[Text, float]]) -> None:
        """Place the texts of a line, as far below the last as the highest of them needs."""
        boxes = [item.get_window_extent(self.renderer) for item, _ in line]
        origin = self.axes.transData.transform((0, 0))[1]
        above = max(0.8 * self.size / 72, *((box.y1 - origin) / self.dpi for box in boxes))
        below = max(0.2 * self.size / 72, *((origin - box.y0) / self.dpi for box in boxes))
        for item, x in line:
            item.set_position((x, self.y - above))
        self.y -= above + below + 0.11 * self.size / 72
        self.fits = self.fits and self.y > MARGIN - 0.1


def set_page(figure: Figure, text: str, size: float) -> bool:
    """Set the page in letters of a size; return whether it fits."""
    axes = canvas(figure)
    head = Setter(axes, size, A4[1] - MARGIN - 0.34)
    axes.text(
        MARGIN, A4[1] - MARGIN, title_of(text), fontsize=17, weight="bold", va="top", color=INK
    )
    source = "docs/course/cheat-sheet.md · MIT License"
    axes.text(
        A4[0] - MARGIN, A4[1] - MARGIN - 0.06, source, fontsize=9, va="top", ha="right", color=GRAY
    )
    for paragraph in [legend_of(text), *rules_of(text)]:
        head.flow([Run(paragraph, GRAY)], width=A4[0] - 2 * MARGIN)
    body = Setter(axes, size, head.y - 0.1)
    for heading, rows in rows_of(text).items():
        body.need(1.2)
        body.flow([Run(heading, BLUE, "bold")])
        for row in rows:
            body.need(0.45 + 0.2 * (len(row.backward) > 110))
            body.flow([Run(row.name, INK, "bold"), Run(row.forward)], indent=0.12)
            arrow = Run(r"$\leftarrow$", RED)
            body.flow([arrow, Run(row.backward, RED)], indent=0.2)
            body.y -= 0.04
        body.y -= 0.06
    return head.fits and body.fits


def drawn(text: str) -> tuple[Figure, float]:
    """Return the page as a figure, in the largest letters that fit, and their size in points."""
    for size in SIZES:
        figure = Figure(figsize=A4)
        if set_page(figure, text, size):
            return figure, size
    raise ValueError(f"{PAGE.name} does not fit on a page in letters of {SIZES[-1]:g} points")


def save(figure: Figure, text: str, path: Path) -> None:
    """Write the PDF; the same page makes the same file."""
    metadata = {"Title": title_of(text), "Keywords": checksum(text), "CreationDate": None}
    figure.savefig(path, format="pdf", metadata=metadata)


def main(arguments: list[str] | None = None) -> None:
    """Write the PDF and, if asked for, a picture of the page."""
    parser = argparse.ArgumentParser(prog="hatch run cheat_sheet", description=__doc__)
    parser.add_argument("--png", type=Path, help="file of a picture of the page, 150 dots an inch")
    options = parser.parse_args(arguments)
    text = PAGE.read_text(encoding="utf-8")
    with matplotlib.rc_context(LOOK):
        figure, size = drawn(text)
        save(figure, text, PDF)
        problems = text_problems(figure)
        if options.png:
            figure.savefig(options.png, dpi=150)
    if problems:
        raise SystemExit("\n".join(problems))
    print(f"{PDF.relative_to(DOCS.parent)}: {size:g} points")


if __name__ == "__main__":
    main()
