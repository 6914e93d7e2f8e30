"""`TreePaths`: paths to the leaves of a Huffman tree, dense near the root and as lists below."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pmt_core import HuffmanTree
from pmt_nn.word2vec.block_classes import BlockClasses, slices
from pmt_nn.word2vec.scatter_add import RowGroups

TOP_NODES = 64
"""Nodes that are multiplied with all predictors of an update."""


class DeepSteps(NamedTuple):
    """The deep nodes on the paths of the n words of an update, which are in r blocks.

    A *step* is a node on the path of one word. The steps of a block are rows of an array (o, d);
    see `BlockClasses` for the order of blocks, and padding.

    Attributes:
        order, inverse: (r,) the blocks, by decreasing number of steps, and where each is then.
        widths: Rows of a block, for each class.
        nodes: (o,) rows of the output table.
        turns: (o,) index of the word in the update if its path turns right, n + that index if it
            turns left; 2 n for padding.
        groups: Adds changes (o, d) to the nodes.
    """

    order: NDArray[np.intp]
    inverse: NDArray[np.intp]
    widths: list[int]
    nodes: NDArray[np.intp]
    turns: NDArray[np.intp]
    groups: RowGroups


class TreePaths:
    """The path from the root to each of v words.

    Inner nodes are numbered in creation order, so the nodes near the root, which most paths pass,
    are the last rows of the output table: the k `top` nodes. A word's turns there are the row of a
    table. The steps at deeper nodes are in one flat array. The word v is padding, without a path.

    Attributes:
        mean_length: Mean number of inner nodes on the path of an occurrence.
        pad: The row of the output table behind those of the inner nodes.
        top: Rows of the top nodes.
        turns: (v + 1, k) for each word 1 where its path turns right, -1 where it turns left, 0 at
            the nodes that it does not pass. As floats it would take half of the memory of all
            weights.
    """

    def __init__(self, counts: NDArray[np.integer]) -> None:
        v = len(counts)
        tree = HuffmanTree.of(counts)
        self.mean_length = float(np.average(tree.mask.sum(axis=1), weights=counts))
        self.pad = v - 1
        k = min(TOP_NODES, v - 1)
        self.top = slice(v - 1 - k, v - 1)
        is_top = tree.mask & (tree.nodes >= self.top.start)
        is_deep = tree.mask & ~is_top
        self.turns = np.zeros((v + 1, k), np.int8)
        word, _ = np.nonzero(is_top)
        self.turns[word, tree.nodes[is_top] - self.top.start] = 2 * tree.turns[is_top] - 1
        self._depths = np.append(is_deep.sum(axis=1), 0).astype(np.int32)
        self._starts = np.cumsum(self._depths, dtype=np.int32) - self._depths
        self._nodes = tree.nodes[is_deep].astype(np.int32)
        self._is_left = ~tree.turns[is_deep]

    def deep_steps(self, words: NDArray[np.integer]) -> list[DeepSteps]:
        """Return the steps of u updates with words (u, r, b), of which n = r b are in an update."""
        u, r, b = words.shape
        n = r * b
        flat = words.reshape(-1)
        depths = self._depths.take(flat)
        ends = np.cumsum(depths, dtype=np.int32)
        number = np.arange(ends[-1], dtype=np.int32)
        lengths = depths.reshape(u, r, b).sum(axis=2, dtype=np.int32)
        order = np.argsort(-lengths, axis=1, kind="stable")
        widths, starts = BlockClasses(r).layout(np.take_along_axis(lengths, order, axis=1))
        totals = starts[:, -1]
        positions = np.empty((u, r), np.intp)
        np.put_along_axis(positions, order, starts[:, :-1], axis=1)
        # Of each word: what is to be added to the number of a step, for the index of the step in
        # the array of the steps, and for its row.
        block_starts = ends.reshape(u, r, b)[:, :, -1] - lengths
        shifts = np.empty((2, u, r, b), np.int32)
        shifts[0] = (self._starts.take(flat) - ends + depths).reshape(u, r, b)
        shifts[1] = (positions - block_starts)[:, :, np.newaxis]
        step, position = np.repeat(shifts.reshape(2, -1), depths, axis=1) + number
        sums = lengths.sum(axis=1)
        nodes = self._nodes.take(step)
        groups = RowGroups.of_lists(nodes, position, sums, self.pad)
        word = np.repeat(np.tile(np.arange(n, dtype=np.int32), u), depths)
        word += np.where(self._is_left.take(step), np.int32(n), np.int32(0))
        all_nodes = np.full(int(totals.sum()), self.pad, np.intp)
        all_turns = np.full(len(all_nodes), 2 * n, np.intp)
        shifted = position + np.repeat(np.cumsum(totals) - totals, sums)
        all_nodes[shifted], all_turns[shifted] = nodes, word
        parts = slices(np.cumsum(totals).tolist())
        inverse = np.argsort(order, axis=1)
        of_updates = zip(order, inverse, widths.tolist(), parts, groups, strict=True)
        return [
            DeepSteps(blocks, back, width, all_nodes[part], all_turns[part], group)
            for blocks, back, width, part, group in of_updates
        ]
