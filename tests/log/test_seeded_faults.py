"""Faults seeded into a copy of the documents are found by the checks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from checks.pages import DOCS
from faults import FAULTS, Fault, copy_of

FEWEST = 20


def numberless(problems: list[str]) -> set[str]:
    """Return problems without the numbers of their lines, which a change may move."""
    return {re.sub(r"line \d+", "line", problem) for problem in problems}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what)
def test_a_seeded_fault_is_found(fault: Fault, tmp_path: Path) -> None:
    docs = copy_of(DOCS, tmp_path)
    before = numberless(fault.problems(docs))
    fault.seed(docs)
    assert numberless(fault.problems(docs)) - before, f"not found: {fault.what}"


def test_there_are_enough_of_them() -> None:
    names = [fault.what for fault in FAULTS]
    assert len(set(names)) == len(names) >= FEWEST
