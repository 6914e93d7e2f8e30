"""Notebooks are their pages: the same blocks in the same order, and files that Jupyter reads."""

from __future__ import annotations

import ast
import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from docs.log_blocks import blocks_of
from docs.site.notebooks import (
    INSTALL,
    REPOSITORY,
    checker_of,
    notebook_name,
    notebook_of,
    notebook_pages,
)

ROOT = Path(__file__).resolve().parents[2]
PAGES = notebook_pages(ROOT)
STUB = re.compile(r"^```py stub\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE_KEYS = {"cell_type", "execution_count", "id", "metadata", "outputs", "source"}
TEXT_KEYS = {"cell_type", "id", "metadata", "source"}


def sources(notebook: dict[str, Any], kind: str) -> list[str]:
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind]


def test_every_chapter_is_a_notebook() -> None:
    chapters = [path.name for path in (ROOT / "docs" / "log").glob("[0-9][0-9]-*.md")]
    assert {f"log/{Path(name).stem}.ipynb" for name in chapters} <= set(map(notebook_name, PAGES))
    assert notebook_name("docs/log/glossary.md") is None


@pytest.mark.parametrize("page", PAGES)
def test_cells_are_the_blocks_of_the_page(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    install, *codes = sources(notebook_of(ROOT, page), "code")
    assert install == INSTALL.rstrip("\n")
    if page.startswith("docs/course/"):
        assert codes.pop(0) == checker_of(page).rstrip("\n")
        stubs = [stub.rstrip("\n") for stub in STUB.findall(text)]
        assert codes[::2] == stubs
        assert all(re.fullmatch(r'check\("\d+\.\d+"\)', check) for check in codes[1::2])
    else:
        assert codes == [block.code.rstrip("\n") for block in blocks_of(text)]


@pytest.mark.parametrize("page", PAGES)
def test_a_notebook_has_the_parts_of_nbformat(page: str) -> None:
    notebook = json.loads(json.dumps(notebook_of(ROOT, page)))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", each) for each in ids)
    for cell in notebook["cells"]:
        keys = CODE_KEYS if cell["cell_type"] == "code" else TEXT_KEYS
        assert set(cell) - {"attachments"} == keys
        assert all(line.endswith("\n") for line in cell["source"][:-1])
        if cell["cell_type"] == "code":
            ast.parse("".join(cell["source"]))


@pytest.mark.parametrize("page", PAGES)
def test_pictures_go_along_and_links_lead_to_the_repository(page: str) -> None:
    for cell in notebook_of(ROOT, page)["cells"]:
        text = re.sub(r"^```.*?^```", "", "".join(cell["source"]), flags=re.M | re.S)
        if cell["cell_type"] == "code":
            continue
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text)):
            if target.startswith("attachment:"):
                (content,) = cell["attachments"][target.removeprefix("attachment:")].values()
                assert base64.b64decode(content)[:4] in (b"\x89PNG", b"<svg", b"<?xm")
            elif target.startswith(REPOSITORY):
                path = re.sub(r"^/(blob|tree)/main/", "", target.removeprefix(REPOSITORY))
                assert (ROOT / path.partition("#")[0]).exists(), target
            else:
                assert target.startswith(("https://", "http://", "#")), target


def page_in(folder: Path, text: str) -> dict[str, Any]:
    page = folder / "docs" / "log" / "00-page.md"
    page.parent.mkdir(parents=True)
    page.write_text(text, encoding="utf-8")
    return notebook_of(folder, "docs/log/00-page.md")


def test_formulas_and_listings(tmp_path: Path) -> None:
    notebook = page_in(
        tmp_path,
        "# Page\n\n```math\nx^2\n```\n\n```python docs/a.py:f\nf()\n```\n\n```text\nout\n```\n",
    )
    title, install = notebook["cells"]
    text = "".join(title["source"])
    assert "$$\nx^2\n$$" in text
    assert f"[`a.py: f`]({REPOSITORY}/blob/main/docs/a.py)\n\n```python\nf()\n```" in text
    assert install["cell_type"] == "code"
    assert "```text\nout\n```" in text


def test_code_within_details_is_a_hidden_cell_and_each_text_is_closed(tmp_path: Path) -> None:
    notebook = page_in(
        tmp_path,
        "# Page\n\n```py\na = 1\n```\n\n<details><summary>Solution</summary>\n\nSo:\n\n"
        "```py\nb = 2\n```\n\nDone.\n\n</details>\n\nAfter.\n",
    )
    title, _, shown, before, hidden, after = notebook["cells"]
    assert "Page" in title["source"][0]
    assert shown["metadata"] == {}
    assert hidden["metadata"] == {"jupyter": {"source_hidden": True}}
    for cell in (before, after):
        text = "".join(cell["source"])
        assert text.count("<details") == text.count("</details>")
