"""Draw the pictures of the development log and of the cards anew.

hatch run log_pictures               all of them
hatch run log_pictures 01 05 dense   those of the chapters and cards named

Each chapter has a program docs/log/pictures/NN_name.py and each card docs/cards/pictures/name_.py,
with `PICTURES`, the names of the files it makes, and `draw(folder)`, which makes them. A program
computes what it shows, or reads a table in docs/log/measured/ whose first line says which command
measured it.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))


def picture_programs(docs: Path = DOCS) -> dict[Path, Path]:
    """Return {picture program: folder of its pictures} of all chapters and cards."""
    programs = {}
    for part in ("log", "cards"):
        for path in sorted((docs / part / "pictures").glob("[!_]*.py")):
            programs[path] = docs / part / "img"
    return programs


def is_chosen(path: Path, chosen: list[str]) -> bool:
    """Return whether a program is named by its chapter number or its card."""
    names = {path.stem, path.stem.split("_")[0], path.stem.strip("_").replace("_", "-")}
    return not chosen or bool(names.intersection(chosen))


if __name__ == "__main__":
    for program, folder in picture_programs().items():
        if is_chosen(program, sys.argv[1:]):
            made = runpy.run_path(str(program))
            made["draw"](folder)
            print(program.stem, *made["PICTURES"])
