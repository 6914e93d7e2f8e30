"""How the architecture tests report: every finding on a line of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest
from picture import ROOT, python_files, source_root


def hold(findings: Iterable[str]) -> None:
    """Fail with every finding, if there are any."""
    lines = list(findings)
    if lines:
        pytest.fail(f"{len(lines)} finding(s):\n  " + "\n  ".join(lines), pytrace=False)


def findings_of(package: str, rule: Callable[[str], Iterable[str]]) -> Iterator[str]:
    """What a rule on the text of a file says of each file of a package."""
    for path in python_files(source_root(package)):
        for finding in rule(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(ROOT)}: {finding}"
