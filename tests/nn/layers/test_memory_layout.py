"""Blocks of rows that fit into the cache."""

from __future__ import annotations

import itertools

import pytest

from pmt_nn import cache_blocks


@pytest.mark.parametrize(("n", "width"), [(0, 5), (1, 5), (100_000, 1), (7, 10**9), (70_000, 3)])
def test_blocks_cover_every_row_once(n: int, width: int) -> None:
    blocks = list(cache_blocks(n, width))
    assert sum(block.stop - block.start for block in blocks) == n
    assert all(a.stop == b.start for a, b in itertools.pairwise(blocks))
