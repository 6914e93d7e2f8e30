"""The pages of the site: every document, links as Sphinx needs them, every public name."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.site.api import api_pages, public_names
from docs.site.docstrings import inline, summary, to_rst
from docs.site.markdown import map_targets, title
from docs.site.pages import PACKAGES, Pages
from docs.site.stage import Stage

ROOT = Path(__file__).resolve().parents[2]
LISTS = ROOT / "tests" / "architecture" / "public_api"


@pytest.fixture(scope="module")
def reference() -> str:
    return "\n".join(api_pages().values())


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_in_the_reference(package: str, reference: str) -> None:
    names = (LISTS / f"{package}.txt").read_text(encoding="utf-8").split()
    lines = set(reference.splitlines())
    automatic = ("autoclass", "autoexception", "autofunction")
    directives = [*((each, f"{package}.") for each in automatic), ("py:data", "")]
    missing = [
        name
        for name in names
        if not lines.intersection(f".. {each}:: {prefix}{name}" for each, prefix in directives)
    ]
    assert not missing


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_has_a_file(package: str) -> None:
    assert all((ROOT / each.path).is_file() for each in public_names(package))


def test_every_document_is_a_page_and_below_a_section() -> None:
    pages = Pages(ROOT)
    documents = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert documents <= set(pages.names)
    assert len(set(pages.names.values())) == len(pages.names)
    below = {"index"}
    for path in pages.names:
        for _, names in pages.children(path):
            below.update(names)
    assert set(pages.names.values()) <= below


def test_targets_of_links(tmp_path: Path) -> None:
    for path in ("docs/README.md", "docs/log/README.md", "docs/log/a.md", "CONTRIBUTING.md"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("# Title\n", encoding="utf-8")
    (tmp_path / "docs" / "a.py").write_text("", encoding="utf-8")
    stage = Stage(tmp_path, tmp_path / "build")
    page = "docs/log/a.md"
    assert stage.target(page, "README.md#x", False) == "index.md#x"
    assert stage.target(page, "../README.md", False) == "../index.md"
    assert stage.target(page, "../../CONTRIBUTING.md", False) == "../project/contributing.md"
    assert stage.target(page, "../a.py", False) == "site:source/docs/a.py.html"
    (tmp_path / "docs" / "a.pdf").write_bytes(b"")
    assert stage.target(page, "../a.pdf", False) == "site:source/docs/a.pdf"
    assert stage.target(page, "absent.md", False) == "absent.md"  # Sphinx warns: an error


def test_chapters_link_to_their_notebook_and_slides(tmp_path: Path) -> None:
    stage = Stage(ROOT, tmp_path)
    chapter = stage.page("docs/log/12-attention.md").splitlines()[3]
    notebook, slides = chapter.split(" · ")
    assert notebook == "[Notebook](site:notebooks/log/12-attention.ipynb)"
    assert slides == "[Slides](site:slides/4-attention.html)"
    assert "Slides" not in stage.page("docs/course/12-attention.md").splitlines()[3]
    assert "{.other-formats}" not in stage.page("docs/log/glossary.md")


def test_links_within_code_stay() -> None:
    text = "[a](x.md) ![b](y.png) `[c](z.md)` [`d`](w.md) [e](https://e)\n\n```py\n[f](v.md)\n```\n"
    calls: list[tuple[str, bool]] = []
    mapped = map_targets(text, lambda target, picture: calls.append((target, picture)) or "new")
    assert calls == [("x.md", False), ("y.png", True), ("w.md", False)]
    assert mapped == (
        "[a](new) ![b](new) `[c](z.md)` [`d`](new) [e](https://e)\n\n```py\n[f](v.md)\n```\n"
    )
    assert title("```py\n# no\n```\n\n# The [first](a.md) one\n") == "The first one"


def test_inline_text_of_docstrings() -> None:
    assert inline("*args and x_ with |y|") == r"\*args and x\_ with \|y\|"
    assert inline("`a`s of `b`.") == r"``a``\ s of ``b``."
    assert inline("see `f`", lambda code: f":py:obj:`{code}`") == "see :py:obj:`f`"
    assert summary("Return: `a`, e.g. `b` (A et al. 2021). More.") == (
        "Return: `a`, e.g. `b` (A et al. 2021)."
    )
    assert summary("Return a. More `b`.\n\nText.") == "Return a."


def test_sections_of_docstrings() -> None:
    lines = [
        "Return it.", "", "    x = f(", "        1)", "", "Args:", "    a, *b: first",
        "        more", "    c: third", "", "Returns:", "    a value", "",
        "Examples:", "    >>> 1 + 1", "    2",
    ]  # fmt: skip
    text = "\n".join(line for line in to_rst(lines) if line.strip())
    assert text == "\n".join([
        "Return it.", ".. code-block:: python", "    x = f(", "        1)", ":Arguments:",
        "    ``a, *b``", "        first more", "    ``c``", "        third", ":Returns:",
        "    a value", ".. rubric:: Examples", ">>> 1 + 1", "2",
    ])  # fmt: skip
