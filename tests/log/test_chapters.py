"""The development log: its code runs and prints what it says, its listings are the sources."""

from __future__ import annotations

import contextlib
import io
import re
import runpy
import struct
import sys
import types
from pathlib import Path

import pytest

LOG = Path(__file__).resolve().parents[2] / "docs" / "log"
CHAPTERS = sorted(LOG.glob("[0-9][0-9]-*.md"))
BLOCK = re.compile(r"^```py\n(.*?)^```", re.MULTILINE | re.DOTALL)
PRINTS = re.compile(r"^ *print\(.*\)  # (.*)$", re.MULTILINE)
IMAGE = re.compile(r"!\[([^\]]+)\]\(([^)]+)\)")


def stem(path: Path) -> str:
    return path.stem


def picture_program(chapter: Path) -> Path:
    return LOG / "pictures" / f"{chapter.stem.replace('-', '_')}.py"


def test_the_index_names_every_chapter_in_order() -> None:
    index = (LOG / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\d+\. \[[^\]]+\]\((\d\d-[\w-]+\.md)\)", index, re.MULTILINE)
    assert listed == [path.name for path in CHAPTERS]
    numbers = [int(path.name[:2]) for path in CHAPTERS]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=stem)
def test_every_block_runs_and_prints_what_it_says(chapter: Path, monkeypatch, tmp_path) -> None:
    text = chapter.read_text(encoding="utf-8")
    blocks = BLOCK.findall(text)
    assert blocks, "a chapter has code that runs: ```py"
    monkeypatch.chdir(tmp_path)
    page = types.ModuleType(f"log_{chapter.stem.replace('-', '_')}")
    monkeypatch.setitem(sys.modules, page.__name__, page)  # dataclasses look their module up
    for block in blocks:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(block, chapter.name, "exec"), page.__dict__)
        printed = [line.rstrip() for line in out.getvalue().splitlines()]
        for expected in PRINTS.findall(block):
            assert expected in printed, f"{chapter.name} says {expected!r}, printed: {printed}"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=stem)
def test_its_listings_are_the_sources_of_today(chapter: Path, root: Path) -> None:
    refreshed = runpy.run_path(str(root / "docs" / "log_listings.py"))["refreshed"]
    text = chapter.read_text(encoding="utf-8")
    assert text == refreshed(text), "run: hatch run log_listings"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=stem)
def test_its_pictures_are_made_by_its_program(chapter: Path, tmp_path: Path) -> None:
    text = chapter.read_text(encoding="utf-8")
    displayed = [target.removeprefix("img/") for alt, target in IMAGE.findall(text)]
    assert displayed, "a chapter has a picture"
    program = runpy.run_path(str(picture_program(chapter)))
    assert sorted(program["PICTURES"]) == sorted(displayed)
    program["draw"](tmp_path)
    for name in displayed:
        assert png_size(tmp_path / name) == png_size(LOG / "img" / name), (
            f"{name} is not the picture that its program draws; run: hatch run log_pictures"
        )


def png_size(path: Path) -> tuple[int, int]:
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", head[16:24])


def test_no_picture_is_left_over() -> None:
    displayed = {
        target.removeprefix("img/")
        for chapter in CHAPTERS
        for _, target in IMAGE.findall(chapter.read_text(encoding="utf-8"))
    }
    assert {path.name for path in (LOG / "img").iterdir()} == displayed
    assert {path.stem for path in (LOG / "pictures").glob("*.py")} == {
        path.stem.replace("-", "_") for path in CHAPTERS
    }


@pytest.mark.parametrize("chapter", CHAPTERS, ids=stem)
def test_it_says_what_was_difficult(chapter: Path) -> None:
    text = chapter.read_text(encoding="utf-8")
    assert re.search(r"^## What was difficult", text, re.MULTILINE)
    assert "](../../packages/" in text, "a chapter shows our code by reference"
