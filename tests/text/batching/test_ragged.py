"""Sequences of different lengths in one flat array."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import ShapeError
from pmt_text.batching.ragged import TokenSequences


def test_sequences_end_to_end() -> None:
    held = TokenSequences.of([np.array([1, 2]), np.array([], np.int64), np.array([3])])
    assert [held[i].tolist() for i in range(3)] == [[1, 2], [], [3]]
    ids, mask = held.padded(np.array([2, 1, 0]), -1)
    assert ids.tolist() == [[3, -1], [-1, -1], [1, 2]]
    assert mask.tolist() == [[True, False], [False, False], [True, True]]
    assert held.padded(np.array([1]))[0].shape == (1, 0)
    with pytest.raises(ShapeError, match="0 to 2"):
        held.padded(np.array([3]))
