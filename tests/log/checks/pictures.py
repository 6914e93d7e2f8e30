"""Pictures are those that their programs draw, large enough, and their texts do not overlap."""

from __future__ import annotations

import hashlib
import runpy
import tempfile
from functools import cache
from pathlib import Path

from matplotlib.figure import Figure

from checks.pages import FENCE, LINK, blanked, cards, chapters, name_of, read
from checks.pixels import difference, size
from docs.drawing import text_problems

LEAST = (780, 270)  # pixels: width, height


def problems(docs: Path) -> list[str]:
    """Return all pictures that differ from what their programs draw."""
    found = [problem for path in illustrated(docs) for problem in problems_of(path)]
    return [*found, *left_over(docs)]


def illustrated(docs: Path) -> list[Path]:
    """Return the pages that have pictures."""
    return [*chapters(docs), *cards(docs)]


def program_of(page: Path) -> Path:
    """Return the picture program of a chapter or a card."""
    stem = page.stem.replace("-", "_")
    return (
        page.parent / "pictures" / (f"{stem}_.py" if page.parent.name == "cards" else f"{stem}.py")
    )


def displayed(page: Path) -> list[str]:
    """Return the files of the pictures that a page shows."""
    links = LINK.finditer(blanked(read(page), FENCE))
    return [match[3].removeprefix("img/") for match in links if match[1] and "//" not in match[3]]


def problems_of(page: Path) -> list[str]:
    """Return what is wrong with the pictures of a page."""
    name, program = name_of(page), program_of(page)
    if not program.exists():
        return [f"{name}: has no picture program {program.name}"]
    folder, made, found = _drawn(program, _fingerprint(program))
    found = [f"{name}: {problem}" for problem in found]
    if sorted(displayed(page)) != sorted(made):
        found.append(f"{name}: shows {sorted(displayed(page))}, its program draws {sorted(made)}")
    for picture in made:
        drawn, stored = folder / picture, page.parent / "img" / picture
        if not stored.exists() or not drawn.exists():
            found.append(f"{name}: {picture} is not there")
            continue
        problem = difference(drawn, stored)
        if problem:
            found.append(f"{name}: {picture}: {problem}; run: hatch run log_pictures")
        width, height = size(stored)
        if width < LEAST[0] or height < LEAST[1]:
            found.append(f"{name}: {picture} has {width} x {height} pixels, less than {LEAST}")
    return found


_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []  # alive until the process ends


@cache
def _drawn(program: Path, _: str) -> tuple[Path, tuple[str, ...], tuple[str, ...]]:
    """Run a picture program; return its folder, its pictures, what is wrong with their texts."""
    keeper = tempfile.TemporaryDirectory()
    _FOLDERS.append(keeper)
    folder = Path(keeper.name)
    found: list[str] = []
    save = Figure.savefig

    def measured(figure: Figure, *arguments: object, **settings: object) -> None:
        save(figure, *arguments, **settings)
        found.extend(text_problems(figure))

    Figure.savefig = measured
    try:
        made = runpy.run_path(str(program))
        made["draw"](folder)
    except Exception as error:
        return folder, (), (f"{program.name}: {type(error).__name__}: {error}",)
    finally:
        Figure.savefig = save
    return folder, tuple(made["PICTURES"]), tuple(dict.fromkeys(found))


def _fingerprint(program: Path) -> str:
    """Return a digest of what a program draws from: its text and the measured tables beside it."""
    tables = sorted((program.parents[1] / "measured").glob("*"))
    return hashlib.sha256(b"".join(p.read_bytes() for p in (program, *tables))).hexdigest()


def left_over(docs: Path) -> list[str]:
    """Return the pictures and programs that belong to no page."""
    found = []
    for kind, pages in (("log", chapters(docs)), ("cards", cards(docs))):
        base = docs / kind
        shown = {name for page in pages for name in displayed(page)}
        programs = {program_of(page).name for page in pages}
        others = {path.name for path in (base / "img").iterdir()} - shown
        found += [f"README.md: no page shows {kind}/img/{name}" for name in sorted(others)]
        others = {path.name for path in (base / "pictures").glob("*.py")} - programs
        found += [f"README.md: no page has {kind}/pictures/{name}" for name in sorted(others)]
    return found
