"""Every fused primitive equals its composed form: values and gradients on its own samples."""

from __future__ import annotations

import pytest

import pmt_nn  # registers its primitives
from pmt_autograd import Primitive, check_composed, primitives_of

ENTRIES = primitives_of(pmt_nn.__name__)
each = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)


@each
def test_it_has_a_composed_form(entry: Primitive) -> None:
    assert entry.composed is not None, f"attach one with @composed_form({entry.name})"


@each
def test_fused_equals_composed(entry: Primitive) -> None:
    """In float64 and float32, with the settings of every sample."""
    if entry.composed is not None:
        assert check_composed(entry) > 0
