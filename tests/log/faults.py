"""Faults that are seeded into a copy of the documents, each with the check that finds it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from checks import (
    blocks,
    card_forms,
    card_pages,
    citations,
    formulas,
    glossary,
    gradients,
    links,
    listings,
    numbers,
    pages,
    pictures,
    seed,
    structure,
)

PLAIN = "log/00-numbers-and-slopes.md"  # a chapter whose code runs in a moment
LINES = "log/06-convolution.md"
CARD = "cards/dense.md"


@dataclass(frozen=True)
class Fault:
    """What is wrong, how a copy of the documents gets it, and the check that has to find it.

    A check that runs code or draws is given the page with the fault alone: `page` names it.
    """

    what: str
    seed: Callable[[Path], None]
    check: Callable[[Path], list[str]]
    page: str = ""

    def problems(self, docs: Path) -> list[str]:
        """Return what the check finds in a copy of the documents."""
        return self.check(docs / self.page)


def replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Return a change of a file: the first match of a regular expression is replaced."""

    def seed_fault(docs: Path) -> None:
        path = docs / name
        text, count = re.subn(old, new, pages.read(path), count=1, flags=re.M | re.S)
        assert count == 1, f"{name} has no {old!r}"
        assert text != pages.read(path), f"{name} is not changed"
        path.write_text(text, encoding="utf-8")

    return seed_fault


def append(name: str, text: str) -> Callable[[Path], None]:
    """Return a change of a page: a paragraph is added below its first heading of level 2."""
    return replace(name, r"^(## [^\n]+\n\n)", lambda match: f"{match[1]}{text}\n\n")  # type: ignore


def exchange(one: str, other: str) -> Callable[[Path], None]:
    """Return a change: two files exchange their contents."""

    def seed_fault(docs: Path) -> None:
        first, second = docs / one, docs / other
        content = first.read_bytes()
        first.write_bytes(second.read_bytes())
        second.write_bytes(content)

    return seed_fault


def swapped_pictures(docs: Path) -> None:
    """Exchange the first two pictures of a chapter."""
    first, second, *_ = pictures.displayed(docs / PLAIN)
    exchange(f"log/img/{first}", f"log/img/{second}")(docs)


def painted_picture(docs: Path) -> None:
    """Paint over one cell of a card's picture."""
    from matplotlib.image import imread, imsave

    path = docs / "cards" / "img" / "dense.png"
    pixels = imread(path).copy()
    pixels[110:125, 40:80, :3] = 0.5
    imsave(path, pixels, metadata={"Software": "Matplotlib version" + _version()})


def _version() -> str:
    import matplotlib

    return matplotlib.__version__


def deleted(name: str) -> Callable[[Path], None]:
    """Return a change: a file is deleted."""
    return lambda docs: (docs / name).unlink()


def sourced(docs: Path, row: str) -> None:
    """Write a table and a sentence that shows a number of it, rightly."""
    (docs / "log" / "measured" / "fault.csv").write_text(f"# command\nrow,score\n{row}\n")
    sentence = "The score is 85.5 %<!-- = measured/fault.csv: small.score --> today."
    append(PLAIN, sentence)(docs)


def changed_table(docs: Path) -> None:
    """Change the table that a number in prose comes from."""
    sourced(docs, "small,0.845")


def changed_prose(docs: Path) -> None:
    """Change a number in prose that comes from a table."""
    sourced(docs, "small,0.855")
    assert not numbers.problems(docs)
    replace(PLAIN, r"85\.5 %<!--", "85.6 %<!--")(docs)


def changed_result(docs: Path) -> None:
    """Show a number that is not in the document that it is said to come from."""
    append(PLAIN, "It reads 99.99 %<!-- = ../results.md --> of the digits.")(docs)


