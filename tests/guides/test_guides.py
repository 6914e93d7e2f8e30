"""The code of the guides prints what the pages say; the index names every page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from checks import blocks
from checks.pages import FENCE, anchors

from pmt_autograd import REGISTRY

ROOT = Path(__file__).resolve().parents[2]
GUIDES = ROOT / "docs" / "guides"
PAGES = [path for path in sorted(GUIDES.glob("*.md")) if path.name != "README.md"]
LANGUAGES = {"py", "sh", "text"}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_guide_prints_what_it_says(page: Path) -> None:
    problems = blocks.problems_of(page)
    for name, entry in [*REGISTRY.items()]:  # the primitives of the page are for its run alone
        if entry.function.__module__ == "log_" + page.stem.replace("-", "_"):
            del REGISTRY[name]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_all_code_of_a_guide_is_run_or_checked(page: Path) -> None:
    """A block in another language, or an indented one, would be neither."""
    text = page.read_text(encoding="utf-8")
    assert {match["info"] for match in FENCE.finditer(text)} <= LANGUAGES
    assert not re.search(r"^ {4}\S", FENCE.sub("", text), re.M)
    assert 60 <= text.count("\n") <= 150


def test_the_index_names_every_guide_once() -> None:
    index = (GUIDES / "README.md").read_text(encoding="utf-8")
    linked = re.findall(r"\]\(([\w-]+\.md)\)", index)
    assert sorted(linked) == [page.name for page in PAGES]


def test_links_to_headings_lead_to_headings() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)\s]+\.md)?#([\w-]+)\)", text):
            other = page.parent / target[0] if target[0] else page
            assert target[1] in anchors(other.read_text(encoding="utf-8")), (page.name, target)


def test_the_readme_leads_to_the_guides() -> None:
    assert "(docs/guides/README.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
