"""The blocks of `TreeKernel`: paths of sorted words, classes of blocks, banded context means."""

from __future__ import annotations

import numpy as np
import pytest
from random_windows import random_windows, zipf

from pmt_core import HuffmanTree
from pmt_nn.word2vec.block_classes import BlockClasses
from pmt_nn.word2vec.bounded_steps import bounded_steps, may_exceed
from pmt_nn.word2vec.context_bands import ContextBands
from pmt_nn.word2vec.input_blocks import ContextMeans
from pmt_nn.word2vec.path_blocks import SortedPaths
from pmt_nn.word2vec.scatter_add import put_rows


@pytest.mark.parametrize("v", [2, 40, 300])
@pytest.mark.parametrize("s", [1, 4])
def test_steps_of_sorted_blocks_are_the_paths_of_the_tree(v: int, s: int) -> None:
    counts = zipf(v)
    tree, paths = HuffmanTree.of(counts), SortedPaths(counts)
    words = np.random.default_rng(v).integers(0, v + 1, (3, 8 * s))  # v is padding
    blocks, halves = paths.blocks(words, s)
    for row, block in zip(words, blocks, strict=True):
        columns = block.cells % s
        np.testing.assert_array_equal(block.words % s, columns)
        np.testing.assert_array_equal(block.cells // s, block.rows)
        turns = halves[block.steps]
        passed = dict(zip(zip(block.words, block.nodes[block.rows]), turns, strict=True))
        expected = {
            (position, node): turn - 0.5
            for position, index in enumerate(block.order)
            if (word := row[index]) < v
            for node, turn, is_step in zip(
                tree.nodes[word], tree.turns[word], tree.mask[word], strict=True
            )
            if is_step
        }
        assert passed == expected
        assert sorted(block.order) == list(range(len(row)))


def test_a_block_has_each_node_once_and_a_group_has_all_of_a_node() -> None:
    paths = SortedPaths(zipf(200))
    words = np.random.default_rng(0).integers(0, 200, (2, 32))
    for block in paths.blocks(words, 8)[0]:
        classes = BlockClasses(4)
        used = np.zeros(len(block.nodes), np.bool_)
        used[block.rows] = True
        counts = np.zeros(200, np.int64)
        rows = np.arange(len(used))[:, np.newaxis]
        for part in classes.of_rows(rows, block.widths):
            for of_block in part[:, :, 0]:
                nodes = block.nodes[of_block[used[of_block]]]
                assert len(set(nodes)) == len(nodes)
                counts[nodes] += 1
        sums = block.groups.sums(np.ones((len(used), 1), np.float32))
        np.testing.assert_array_equal(counts[block.groups.rows], sums[:, 0])
        assert counts.sum() == sums.sum()
        top = block.groups.rows[len(block.groups.rows) - block.top_rows :]
        np.testing.assert_array_equal(top, np.unique(block.top_nodes) + paths.top)


def test_updates_without_words_have_no_rows() -> None:
    (block,), halves = SortedPaths(zipf(20)).blocks(np.full((1, 16), 20), 8)
    assert len(block.nodes) == len(block.cells) == len(halves) == block.top_rows == 0


@pytest.mark.parametrize("r", [1, 2, 5, 24])
def test_classes_have_room_for_each_block(r: int) -> None:
    classes = BlockClasses(r)
    sizes = -np.sort(-np.random.default_rng(r).integers(0, 30, (3, r)), axis=1)
    widths, starts = classes.layout(sizes)
    rooms = np.diff(starts, axis=1)
    assert np.all(rooms >= sizes)
    for width, start, room in zip(widths.tolist(), starts, rooms, strict=True):
        rows = np.arange(start[-1])[:, np.newaxis]
        views = classes.of_rows(rows, width)
        firsts = np.concatenate([view[:, 0, 0] if view.size else view[:, :1, 0] for view in views
                                 if view.shape[1]])  # fmt: skip
        np.testing.assert_array_equal(firsts, start[:-1][room > 0])
        assert sum(len(view) for view in views) == r
    blocks = np.arange(r)
    np.testing.assert_array_equal(np.concatenate(classes.of_blocks(blocks)), blocks)


@pytest.mark.parametrize("share_error", [False, True])
@pytest.mark.parametrize(("size", "s", "window"), [((4, 2), 8, 1), ((6, 3), 2, 2), ((5, 3), 1, 4)])
def test_banded_means_are_those_of_the_blocks(
    size: tuple[int, int], s: int, window: int, share_error: bool
) -> None:
    """`ContextMeans` has the same products with dense matrices for each block of the windows."""
    b, r = size
    n, m, d = b * r, b + 2 * window, 3
    windows = random_windows(30, size, window, np.random.default_rng(1))
    table = np.random.default_rng(2).normal(size=(31, d)).astype(np.float32)
    bands = ContextBands(n, s, window, d, share_error=share_error)
    bands.prepare(windows)
    means = ContextMeans.of(windows.context_mask, windows.context_counts, share_error=share_error)
    changes = np.random.default_rng(3).normal(size=(n, d)).astype(np.float32)
    bands.changes[:] = changes
    for i, rows in enumerate(windows.contexts):
        bands.gather(table, rows)
        vectors, expected = table[rows], np.zeros((len(rows), d))
        for block in range(r):
            part = slice(block * b, block * b + m)
            words = slice(block * b, block * b + b)
            dense = means.mean[i, block] @ vectors[part]
            np.testing.assert_allclose(bands.means(i)[words], dense, atol=1e-6)
            expected[part] += means.spread[i, block] @ changes[words]
        np.testing.assert_allclose(bands.spread(i), expected, atol=1e-5)


def test_steps_that_cannot_exceed_the_limit_are_not_changed() -> None:
    gradients = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    curvature = np.array([1.0, 5.0, 7.9, 8.0])
    assert not may_exceed(8.0, 0.5, 1.0)
    np.testing.assert_array_equal(bounded_steps(gradients.copy(), curvature, 0.5, 1.0), gradients)
    assert may_exceed(8.1, 0.5, 1.0)
    assert may_exceed(float("nan"), 0.5, 1.0)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_of_any_table_are_put(order: str, dtype: type) -> None:
    table = np.zeros((6, 3), dtype, order=order)
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    put_rows(table, np.array([4, 1]), values)
    expected = np.zeros((6, 3))
    expected[[4, 1]] = values
    np.testing.assert_array_equal(table, expected)
