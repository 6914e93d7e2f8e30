"""The gradient table names every primitive, in docs/gradients.md too."""

from __future__ import annotations

import pytest

import pmt_autograd as ag
from pmt_autograd import gradient_table
from pmt_core import StateError


def test_the_gradient_table_names_every_primitive() -> None:
    text = gradient_table("pmt_autograd")
    for entry in ag.primitives_of("pmt_autograd"):
        assert f"| `{entry.name}` |" in text
    assert "| complex |" in text
    assert "| central |" in text


def test_the_gradient_table_fails_without_samples() -> None:
    entry = ag.REGISTRY["tanh"]
    maker, entry.sample_maker = entry.sample_maker, None
    try:
        with pytest.raises(StateError, match="'tanh'.*has no samples"):
            gradient_table("pmt_autograd")
    finally:
        entry.sample_maker = maker


def test_the_committed_gradient_table_is_up_to_date(root) -> None:
    """It names the primitives there are; the numbers themselves differ between machines."""
    text = (root / "docs" / "gradients.md").read_text()
    for entry in ag.primitives_of("pmt_autograd"):
        assert f"| `{entry.name}` |" in text, f"run hatch run gradient_table: no {entry.name}"
