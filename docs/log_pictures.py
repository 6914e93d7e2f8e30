"""Draws the pictures of the development log anew: docs/log/img/*.png.

hatch run log_pictures            all of them
hatch run log_pictures 01 05      those of the chapters named

Each chapter has a program docs/log/pictures/NN_name.py with `PICTURES`, the names of the files it
makes, and `draw(folder)`, which makes them. What a picture shows is computed there, or read from
a table in docs/log/measured/ that says on its first line which command measured it.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

LOG = Path(__file__).resolve().parent / "log"


def chapter_programs(chosen: list[str]) -> list[Path]:
    """The picture programs of the chapters whose numbers are given, or of all."""
    programs = sorted((LOG / "pictures").glob("[0-9]*.py"))
    return [path for path in programs if not chosen or path.name.split("_")[0] in chosen]


if __name__ == "__main__":
    for program in chapter_programs(sys.argv[1:]):
        made = runpy.run_path(str(program))
        made["draw"](LOG / "img")
        print(program.stem, *made["PICTURES"])
