"""Docstrings in Google's style, plain text with backticks, as reStructuredText."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

SECTION = re.compile(r"^(Args|Attributes|Examples?|Raises|Returns|Yields|References|Notes?):$")
FIELD = re.compile(r"^(\*{0,2}[\w.]+(?:, \*{0,2}[\w.]+)*(?: \([^)]*\))?): +(.*)$")
BULLET = re.compile(r"^(- |\d+\. )")
SPECIAL = re.compile(r"([\\*|_])")
ENUMERATOR = re.compile(r"^(\(?\w{1,3}[.)]\s)")
Role: TypeAlias = Callable[[str], str | None]
"""How the text of `code` is written, if it is more than code: a link."""

TITLES = {"Args": "Arguments", "Example": "Examples", "Note": "Notes"}


def summary(docstring: str) -> str:
    """Return the first sentence of a docstring."""
    paragraph = " ".join(inspect.cleandoc(docstring).split("\n\n")[0].split())
    sentence = re.match(r".*?(?<!e\.g)(?<!et al)\.(?= [A-Z`]|$)", paragraph)
    return (sentence[0] if sentence else paragraph).rstrip(":")


def inline(text: str, role: Role | None = None) -> str:
    """Return a line of plain text with `code` as reStructuredText.

    Args:
        text: the line.
        role: returns how the text of `code` is written, if it is more than code: a link.
    """
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return SPECIAL.sub(r"\\\1", text.replace("`", "'"))
    result = ""
    for index, part in enumerate(parts):
        if index % 2 == 0:
            result += SPECIAL.sub(r"\\\1", part)
        elif part.strip():
            before = "" if not result or result[-1].isspace() or result[-1] in "([{" else r"\ "
            code = part.strip().replace("\\", "\\\\") if role is None else part.strip()
            result += before + ((role and role(part.strip())) or f"``{code}``") + r"\ "
    result = re.sub(r"\\ (?=[\s.,:;)\]}!?]|$)", "", result)
    return ENUMERATOR.sub(r"\\\1", result)


def to_rst(lines: list[str], role: Role | None = None) -> list[str]:
    """Return a docstring, without its common indentation, as reStructuredText."""
    out: list[str] = []
    body: list[str] = []
    title = ""
    for line in [*lines, None]:
        heading = SECTION.match(line) if line is not None else None
        ends = line is None or heading or (title and line and not line[0].isspace())
        if ends:
            out += list(_section(title, body, role))
            title, body = heading[1] if heading else "", []
        if line is not None and not heading:
            body.append(line)
    return out


def _section(title: str, body: list[str], role: Role | None) -> Iterator[str]:
    lines = inspect.cleandoc("\n".join(["", *body])).splitlines()
    if not any(lines):
        return
    if not title:
        yield from _blocks(lines, role)
    elif title.startswith(("Example", "Note", "References")):
        yield from ("", f".. rubric:: {TITLES.get(title, title)}", "")
        yield from _blocks(lines, role)
    else:
        yield from ("", f":{TITLES.get(title, title)}:")
        content = _blocks(lines, role) if title in ("Returns", "Yields") else _fields(lines, role)
        yield from (f"    {line}" if line else "" for line in content)
        yield ""


def _fields(lines: list[str], role: Role | None) -> Iterator[str]:
    """Return `name: text` entries, with continuation lines indented, as a definition list."""
    entries: list[tuple[str, list[str]]] = []
    for line in lines:
        field = FIELD.match(line)
        if field and not line[0].isspace():
            entries.append((field[1], [field[2]]))
        elif entries:
            entries[-1][1].append(line[4:] if line.startswith("    ") else line)
        else:
            entries.append(("", [line]))
    for name, text in entries:
        if name:
            yield f"``{name}``"
        content = list(_blocks(text, role))
        while content and not content[0]:  # the text of a term begins directly below it
            del content[0]
        yield from (f"    {line}" if line and name else line for line in content)
        yield ""


def _blocks(lines: list[str], role: Role | None) -> Iterator[str]:
    """Yield paragraphs as single lines, lists, code that is indented, and doctests."""
    index = 0
    while index < len(lines):
        end = index + 1
        line = lines[index]
        if not line.strip():
            yield ""
        elif line.startswith(">>>"):
            while end < len(lines) and lines[end].strip():
                end += 1
            yield from ("", *lines[index:end], "")
        elif line[0].isspace():
            while end < len(lines) and (not lines[end].strip() or lines[end][0].isspace()):
                end += 1
            yield from _code(lines[index:end])
        else:
            end = _paragraph_end(lines, index)
            words = " ".join(each.strip() for each in lines[index:end])
            bullet = BULLET.match(words)
            start = bullet[1] if bullet else ""
            if not bullet or index == 0 or not BULLET.match(lines[index - 1]):
                yield ""
            yield start + inline(words[len(start) :], role)
        index = end


def _paragraph_end(lines: list[str], start: int) -> int:
    is_item = bool(BULLET.match(lines[start]))
    end = start + 1
    while end < len(lines) and lines[end].strip() and not lines[end].startswith(">>>"):
        indented = lines[end][0].isspace()
        if BULLET.match(lines[end]) or (indented and not is_item and lines[end - 1].endswith(":")):
            break
        if is_item and not indented:
            break
        end += 1
    return end


def _code(lines: list[str]) -> Iterator[str]:
    text = inspect.cleandoc("\n".join(["", *lines]))
    try:
        compile(text, "docstring", "exec", dont_inherit=True)
        language = "python"
    except SyntaxError:
        language = "text"
    yield from ("", f".. code-block:: {language}", "")
    yield from (f"    {line}" if line else "" for line in text.splitlines())
    yield ""
