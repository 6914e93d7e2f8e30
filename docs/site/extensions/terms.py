"""Terms of the glossary: at its first use on a page, a term links its definition and shows it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

GLOSSARY = "log/glossary"
FOLDERS = ("log/", "course/", "cards/", "guides/", "tape", "training_loop", "encoders", "gradients")
ROW = re.compile(r"^\| ([^|]+?) \| ([^|]+?) \| \[", re.MULTILINE)
MARKUP = re.compile(r"[*`$]|\[|\]\([^)]*\)")
SKIPPED = (
    nodes.title,
    nodes.reference,
    nodes.literal,
    nodes.literal_block,
    nodes.math,
    nodes.math_block,
    nodes.caption,
    nodes.raw,
    nodes.FixedTextElement,
    nodes.block_quote,
)


def anchor_of(term: str) -> str:
    """Return the anchor of a term in the glossary."""
    return "term-" + re.sub(r"\W+", "-", term.lower()).strip("-")


def definitions(page: str) -> dict[str, tuple[str, str]]:
    """Return {spelling: (term, definition)} of the glossary's table."""
    known = {}
    for cell, definition in ROW.findall(page):
        term, _, others = cell.partition(" (")
        for spelling in [term, *others.rstrip(")").split(", ")]:
            if spelling:
                known[spelling.lower()] = term, MARKUP.sub("", definition)
    return known


def add_anchors(doctree: nodes.document) -> None:
    """Give each row of the glossary's table an anchor."""
    for row in doctree.findall(nodes.row):
        entry = row.next_node(nodes.entry)
        if entry is not None:
            row["ids"].append(anchor_of(entry.astext().partition(" (")[0]))


class Terms:
    """Links the terms of the glossary on a page.

    Args:
        known: {spelling: (term, definition)}.
        glossary: the address of the glossary, from the page.
    """

    def __init__(self, known: dict[str, tuple[str, str]], glossary: str) -> None:
        self.known = known
        self.glossary = glossary
        spellings = sorted(map(re.escape, known), key=len, reverse=True)
        self.pattern = re.compile(rf"(?<![\w-])({'|'.join(spellings)})(?![\w-])", re.IGNORECASE)
        self.linked: set[str] = set()

    def link(self, doctree: nodes.document) -> None:
        """Replace the first use of each term in the running text by a link."""
        for text in list(doctree.findall(nodes.Text)):
            parent = text.parent
            while parent is not None and not isinstance(parent, SKIPPED):
                parent = parent.parent
            if parent is None:
                new = self._parts(text.astext())
                if len(new) > 1:
                    text.parent.replace(text, new)

    def _parts(self, text: str) -> list[nodes.Node]:
        parts: list[nodes.Node] = []
        end = 0
        for match in self.pattern.finditer(text):
            term, definition = self.known[match[0].lower()]
            if term in self.linked:
                continue
            self.linked.add(term)
            address = f"{self.glossary}#{anchor_of(term)}"
            link = nodes.reference(match[0], match[0], refuri=address, internal=True)
            link["classes"].append("term")
            link["reftitle"] = f"{term}: {definition}"
            parts += [nodes.Text(text[end : match.start()]), link]
            end = match.end()
        return [*parts, nodes.Text(text[end:])]


def on_page(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Link the terms of a page, or give the glossary its anchors."""
    if docname == GLOSSARY:
        add_anchors(doctree)
    elif docname.startswith(FOLDERS):
        page = (Path(app.srcdir) / f"{GLOSSARY}.md").read_text(encoding="utf-8")
        Terms(definitions(page), app.builder.get_relative_uri(docname, GLOSSARY)).link(doctree)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the links of terms."""
    app.connect("doctree-resolved", on_page)
    return {"version": "1", "parallel_read_safe": True}
