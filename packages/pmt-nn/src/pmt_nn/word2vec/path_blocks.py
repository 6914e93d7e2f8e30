"""`SortedPaths`: paths in a Huffman tree for words in the order of its leaves, in blocks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pmt_core import HuffmanTree
from pmt_nn.word2vec.block_classes import BlockClasses, slices
from pmt_nn.word2vec.scatter_add import RowGroups, sort_rows
from pmt_nn.word2vec.tree_paths import TOP_NODES


class PathBlocks(NamedTuple):
    """The paths of the n words of an update: what the r blocks of s words have in an array (o, d).

    A block has a row for each distinct node on the paths of its words, and each block of a class
    has equally many rows; the rest is padding. A *step* is a node on the path of one word.

    Attributes:
        order: (n,) index of the word at each position of the blocks.
        widths: Rows of a block, for each class.
        nodes: (o,) rows of the output table.
        steps: The q steps of the update, as a part of those of the chunk.
        rows: (q,) row of each step.
        words: (q,) position of the word of each step.
        cells: (q,) index of each step in an array (o, s) of rows and words of the same block.
        top_nodes, top_words: For the steps at top nodes, the node from 0, and the word.
        top_rows: Number of distinct top nodes, which are the last rows of `groups`.
        groups: Adds changes (o, d) to the nodes.
    """

    order: NDArray[np.intp]
    widths: list[int]
    nodes: NDArray[np.intp]
    steps: slice
    rows: NDArray[np.intp]
    words: NDArray[np.intp]
    cells: NDArray[np.intp]
    top_nodes: NDArray[np.intp]
    top_words: NDArray[np.intp]
    top_rows: int
    groups: RowGroups


class _Blocks(NamedTuple):
    """The blocks of u updates, those of an update by decreasing number of nodes.

    Attributes:
        order: (u, n) index of the words in the update.
        leaves: (u r, s) index of the words in the tables of `SortedPaths`.
        nodes: (u r, s, depth) their paths.
        is_new: (u r, s, depth) whether a node is not on the path of the word before.
        sizes: (u, r) number of distinct nodes.
    """

    order: NDArray[np.intp]
    leaves: NDArray[np.integer]
    nodes: NDArray[np.int32]
    is_new: NDArray[np.bool_]
    sizes: NDArray[np.intp]


class SortedPaths:
    """The path from the root to each of v words, in the order of the leaves.

    Words whose leaves are near each other share the nodes near the root, and a node below them is
    on the paths of neighbors only. So a block of sorted words has few distinct nodes, and most
    nodes are in one block. The word v is padding, without a path.

    Attributes:
        mean_length: Mean number of inner nodes on the path of an occurrence.
        pad: The row of the output table behind those of the inner nodes.
        top: First row of the nodes near the root, whose steps are bounded.
    """

    def __init__(self, counts: NDArray[np.integer]) -> None:
        v = len(counts)
        tree = HuffmanTree.of(counts)
        self.mean_length = float(np.average(tree.mask.sum(axis=1), weights=counts))
        self.pad = v - 1
        self.top = max(v - 1 - TOP_NODES, 0)
        leaves = np.lexsort(tree.turns.T[::-1])
        shape = (v + 1, tree.nodes.shape[1])
        mask = tree.mask[leaves]
        self._nodes = np.full(shape, self.pad, np.int32)
        self._nodes[:v][mask] = tree.nodes[leaves][mask]
        self._turns = np.zeros(shape, np.int8)  # 1 for a turn to the right, -1 to the left
        self._turns[:v][mask] = 2 * tree.turns[leaves][mask] - 1
        self._depths = np.append(mask.sum(axis=1), 0)
        self._leaves = np.empty(v + 1, np.int32)
        self._leaves[np.append(leaves, v)] = np.arange(v + 1)

    def blocks(
        self, words: NDArray[np.integer], s: int
    ) -> tuple[list[PathBlocks], NDArray[np.float32]]:
        """Cut the words (u, n) of u updates into blocks of s words.

        Returns the blocks of each update, and for the steps of all 1/2 for a turn to the right,
        -1/2 for one to the left.
        """
        u, n = words.shape
        blocks = self._sorted(words, s)
        nodes = blocks.nodes.reshape(-1)
        widths, starts = BlockClasses(n // s).layout(blocks.sizes)
        totals = starts[:, -1]

        is_new = np.flatnonzero(blocks.is_new)
        sizes = blocks.sizes.reshape(-1)
        shifts = starts[:, :-1].reshape(-1) - (np.cumsum(sizes) - sizes)
        new_rows = np.arange(len(is_new)) + np.repeat(shifts, sizes)
        new_nodes = nodes.take(is_new)
        row_of = np.zeros(blocks.nodes.shape, np.intp)
        row_of.reshape(-1)[is_new] = new_rows
        for j in range(1, s):  # a node that the word before has, too, has its row
            np.maximum(row_of[:, j], row_of[:, j - 1], out=row_of[:, j])

        step = np.flatnonzero(blocks.nodes != self.pad)
        depths = self._depths.take(blocks.leaves.reshape(u, n))
        step_ends = np.cumsum(depths.sum(axis=1)).tolist()
        rows = row_of.reshape(-1).take(step)
        word = np.repeat(np.tile(np.arange(n), u), depths.reshape(-1))
        cells = rows * s
        cells += np.repeat(np.tile(np.arange(s), u * n // s), depths.reshape(-1))
        turns = self._turns.take(blocks.leaves, axis=0).reshape(-1).take(step)
        halves = turns * np.float32(0.5)
        step_nodes = nodes.take(step)
        tops = np.flatnonzero(step_nodes >= self.top)
        top_nodes = step_nodes.take(tops).astype(np.intp) - self.top
        top_words = word.take(tops)
        top_ends = np.searchsorted(tops, step_ends).tolist()

        counts = blocks.sizes.sum(axis=1)
        groups = RowGroups.of_lists(new_nodes, new_rows, counts, self.pad)
        update_nodes = np.full(int(totals.sum()), self.pad, np.intp)
        update_nodes[new_rows + np.repeat(np.cumsum(totals) - totals, counts)] = new_nodes
        parts = zip(
            blocks.order, widths.tolist(), slices(np.cumsum(totals).tolist()), slices(step_ends),
            slices(top_ends), groups, strict=True,
        )  # fmt: skip
        return [
            PathBlocks(
                order, width, update_nodes[of_nodes], steps, rows[steps], word[steps],
                cells[steps], top_nodes[of_top], top_words[of_top],
                len(group.rows) - int(group.rows.searchsorted(self.top)), group,
            )
            for order, width, of_nodes, steps, of_top, group in parts
        ], halves  # fmt: skip

    def _sorted(self, words: NDArray[np.integer], s: int) -> _Blocks:
        """Sort the words of each update by leaf, and its blocks by their number of nodes."""
        u, n = words.shape
        r = n // s
        leaves, order = sort_rows(self._leaves.take(words), np.broadcast_to(np.arange(n), (u, n)))
        leaves = leaves.reshape(u * r, s)
        nodes = self._nodes.take(leaves, axis=0)
        is_new = nodes != self.pad
        is_new[:, 1:] &= nodes[:, 1:] != nodes[:, :-1]
        sizes = np.count_nonzero(is_new.reshape(u, r, -1), axis=2)
        by_size = np.argsort(-sizes, axis=1, kind="stable")
        by_size += np.arange(u)[:, np.newaxis] * r
        by_size = by_size.reshape(-1)
        return _Blocks(
            order.reshape(u * r, s).take(by_size, axis=0).reshape(u, n).astype(np.intp),
            leaves.take(by_size, axis=0),
            nodes.take(by_size, axis=0),
            is_new.take(by_size, axis=0),
            sizes.reshape(-1).take(by_size).reshape(u, r),
        )
