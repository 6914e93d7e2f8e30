"""`TreePaths`: paths to the leaves of a Huffman tree, dense near the root and as lists below."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pmt_core import HuffmanTree
from pmt_nn.word2vec.scatter_add import RowGroups

TOP_NODES = 64
"""Nodes that are multiplied with all predictors of an update."""


class DeepSteps(NamedTuple):
    """The deep nodes on the paths of the n words of an update, which are in r blocks.

    A block has up to o steps, each a node on the path of one word; the rest of its row is padding.

    Attributes:
        nodes: (r, o) rows of the output table.
        turns: (r o,) index of the word in the update if its path turns right, n + that index if it
            turns left; 2 n for padding.
        groups: Adds changes (r o, d) to the nodes.
    """

    nodes: NDArray[np.int32]
    turns: NDArray[np.int32]
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

    def depths(self, words: NDArray[np.integer]) -> NDArray[np.int32]:
        """Return the number of deep nodes on the paths of words."""
        depths: NDArray[np.int32] = self._depths.take(words)
        return depths

    def deep_steps(self, words: NDArray[np.integer]) -> list[DeepSteps]:
        """Return the steps of u updates with words (u, r, b), of which n = r b are in an update."""
        u, r, b = words.shape
        n = r * b
        flat = words.reshape(-1)
        depths = self._depths.take(flat)
        ends = np.cumsum(depths, dtype=np.int32)
        number = np.arange(ends[-1], dtype=np.int32)
        # Of each word: what is to be added to the number of a step, for the index of the step in
        # the array of the steps; and the same for its column in `rows`, and for its position.
        lengths = depths.reshape(u, r, b).sum(axis=2, dtype=np.int32)
        widths = np.maximum(lengths.max(axis=1), 1)
        block_starts = ends.reshape(u, r, b)[:, :, -1] - lengths
        positions = np.arange(r, dtype=np.int32) * widths[:, np.newaxis] - block_starts
        shifts = np.empty((3, u, r, b), np.int32)
        shifts[0] = (self._starts.take(flat) - ends + depths).reshape(u, r, b)
        sums = lengths.sum(axis=1)
        columns = int(sums.max())
        shifts[1] = (np.arange(u) * columns - block_starts[:, 0])[:, np.newaxis, np.newaxis]
        shifts[2] = positions[:, :, np.newaxis]
        step, slot, position = np.repeat(shifts.reshape(3, -1), depths, axis=1) + number
        nodes = self._nodes.take(step)
        rows = np.full((u, columns), self.pad, np.int32)
        rows.reshape(-1)[slot] = nodes
        changes = np.zeros((u, columns), np.int32)
        changes.reshape(-1)[slot] = position
        groups = RowGroups.of_updates(rows, self.pad, changes)
        word = np.repeat(np.tile(np.arange(n, dtype=np.int32), u), depths)
        turns = word + np.where(self._is_left.take(step), np.int32(n), np.int32(0))
        steps = []
        last = 0
        for width, count, group in zip(widths.tolist(), sums.tolist(), groups, strict=True):
            part = slice(last, last + count)
            last += count
            of_update = np.empty((2, r * width), np.int32)
            of_update[0], of_update[1] = self.pad, 2 * n
            of_update[0, position[part]] = nodes[part]
            of_update[1, position[part]] = turns[part]
            steps.append(DeepSteps(of_update[0].reshape(r, width), of_update[1], group))
        return steps
