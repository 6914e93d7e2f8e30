"""The words of the glossary in CONTRIBUTING.md: no retired identifier, no riddle in the prose."""

from __future__ import annotations

import re

import pytest
from findings import findings_of, hold
from legibility import IDIOMS_PER_1000_WORDS, RETIRED, idiom_rate, prose_of, retired_words
from picture import FOLDERS, ROOT, python_files, source_root


@pytest.mark.parametrize("package", FOLDERS)
def test_no_retired_word_is_an_identifier(package: str) -> None:
    hold(findings_of(package, retired_words))


def test_prose_is_that_of_a_reference() -> None:
    """Docstrings and documents, the development log included."""
    paths = [path for package in FOLDERS for path in python_files(source_root(package))]
    paths += ROOT.glob("*.md")
    paths += (ROOT / "docs").rglob("*.md")
    paths += (ROOT / "packages").glob("*/*.md")
    assert idiom_rate([prose_of(path) for path in paths]) < IDIOMS_PER_1000_WORDS


def test_the_glossary_names_what_replaces_a_retired_word() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    glossary = text[text.index("## Glossary") :]
    words = set(re.findall(r"\w+", glossary))
    assert not RETIRED - words


def test_a_retired_word_is_red() -> None:
    assert list(retired_words("def f():\n    found = 1\n    return found\n"))
    assert not list(retired_words('"""What is found stands here."""\nmetrics = "found"\n'))


def test_a_riddle_is_red() -> None:
    assert idiom_rate(["It is told what stands there. " * 10]) > IDIOMS_PER_1000_WORDS
    assert idiom_rate(["Return the loss. Raise ShapeError if the shapes differ. " * 10]) == 0
