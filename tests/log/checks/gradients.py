"""A displayed gradient of the loss names the card that derives it, in the same section."""

from __future__ import annotations

import re
from pathlib import Path

from checks.pages import DISPLAY, FENCE, LINK, chapters, line_of, name_of, read, sections

GRADIENT = re.compile(
    r"\\d?frac\s*\{\s*\\partial\s*(?:L|\\mathcal\s*\{?L\}?)\s*\}\s*\{\s*\\partial"
)
CARD = re.compile(r"(?:\.\./)?cards/[\w-]+\.md")


def problems(docs: Path) -> list[str]:
    """Return the sections that display a gradient and name no card."""
    found = []
    for path in chapters(docs):
        for start, body in sections(read(path)):
            maths = [m["body"] for m in FENCE.finditer(body) if m["info"].strip() == "math"]
            maths += DISPLAY.findall(body)
            displayed = [text for text in maths if GRADIENT.search(text)]
            named = any(CARD.search(match[3]) for match in LINK.finditer(body))
            if displayed and not named:
                line = start + line_of(body, body.index(displayed[0])) - 1
                where = f"{name_of(path)}: line {line}"
                found.append(f"{where}: a gradient is displayed, no card is named")
    return found
