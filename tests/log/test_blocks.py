"""The code of the chapters runs and prints exactly what the pages say."""

from __future__ import annotations

from pathlib import Path

import pytest
from checks import blocks
from checks.pages import DOCS, chapters
from pending import left

from docs.log_blocks import run_page
from docs.log_chapter import page_of, show


@pytest.mark.parametrize("chapter", chapters(DOCS), ids=lambda path: path.stem)
def test_a_chapter_prints_what_it_says(chapter: Path) -> None:
    problems = left("blocks", blocks.problems_of(chapter))
    assert not problems, "\n".join(problems)


# --- the rules, on small pages -----------------------------------------------------------------


def differences(tmp_path: Path, code: str, text: str | None = None) -> list[str]:
    """Return what is wrong with a page of one block."""
    page = tmp_path / "01-page.md"
    below = "" if text is None else f"\n```text\n{text}```\n"
    page.write_text(f"# Page\n\n```py\n{code}```\n{below}", encoding="utf-8")
    return run_page(page).problems()


RIGHT = {
    "behind": "print(1 + 1)  # 2\n",
    "behind, several lines": "print(\n    2,\n)  # 2\n",
    "below": 'print("a\\n\\nb")\n# a\n#\n# b\n',
    "behind and below": 'print("a\\nb")  # a\n# b\n',
    "in a loop": "for i in (1, 2):\n    print(i)\n    # 1\n    # 2\n",
    "below a loop": "for i in (1, 2):\n    print(i)\n# 1\n# 2\n",
    "a call that prints": "def f():\n    print(3)\n\n\nf()  # 3\n",
    "a call that prints, below": "def f():\n    print(3)\n\n\nf()\n# 3\n",
    "a remark": "x = 1  # one\n# and more\nprint(x)  # 1\n\n# a remark\ny = 2\n",
    "a remark in a function": "def f():\n    print(3)  # three\n\n\nf()  # 3\n",
}
WRONG = {
    "another number": "print(1 + 1)  # 3\n",
    "nothing claims it": "print(1)\nprint(2)  # 2\n",
    "the order": "print(1)  # 2\nprint(2)  # 1\n",
    "a hidden line": 'print("a\\nb")  # a\n',
    "a line too many": 'print("a")\n# a\n# b\n',
    "a line of a loop": "for i in (1, 2):\n    print(i)  # 2\n",
    "a claim that nothing prints": "if False:\n    print(1)  # 1\n",
    "a function that prints unseen": "def f():\n    print(3)  # 3\n\n\nf()\n",
    "an error": "print(1 / 0)  # 1\n",
}


@pytest.mark.parametrize("code", RIGHT.values(), ids=RIGHT)
def test_a_right_claim_passes(tmp_path: Path, code: str) -> None:
    assert not differences(tmp_path, code)


@pytest.mark.parametrize("code", WRONG.values(), ids=WRONG)
def test_a_wrong_claim_is_found(tmp_path: Path, code: str) -> None:
    assert differences(tmp_path, code)


def test_a_block_of_text_claims_what_comments_do_not(tmp_path: Path) -> None:
    code = "print(1)  # 1\nprint(2)\nprint(3)\n"
    assert not differences(tmp_path, code, "2\n3\n")
    assert differences(tmp_path, code, "3\n2\n")
    assert differences(tmp_path, code, "2\n")
    assert differences(tmp_path, code, "1\n2\n3\n")
    assert differences(tmp_path, "x = 1\n", "1\n")


def test_an_error_names_the_line_of_the_page(tmp_path: Path) -> None:
    (problem,) = differences(tmp_path, "x = 1\nx / 0\n")
    assert problem == "01-page.md: line 5: ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    ("name", "page"),
    [("5", "05-training-loop"), ("05", "05-training-loop"), ("app", "appendix-speed")],
)
def test_a_chapter_is_named_by_its_number_or_its_beginning(name: str, page: str) -> None:
    assert page_of(name).stem == page


@pytest.mark.parametrize("name", ["77", "0-", "nothing"])
def test_a_name_of_no_chapter_lists_all(name: str) -> None:
    with pytest.raises(SystemExit, match="appendix-speed"):
        page_of(name)


def test_a_run_is_shown_with_its_output(tmp_path: Path, capsys) -> None:
    page = tmp_path / "01-page.md"
    page.write_text("# Page\n\n```py\nprint(1 + 1)  # 2\n```\n", encoding="utf-8")
    show(run_page(page))
    assert capsys.readouterr().out == "--- line 4\nprint(1 + 1)  # 2\n    | 2\n"
