"""The tables behind pictures of chapters 16, 17 and the appendix are those of the other pages."""

from __future__ import annotations

import csv
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
LOG = DOCS / "log"


def rows(name: str) -> list[dict[str, str]]:
    lines = (LOG / "measured" / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def numbers(path: Path) -> set[str]:
    return set(re.findall(r"(?<![\d.])\d+\.\d+", path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("table", "columns", "page"),
    [
        ("qqp.csv", ["accuracy"], DOCS / "results.md"),
        ("qqp_steps.csv", ["accuracy"], DOCS / "experiments" / "qqp.md"),
        ("step.csv", ["pmt", "torch", "without"], DOCS / "results.md"),
    ],
)
def test_the_numbers_of_a_table_are_on_the_page_that_reports_them(
    table: str, columns: list[str], page: Path
) -> None:
    known = numbers(page)
    found = [row[column] for row in rows(table) for column in columns]
    assert found
    assert [value for value in found if value not in known] == []


def test_the_pictures_show_the_runs_of_the_pages() -> None:
    runs: dict[str, Any] = runpy.run_path(str(LOG / "trainings" / "page_runs.py"))["RUNS"]
    pages = {"ner": "16-crf-and-ner.md", "qqp": "17-question-pairs.md"}
    pages["tfidf"] = pages["qqp"]
    for name, (_, options) in runs.items():
        text = (LOG / pages[name]).read_text(encoding="utf-8")
        assert "main([" + ", ".join(f'"{option}"' for option in options) in text, name


def test_the_table_of_discordant_pairs_is_what_the_page_prints() -> None:
    right, wrong = rows("qqp_run_paired.csv")
    text = (LOG / "17-question-pairs.md").read_text(encoding="utf-8")
    assert f"# {right['tfidf_wrong']} {wrong['tfidf_right']} " in text
    every = [int(row[name]) for row in (right, wrong) for name in ("tfidf_right", "tfidf_wrong")]
    assert f"# dev: {sum(every)} pairs" in text
