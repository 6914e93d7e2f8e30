"""What the documents do not satisfy yet: (check, page). It is empty when the log is complete.

`*` stands for every page. `python tests/log/report.py` prints the problems.
"""

from __future__ import annotations

_OLD = """16-crf-and-ner.md 17-question-pairs.md 18-how-it-was-made-fast.md"""
OLD = tuple(_OLD.split())

PENDING: frozenset[tuple[str, str]] = frozenset(
    [
        *((check, page) for check in ("citations", "formulas", "gradients") for page in OLD),
        *(("structure", page) for page in OLD),
        *((check, "*") for check in ("blocks", "card_pages", "glossary", "links", "pictures")),
    ]
)


def left(check: str, problems: list[str]) -> list[str]:
    """Return the problems of the pages that are not pending."""
    return [
        problem
        for problem in problems
        if not {(check, "*"), (check, problem.partition(":")[0])} & PENDING
    ]
