"""Parts of a Markdown page as GitHub reads it: fenced blocks, links, headings."""

from __future__ import annotations

import re
from collections.abc import Callable

FENCE = re.compile(
    r"^(?P<indent>[ ]*)(?P<bar>```+)(?P<info>[^\n`]*)\n(?P<body>.*?)^[ ]*(?P=bar)[ ]*$",
    re.MULTILINE | re.DOTALL,
)
INLINE_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
TARGET = re.compile(r"\]\((?P<target>[^)\s]+)\)")
EXTERNAL = re.compile(r"[a-z]+:|#")
LINK_TEXT = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\([^)\s]+\)")


def blanked(text: str, *patterns: re.Pattern[str]) -> str:
    """Return a text with all that matches replaced by blanks: positions stay."""
    for pattern in patterns:
        text = pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    return text


def map_targets(text: str, new_target: Callable[[str, bool], str]) -> str:
    """Replace the targets of links and pictures that are relative paths.

    Args:
        text: a page.
        new_target: gets a target and whether it is a picture's; returns the new target.
    """
    parts = []
    end = 0
    for match in TARGET.finditer(blanked(text, FENCE, INLINE_CODE)):
        target = match["target"]
        if EXTERNAL.match(target):
            continue
        start = match.start("target")
        parts += [text[end:start], new_target(target, _is_picture(text, match.start()))]
        end = match.end("target")
    return "".join([*parts, text[end:]])


def _is_picture(text: str, bracket: int) -> bool:
    """Return whether the text that ends with the bracket at an index is that of a picture."""
    depth = 0
    for index in range(bracket, -1, -1):
        depth += {"]": 1, "[": -1}.get(text[index], 0)
        if depth == 0:
            return text[index - 1 : index] == "!"
    return False


def targets(text: str) -> list[str]:
    """Return the targets of a page that are relative paths, in order."""
    return [
        match["target"]
        for match in TARGET.finditer(blanked(text, FENCE, INLINE_CODE))
        if not EXTERNAL.match(match["target"])
    ]


def title(text: str) -> str:
    """Return the first heading of a page, without its links."""
    heading = re.search(r"^# +(.*?) *$", blanked(text, FENCE), re.MULTILINE)
    return LINK_TEXT.sub(r"\1", heading[1]) if heading else ""
