"""The pages of the log and the cards keep the rules of `checks`."""

from __future__ import annotations

import pytest
from checks import (
    card_pages,
    citations,
    errata,
    formulas,
    glossary,
    gradients,
    links,
    listings,
    numbers,
    seed,
    structure,
)
from checks.pages import DOCS
from pending import left

CHECKS = (
    card_pages,
    citations,
    errata,
    formulas,
    glossary,
    gradients,
    links,
    listings,
    numbers,
    seed,
    structure,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.rpartition(".")[2])
def test_the_pages_keep_the_rule(check) -> None:
    problems = left(check.__name__.rpartition(".")[2], check.problems(DOCS))
    assert not problems, "\n".join(problems)
