"""A term of the glossary is defined where it is first used: its first occurrence is in italics."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from checks.pages import COMMENT, HEADING, LINK, blanked, chapters, line_of, prose, read

ROW = re.compile(
    r"^\| (?P<term>[^|]+?) \| (?P<meaning>[^|]+?) \| \[[^\]]*\]\((?P<page>[^)#]+)", re.M
)
HEAD = re.compile(r"\A# [^\n]+\n\n(?:>[^\n]*\n)+")


@dataclass(frozen=True)
class Term:
    """A row of the glossary: the term with its other forms, and the page that defines it."""

    forms: tuple[str, ...]
    page: str


def terms(docs: Path) -> list[Term]:
    """Return the rows of the glossary."""
    rows = ROW.finditer(read(docs / "log" / "glossary.md"))
    return [_term(match["term"], match["page"]) for match in rows if "---" not in match["term"]]


def _term(text: str, page: str) -> Term:
    main, _, others = text.partition(" (")
    forms = [main, *(form.strip() for form in others.rstrip(")").split(",") if form.strip())]
    return Term(tuple(form.strip("*`") for form in forms), page)


def problems(docs: Path) -> list[str]:
    """Return the terms used before they are defined, and rows that are not in order."""
    table = terms(docs)
    names = [term.forms[0] for term in table]
    found = []
    if names != sorted(names, key=str.lower):
        wrong = next(a for a, b in pairwise(names) if a.lower() > b.lower())
        found.append(f"glossary.md: {wrong!r} is not in alphabetical order")
    found += [
        f"glossary.md: {name!r} twice" for name in sorted(set(names)) if names.count(name) > 1
    ]
    texts = {path.name: readable(read(path)) for path in chapters(docs)}
    # Longer terms first, and out of the way: "loss" is not "loss function".
    longer: list[str] = []
    for term in sorted(table, key=lambda term: -max(map(len, term.forms))):
        found += _first_use(term, texts, longer)
        longer += term.forms
    return found


def readable(text: str) -> str:
    """Return what counts as use: no code, formulas, headings, heads, nor links to other pages."""
    text = blanked(prose(text), HEAD, HEADING, COMMENT)
    return LINK.sub(_link_text, text)


def _link_text(match: re.Match[str]) -> str:
    """Keep the text of a link to elsewhere; a link to a page of ours leads to the definition."""
    ours = match[3].endswith(".md") or ".md#" in match[3] or match[1]
    kept = "" if ours else match[2]
    return re.sub(r"[^\n]", " ", match[0][: len(match[0]) - len(kept)]) + kept


def _pattern(forms: list[str] | tuple[str, ...]) -> re.Pattern[str]:
    words = sorted(forms, key=len, reverse=True)
    either = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in words)
    return re.compile(rf"(?<![\w-])(?:{either})(?![\w-])", re.I)


def _first_use(term: Term, texts: dict[str, str], longer: list[str]) -> list[str]:
    pattern = _pattern(term.forms)
    containing = [form for form in longer if pattern.search(form)]
    hide = [_pattern(containing)] if containing else []
    for page, text in texts.items():
        match = pattern.search(blanked(text, *hide))
        if match is None:
            continue
        is_italic = text[match.start() - 1 : match.start()] in ("*", "_") and (
            text[match.end() : match.end() + 1] in ("*", "_")
        )
        where = f"{page}: line {line_of(text, match.start())}: {match[0]!r}"
        if not is_italic:
            return [f"{where} is used before it is defined (*{term.forms[0]}*)"]
        if page != term.page:
            return [f"{where} is defined here, the glossary says {term.page}"]
        return []
    return [f"glossary.md: {term.forms[0]!r} is in no chapter"]