FAULTS = (
    # The code and what it prints.
    Fault("a wrong output", replace(PLAIN, r"\)  # 30$", ")  # 31"), blocks.problems_of, PLAIN),
    Fault(
        "outputs in the wrong order",
        replace(LINES, r"(# \[[^\n]+\])(\n.*?)(# \[[^\n]+\])$", r"\3\2\1"),
        blocks.problems_of,
        LINES,
    ),
    Fault(
        "a line that nothing claims", replace(PLAIN, r"\)  # 30$", ")"), blocks.problems_of, PLAIN
    ),
    Fault(
        "a hidden line: code prints more than the page shows",
        replace(PLAIN, r"^(print\([^\n]*\)  # 30)$", 'print("more")\n\\\\1'.replace("\\\\", "\\")),
        blocks.problems_of,
        PLAIN,
    ),
    Fault(
        "code that runs and is not shown",
        append(PLAIN, "<!--\n```py\nhidden = 1\n```\n-->"),
        blocks.problems_of,
        PLAIN,
    ),
    Fault(
        "code that fails",
        replace(PLAIN, r"^import numpy as np$", "import numpy as np\n\n1 / 0"),
        blocks.problems_of,
        PLAIN,
    ),
    Fault(
        "results that are a bare True",
        append(PLAIN, "```py\n" + "print(1 == 1)  # True\n" * 40 + "```"),
        blocks.problems_of,
        PLAIN,
    ),
    # Gradients and cards.
    Fault(
        "a flipped sign in a card's form",
        replace("cards/forms/dense.py", r"x\.T @ grad", "-x.T @ grad"),
        card_forms.problems_of,
        CARD,
    ),
    Fault(
        "a transposition in a card's form",
        replace("cards/forms/dense.py", r"weight\.T", "weight"),
        card_forms.problems_of,
        CARD,
    ),
    Fault(
        "an error on a card that is too good",
        replace(CARD, r"\| `dense` \| \S+ \|", "| `dense` | 1e-15 |"),
        card_forms.problems_of,
        CARD,
    ),
    Fault(
        "a card's form that is not the one listed",
        replace("cards/forms/dense.py", r"x\.T @ grad", "(grad.T @ x).T"),
        listings.problems,
    ),
    Fault(
        "a card without its derivation",
        replace(CARD, "^## Derivation$", "## Hm"),
        card_pages.problems,
    ),
    Fault("a card without its picture", replace(CARD, r"^!\[.*?\)$", ""), card_pages.problems),
    Fault(
        "a gradient that names no card",
        append(PLAIN, r"$$\\frac{\\partial L}{\\partial x} = g$$".replace("\\\\", "\\")),
        gradients.problems,
    ),
    # Pictures.
    Fault("two swapped pictures", swapped_pictures, pictures.problems_of, PLAIN),
    Fault("a picture with one cell changed", painted_picture, pictures.problems_of, CARD),
    Fault(
        "a picture program that draws another number",
        replace("cards/pictures/dense_.py", r"0\.8, 0\.3", "0.8, 0.4"),
        pictures.problems_of,
        CARD,
    ),
    Fault(
        "texts of a picture that overlap",
        replace("cards/pictures/dense_.py", r"\(4\.45, 5\.04\), \"\+\"", '(2.5, 5.1), "+"'),
        pictures.problems_of,
        CARD,
    ),
    Fault("a picture that is missing", deleted("cards/img/dense.png"), links.problems),
    # Links, citations, numbers.
    Fault(
        "a broken link", replace(PLAIN, r"\]\(01-dense-layer\.md", "](01-dense.md"), links.problems
    ),
    Fault(
        "a broken anchor",
        append(PLAIN, "See [there](01-dense-layer.md#there-is-no-such-heading)."),
        links.problems,
    ),
    Fault(
        "a chapter that the index lacks",
        replace("log/README.md", r"^\d+\. \[[^\n]*01-dense-layer\.md\)\n", ""),
        links.problems,
    ),
    Fault(
        "a citation without a link",
        append(PLAIN, "So say Vaswani et al. (2017)."),
        citations.problems,
    ),
    Fault("a changed number in prose", changed_prose, numbers.problems),
    Fault("a changed number in a table", changed_table, numbers.problems),
    Fault("a number that its source lacks", changed_result, numbers.problems),
    Fault(
        "an item of the seed that is explained nowhere",
        replace("log/README.md", r"^\| RMSProp \|[^\n]*\n", ""),
        seed.problems,
    ),
    # Formulas.
    Fault("a brace without its other", append(PLAIN, r"So $\\sqrt{x$ grows."), formulas.problems),
    Fault(
        "backslash-punctuation in a formula",
        append(PLAIN, "So $a\\\\, b$ it is."),
        formulas.problems,
    ),
    Fault(
        "a command that does not exist",
        append(PLAIN, r"So $\\sqroot{x}$ grows."),
        formulas.problems,
    ),
    Fault(
        "indices that Markdown takes for emphasis",
        append(PLAIN, r"So $\\hat{x}_{i}$ and $\\hat{y}_{i}$ agree."),
        formulas.problems,
    ),
    Fault(
        "a dollar sign without its other", append(PLAIN, "So $x + y is a sum."), formulas.problems
    ),
    # The shape of a chapter, and the words.
    Fault(
        "an exercise without a solution",
        replace(PLAIN, r"<details>\s*<summary>Exercise 2</summary>.*?</details>", ""),
        structure.problems,
    ),
    Fault(
        "a chapter that does not say how long it takes",
        replace(PLAIN, r"\*\*Time\*\*", "Time"),
        structure.problems,
    ),
    Fault(
        "a term used before it is defined", append(PLAIN, "A softmax is next."), glossary.problems
    ),
    Fault(
        "a term that is never defined",
        replace(PLAIN, r"\*matrix product\*", "matrix product"),
        glossary.problems,
    ),
    Fault(
        "a glossary out of order",
        replace("log/glossary.md", r"^(\| array [^\n]*\n)(\| [^\n]*\n)", r"\2\1"),
        glossary.problems,
    ),
)


def copy_of(docs: Path, to: Path) -> Path:
    """Copy the documents to a folder and return the copy."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(docs, to / "docs", ignore=ignored)
    return to / "docs"
