"""The cheat sheet has every card once, and is one legible page of A4 made of today's text."""

from __future__ import annotations

import re

import pytest

from docs import cheat_sheet
from docs.drawing import text_problems

TEXT = cheat_sheet.PAGE.read_text(encoding="utf-8")


def test_each_card_has_one_row() -> None:
    rows = [row for group in cheat_sheet.rows_of(TEXT).values() for row in group]
    pages = (cheat_sheet.DOCS / "cards").glob("*.md")
    cards = sorted(f"../cards/{page.name}" for page in pages if page.name != "README.md")
    assert sorted(row.card for row in rows) == cards
    assert TEXT.count("\n| [") == len(rows), "a row that the program does not read"


def test_the_pdf_is_one_page_of_a4_made_of_this_text() -> None:
    content = cheat_sheet.PDF.read_bytes()
    assert len(re.findall(rb"/Type /Page\b", content)) == 1
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", content)
    assert box is not None
    millimeters = [float(points) / 72 * 25.4 for points in box.groups()]
    assert millimeters == pytest.approx([210, 297], abs=0.5)
    assert f"/Keywords ({cheat_sheet.checksum(TEXT)})".encode() in content, (
        "hatch run cheat_sheet makes the PDF anew"
    )


def test_its_texts_are_large_and_do_not_overlap() -> None:
    figure, size = cheat_sheet.drawn(TEXT)
    assert size >= 9
    assert text_problems(figure) == []


def test_a_page_that_does_not_fit_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cheat_sheet, "SIZES", (14.0,))
    with pytest.raises(ValueError, match="does not fit"):
        cheat_sheet.drawn(TEXT)
