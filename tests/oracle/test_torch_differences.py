"""The table of deliberate differences from torch: each row is true, and the document has it."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import pytest
from difference import Difference, shown
from torch_differences import DIFFERENCES, table

import pmt_autograd
import pmt_nn
import pmt_train


def test_the_document_has_the_table_of_the_tests(root: Path) -> None:
    page = (root / "docs" / "gradients.md").read_text(encoding="utf-8")
    assert table() in page, f"put this into docs/gradients.md:\n\n{table()}"


def test_rows_that_a_comparison_leaves_out_have_different_inputs() -> None:
    """The comparisons tell the rows apart by their input."""
    by_comparison: dict[str, list[str]] = {}
    for item in DIFFERENCES:
        for name in item.comparisons:
            by_comparison.setdefault(name, []).append(item.input)
    assert all(len(set(inputs)) == len(inputs) for inputs in by_comparison.values())


@pytest.fixture(scope="module")
def pmt() -> Any:
    """The public names of all packages that have a counterpart in torch."""
    names: dict[str, Any] = {}
    for package in (pmt_train, pmt_nn, pmt_autograd):
        names |= {name: getattr(package, name) for name in package.__all__}
    return types.SimpleNamespace(**names)


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("item", DIFFERENCES, ids=lambda item: f"{item.function} {item.input}")
def test_the_row_is_true(item: Difference, pmt: Any) -> None:
    torch = pytest.importorskip("torch")
    assert shown(lambda: item.ours(pmt)) == item.pmt
    assert shown(lambda: item.theirs(torch)) == item.torch.partition(" (`")[0]
    assert item.pmt != item.torch
