"""Listings are the sources of today."""

from __future__ import annotations

from pathlib import Path

from checks.pages import ROOT, line_of, name_of, pages, read
from docs.log_listings import LISTING, definition


def problems(docs: Path) -> list[str]:
    """Return the listings that differ from their sources; those below docs are of this copy."""
    found = []
    for path in pages(docs):
        text = read(path)
        for match in LISTING.finditer(text):
            where = f"{name_of(path)}: line {line_of(text, match.start())}: {match[1]}:{match[2]}"
            root = docs.parent if match[1].startswith("docs/") else ROOT
            try:
                source = definition(match[1], match[2], root)
            except LookupError as error:
                found.append(f"{where}: {error}")
                continue
            if match[3] != source:
                found.append(f"{where} is not the source of today; run: hatch run log_listings")
    return found
