"""Formulas render on GitHub: its Markdown eats nothing of them, and their commands are known.

GitHub reads a page as Markdown before it draws formulas. In `$...$` and `$$...$$` a backslash
before punctuation disappears, `_` and `*` may become emphasis, and `<a` a tag. In a block ```math
nothing does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from checks.commands import COMMANDS, ENVIRONMENTS
from checks.pages import (
    CODE,
    COMMENT,
    DISPLAY,
    FENCE,
    INLINE,
    TICKED,
    blanked,
    line_of,
    name_of,
    read,
)


@dataclass(frozen=True)
class Formula:
    """A formula: its text, whether it is displayed, its place in the page, how it is written."""

    tex: str
    is_display: bool
    start: int
    kind: str  # "$", "$$", "$`" or "math"


def formulas(text: str) -> list[Formula]:
    """Return the formulas of a page, in order."""
    found = [
        Formula(match["body"], True, match.start("body"), "math")
        for match in FENCE.finditer(text)
        if match["info"].strip() == "math"
    ]
    text = blanked(text, FENCE, COMMENT)
    for pattern, kind in ((TICKED, "$`"), (CODE, ""), (DISPLAY, "$$"), (INLINE, "$")):
        if kind:
            found += [
                Formula(match[1], kind == "$$", match.start(1), kind)
                for match in pattern.finditer(text)
            ]
        text = blanked(text, pattern)
    return sorted(found, key=lambda formula: formula.start)


def problems(docs: Path) -> list[str]:
    """Return what does not render in the formulas of all documents."""
    return [problem for path in sorted(docs.rglob("*.md")) for problem in problems_of(path)]


def problems_of(path: Path) -> list[str]:
    """Return what does not render in the formulas of a page."""
    text = read(path)
    found = []
    for formula in formulas(text):
        where = f"{name_of(path)}: line {line_of(text, formula.start)}"
        short = " ".join(formula.tex.split())[:50]
        found += [f"{where}: {problem} in {short!r}" for problem in _of_formula(formula, text)]
    plain = blanked(text, FENCE, COMMENT, TICKED, CODE)
    rest = blanked(plain, DISPLAY, INLINE)
    for match in re.finditer(r"(?<!\\)\$", rest):
        found.append(f"{name_of(path)}: line {line_of(text, match.start())}: a $ without its other")
    for start in _eaten(plain):
        line = line_of(text, start)
        found.append(f"{name_of(path)}: line {line}: Markdown takes {text[start]!r} for emphasis")
    return found


def _of_formula(formula: Formula, text: str) -> Iterator[str]:
    tex = formula.tex
    if formula.kind in ("$", "$$"):
        for match in re.finditer(r"\\[^A-Za-z\s]|\\$", tex):
            yield f"backslash-punctuation {match[0]}"
        if re.search(r"<[A-Za-z/!]", tex):
            yield "an HTML tag (write \\lt)"
    if formula.kind == "$":
        before, after = (
            text[formula.start - 2 : formula.start - 1],
            text[formula.start + len(tex) + 1 :],
        )
        if before.isalnum() or after[:1].isalnum():
            yield "a letter beside the $"
        line = text[text.rfind("\n", 0, formula.start) + 1 :]
        if line.startswith("|") and "|" in tex:
            yield "a | in a row of a table (write \\mid or \\vert)"
    if formula.kind == "$$":
        if "\n\n" in tex:
            yield "an empty line"
        for match in re.finditer(r"^ *([-+*#>]|\d+[.)]) ", tex, re.M):
            if match.start():
                yield f"a line that begins with {match[1]!r}"
    if not tex.strip():
        yield "nothing"
    yield from _balance(tex)
    for name in re.findall(r"\\([A-Za-z]+)", tex):
        if name not in COMMANDS:
            yield f"an unknown command \\{name}"


def _balance(tex: str) -> Iterator[str]:
    plain = re.sub(r"\\[{}]", "", tex)
    depth = 0
    for character in plain:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth < 0:
            break
    if depth:
        yield "a brace without its other"
    if len(re.findall(r"\\left(?![a-z])", tex)) != len(re.findall(r"\\right(?![a-z])", tex)):
        yield "\\left without \\right"
    begun, ended = (re.findall(rf"\\{word}\{{([\w*]+)\}}", tex) for word in ("begin", "end"))
    if sorted(begun) != sorted(ended):
        yield "\\begin without \\end"
    for name in {*begun} - ENVIRONMENTS:
        yield f"an unknown environment {name}"
    if re.search(r"(?:[_^]\s*){2}|[_^]\s*$|_[A-Za-z0-9]_|_\{[^{}]*\}_|\^[A-Za-z0-9]\^", tex):
        yield "two indices in a row"
    for match in re.finditer(r"\\d?frac(?![A-Za-z])\s*(.)?", tex):
        if match[1] is None:
            yield "\\frac without arguments"


def _eaten(text: str) -> Iterator[int]:
    """Yield the places in formulas where `_` or `*` opens or closes emphasis (CommonMark)."""
    inside = [match.span() for pattern in (DISPLAY, INLINE) for match in pattern.finditer(text)]
    for paragraph in re.finditer(r"(?:^[ \t]*\S.*\n?)+", text, re.M):
        openers: dict[str, list[int]] = {"_": [], "*": []}
        for match in re.finditer(r"(?<!\\)(_+|\*+)", paragraph[0]):
            sign, start = match[0][0], paragraph.start() + match.start()
            before = text[start - 1 : start] or " "
            after = text[start + len(match[0]) : start + len(match[0]) + 1] or " "
            left, right = _flanks(before, after)
            opens = left and (sign == "*" or not right or _is_punctuation(before))
            closes = right and (sign == "*" or not left or _is_punctuation(after))
            if closes and openers[sign]:
                opener = openers[sign].pop()
                for place in (opener, start):
                    if any(a < place < b for a, b in inside):
                        yield place
            elif opens:
                openers[sign].append(start)


def _flanks(before: str, after: str) -> tuple[bool, bool]:
    """Return whether a run of signs is left-flanking and right-flanking."""
    left = not after.isspace() and (
        not _is_punctuation(after) or before.isspace() or _is_punctuation(before)
    )
    right = not before.isspace() and (
        not _is_punctuation(before) or after.isspace() or _is_punctuation(after)
    )
    return left, right


def _is_punctuation(character: str) -> bool:
    return not character.isalnum() and not character.isspace()
