"""Chapters of the log and pages of the course as Jupyter notebooks.

The page is the only source. A block ```py becomes a cell of code, all else stays text; pictures go
along as attachments, and links lead to the repository. A cell at the top installs pmt. In a
notebook of the course, a task is its stub and a cell that checks the answer.
"""

from __future__ import annotations

import base64
import posixpath
import re
from pathlib import Path, PurePosixPath
from typing import Any

from docs.site.markdown import FENCE, map_targets, title

REPOSITORY = "https://github.com/pmt-authors/pmt"
PAGE = re.compile(r"docs/(log|course)/(?:\d\d-|appendix-)[^/]*\.md")
CODE = re.compile(r"^```py(?P<kind>| stub)\n(?P<code>.*?)^```$\n?", re.MULTILINE | re.DOTALL)
TASK = re.compile(r"^## (\d+\.\d+) ", re.MULTILINE)
DETAILS = re.compile(r"<(/?)details")

INSTALL = f'''\
# Installs pmt from the clone that this notebook is in, or else from a new clone.
import importlib.util
import os
import pathlib
import site
import subprocess
import sys
import sysconfig

repository = os.environ.get("PMT_REPOSITORY", "{REPOSITORY}")
here = pathlib.Path.cwd()
folders = [here, *here.parents, here / "pmt"]
clones = [each for each in folders if (each / "packages" / "pmt-core").is_dir()]
if not clones:
    command = ["git", "clone", "--quiet", "--depth", "1", repository, "pmt"]
    subprocess.run(command, check=True)
    clones = [here / "pmt"]
if importlib.util.find_spec("pmt_apps") is None:
    names = ["core", "autograd", "nn", "text", "train"]
    paths = [*(clones[0] / "packages" / f"pmt-{{name}}" for name in names), clones[0] / "apps"]
    options = [option for path in paths for option in ("--editable", str(path))]
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *options], check=True)
    site.addsitedir(sysconfig.get_path("purelib"))
    importlib.invalidate_caches()
'''

CHECKER = """\
# `check("1.2")` grades the answer to a task, and says what is wrong with it. What the tasks of this
# page use of earlier pages is given.
import __main__

sys.path.insert(0, str(clones[0]))
import numpy as np

from docs.course.workshop.grading import grade
from docs.course.workshop.pages import needed, task_of, tasks

page = "PAGE"
uses = [each for task in tasks() if task.page.name == page for each in needed(task)]
given = {task.number: task for task in uses if task.page.name != page}
for number in sorted(given, key=lambda number: given[number].key):
    exec(given[number].solution, globals())
    print("given:", number, *given[number].names)


def check(number):
    result = grade(task_of(number), __main__)
    print(f"{number} is right." if result.is_right else result.message)
"""


def checker_of(path: str) -> str:
    """Return the cell that defines `check` in the notebook of a page of the course."""
    return CHECKER.replace("PAGE", PurePosixPath(path).name)


def notebook_name(path: str) -> str | None:
    """Return the name of the notebook of a document, from the folder of notebooks, or None."""
    if not PAGE.fullmatch(path):
        return None
    return path.removeprefix("docs/").removesuffix(".md") + ".ipynb"


def notebook_pages(root: Path) -> list[str]:
    """Return the documents of a clone that are notebooks, too."""
    paths = sorted(path.relative_to(root).as_posix() for path in (root / "docs").glob("*/*.md"))
    return [path for path in paths if PAGE.fullmatch(path)]


def notebook_of(root: Path, path: str) -> dict[str, Any]:
    """Return a document as a notebook, the content of a file of nbformat 4.5."""
    text = (root / path).read_text(encoding="utf-8")
    cells = _cells(root, path, text)
    extra = [_code(INSTALL)]
    extra += [_code(checker_of(path))] if path.startswith("docs/course/") else []
    head, rest = cells[:1], cells[1:]
    for number, cell in enumerate([*head, *extra, *rest]):
        cell["id"] = f"cell-{number:03}"
    return {
        "cells": [*head, *extra, *rest],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "title": title(text),
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cells(root: Path, path: str, text: str) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = []
    depth = end = 0
    task = ""
    for block in [*CODE.finditer(text), None]:
        between = text[end : block.start() if block else len(text)]
        opened = depth > 0
        depth += sum(-1 if slash else 1 for slash in DETAILS.findall(between))
        task = (TASK.findall(between) or [task])[-1]
        cells += _text(root, path, _closed(between, opened, depth > 0))
        if block is None:
            break
        cells.append(_code(block["code"], is_hidden=depth > 0))
        if block["kind"]:
            cells.append(_code(f'check("{task}")\n'))
        end = block.end()
    return cells


def _closed(text: str, opened: bool, stays_open: bool) -> str:
    """Close `<details>` where code follows, which is a cell of its own."""
    if opened:
        text = text.replace("</details>", "", 1)
    return f"{text.rstrip()}\n\n</details>\n" if stays_open and "<details" in text else text


def _code(code: str, is_hidden: bool = False) -> dict[str, Any]:
    metadata = {"jupyter": {"source_hidden": True}} if is_hidden else {}
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": metadata,
        "outputs": [],
        "source": code.rstrip("\n").splitlines(keepends=True),
    }


def _text(root: Path, path: str, text: str) -> list[dict[str, Any]]:
    if not text.strip():
        return []
    pictures: dict[str, str] = {}

    def target(link: str, picture: bool) -> str:
        where, hash_sign, anchor = link.partition("#")
        full = posixpath.normpath((PurePosixPath(path).parent / where).as_posix())
        if picture:
            pictures[Path(full).name] = full
            return f"attachment:{Path(full).name}"
        kind = "tree" if (root / full).is_dir() else "blob"
        return f"{REPOSITORY}/{kind}/main/{full}{hash_sign}{anchor}"

    text = FENCE.sub(_fence, map_targets(text, target))
    cell: dict[str, Any] = {
        "cell_type": "markdown",
        "metadata": {},
        "source": text.strip("\n").splitlines(keepends=True),
    }
    if pictures:
        cell["attachments"] = {name: _attachment(root / full) for name, full in pictures.items()}
    return [cell]


def _fence(fence: re.Match[str]) -> str:
    """Return a block as Jupyter reads it: formulas in dollars, a listing below its source."""
    language, _, source = fence["info"].strip().partition(" ")
    if language == "math":
        return f"$$\n{fence['body']}$$"
    if language == "python" and ":" in source:
        file, _, name = source.rpartition(":")
        link = f"[`{PurePosixPath(file).name}: {name}`]({REPOSITORY}/blob/main/{file})"
        return f"{fence['indent']}{link}\n\n" + fence[0].replace(fence["info"], "python", 1)
    return fence[0].replace(fence["info"], "python", 1) if language == "py" else fence[0]


def _attachment(path: Path) -> dict[str, str]:
    kind = "image/svg+xml" if path.suffix == ".svg" else "image/png"
    return {kind: base64.b64encode(path.read_bytes()).decode("ascii")}
