"""Draw the pictures of the cards, and refresh their listings, errors and index.

hatch run cards               all of them
hatch run cards dense relu    those named

A card NAME is docs/cards/NAME.md. Its gradients are in docs/cards/forms/, its picture is drawn by
docs/cards/pictures/ (`-` is `_` there). The measured errors are written between `<!-- error -->`
and `<!-- /error -->`: the form against central differences, and the rows of docs/gradients.md for
pmt's own operations.
"""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from docs.cards.form import Errors, Form, check, forms_of  # noqa: E402
from docs.log_listings import refreshed  # noqa: E402

ERROR = re.compile(r"<!-- error -->\n.*?<!-- /error -->", re.DOTALL)
INDEX = re.compile(r"<!-- cards -->\n.*?<!-- /cards -->", re.DOTALL)
EXCEPT = ("README.md",)


def card_pages(docs: Path) -> list[Path]:
    """Return the pages of all cards."""
    return sorted(path for path in (docs / "cards").glob("*.md") if path.name not in EXCEPT)


def form_file(page: Path) -> Path:
    """Return the file of the executable forms of a card."""
    return page.parent / "forms" / f"{page.stem.replace('-', '_')}.py"


def picture_file(page: Path) -> Path:
    """Return the program of the picture of a card."""
    return page.parent / "pictures" / f"{page.stem.replace('-', '_')}_.py"


def card_forms(page: Path) -> list[Form]:
    """Return the executable forms of a card."""
    path = form_file(page)
    return forms_of(path.read_text("utf-8"), path.stem)


def table_row(docs: Path, primitive: str) -> tuple[str, str]:
    """Return the float64 and float32 errors of a primitive in docs/gradients.md."""
    text = (docs / "gradients.md").read_text("utf-8")
    row = re.search(
        rf"^\| `{primitive}` \| \d+ \| \w+ \| ([^|]+) \| ([^|]+) \|", text, re.MULTILINE
    )
    if row is None:
        raise SystemExit(f"docs/gradients.md has no row for {primitive}")
    return row[1].strip(), row[2].strip()


def error_text(docs: Path, measured: list[tuple[Form, Errors]]) -> str:
    """Return the section of the measured errors of a card."""
    lines = [
        "Measured, relative, in float64 (`hatch run cards`):",
        "",
        "| gradient | from central differences | from pmt |",
        "| --- | ---: | ---: |",
    ]
    lines += [f"| `{f.name}` | {e.differences:.0e} | {e.pmt:.0e} |" for f, e in measured]
    rows = dict.fromkeys(name for form, _ in measured for name in form.primitives)
    if rows:
        parts = []
        for name in rows:
            double, single = table_row(docs, name)
            parts.append(f"`{name}` {double} in float64 and {single} in float32")
        lines += ["", f"In the [gradient table](../gradients.md), pmt's {'; '.join(parts)}."]
    return "<!-- error -->\n\n" + "\n".join(lines) + "\n\n<!-- /error -->"


def index_text(docs: Path) -> str:
    """Return the list of all cards, by their titles."""
    titles = {page: page.read_text("utf-8").splitlines()[0][2:] for page in card_pages(docs)}
    lines = [
        f"- [{titles[page]}]({page.name})"
        for page in sorted(titles, key=lambda p: titles[p].lower())
    ]
    return "<!-- cards -->\n\n" + "\n".join(lines) + "\n\n<!-- /cards -->"


def refresh(page: Path) -> None:
    """Draw the picture of a card, and write its listings and errors anew."""
    docs = page.parents[1]
    program = runpy.run_path(str(picture_file(page)))
    program["draw"](docs / "cards" / "img")
    measured = [(form, check(form)) for form in card_forms(page)]
    text = refreshed(page.read_text("utf-8"))
    text = ERROR.sub(lambda _: error_text(docs, measured), text)
    page.write_text(text, "utf-8")
    print(page.stem, *(f"{form.name} {errors.differences:.0e}" for form, errors in measured))


if __name__ == "__main__":
    chosen = sys.argv[1:]
    for path in card_pages(DOCS):
        if not chosen or path.stem in chosen:
            refresh(path)
    index = DOCS / "cards" / "README.md"
    index.write_text(INDEX.sub(lambda _: index_text(DOCS), index.read_text("utf-8")), "utf-8")
