"""Every work that is cited by author and year has a link to its DOI or to arXiv."""

from __future__ import annotations

import re
from pathlib import Path

from checks.pages import LINK, blanked, cards, chapters, line_of, name_of, prose, read

SOURCE = re.compile(
    r"https://(?:doi\.org/10\.\d{4,}/\S+"
    r"|arxiv\.org/abs/(?:\d{4}\.\d{4,5}|[\w.-]+/\d{7})(?:v\d+)?$"
    # Publishers that give no DOI.
    r"|(?:www\.)?jmlr\.org/|proceedings\.mlr\.press/|(?:papers|proceedings)\.(?:nips|neurips)\.cc/"
    r"|repository\.upenn\.edu/|www\.cs\.toronto\.edu/|aclanthology\.org/|openreview\.net/)"
)
YEAR = r"\(?(?:1[89]|20)\d\d[a-z]?\b"
AUTHOR = r"(?:de |van |von )?[A-ZÄÖÜÁÉ][\w'’ÄÖÜäöüáéíóøñçćčšž-]+"
CITATION = re.compile(
    rf"\b({AUTHOR})((?:, {AUTHOR})*,? (?:and|&) {AUTHOR}| et al\.| and others)?,?\s+{YEAR}"
)
# Words with a capital before a year that are no authors.
_OTHERS = """January February March April May June July August September October November
December In Since Until Before After By From Of The Around About To Only And CoNLL GLUE WMT IWSLT
MNIST QQP NIST SemEval Python Release Version"""
NO_AUTHORS = frozenset(_OTHERS.split())


def problems(docs: Path) -> list[str]:
    """Return the citations without a link, and those of a chapter without literature."""
    found = []
    for path in [*chapters(docs), *cards(docs)]:
        text = LINK.sub(_blank_source, prose(read(path)))
        for match in CITATION.finditer(text):
            if match[1] in NO_AUTHORS:
                continue
            what = " ".join(match[0].split())
            line = line_of(text, match.start())
            found.append(f"{name_of(path)}: line {line}: {what!r} has no link to a DOI or arXiv")
    return found


def _blank_source(match: re.Match[str]) -> str:
    """Remove a link to a source with its text; of other links, keep the text."""
    if SOURCE.match(match[3]):
        return blanked(match[0], re.compile(r".+", re.S))
    return match[0]
