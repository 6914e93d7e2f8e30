"""What the documents do not satisfy yet: (check, page). It is empty when the log is complete.

`*` stands for every page or every check. `python tests/log/report.py` prints the problems.
"""

from __future__ import annotations

PENDING: frozenset[tuple[str, str]] = frozenset()


def left(check: str, problems: list[str]) -> list[str]:
    """Return the problems of the pages that are not pending."""
    return [problem for problem in problems if not _is_pending(check, problem.partition(":")[0])]


def _is_pending(check: str, page: str) -> bool:
    return bool({(check, "*"), (check, page), ("*", page)} & PENDING)
