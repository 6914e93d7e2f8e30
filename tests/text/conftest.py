"""Fixtures of the tests of named entities."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from pmt_core import Span


@pytest.fixture
def random_entities() -> Callable[[np.random.Generator], tuple[list[Span], int]]:
    """A function from a generator to entities of a sentence and the number of its words.

    Entities do not overlap, and some follow each other directly.
    """

    def make(rng: np.random.Generator) -> tuple[list[Span], int]:
        edges = np.sort(rng.integers(0, 12, 8)).tolist()
        spans = [(a, b) for a, b in itertools.pairwise(edges) if a < b and rng.random() < 0.6]
        return [Span(("PER", "LOC", "A-B")[rng.integers(3)], a, b) for a, b in spans], 12

    return make
