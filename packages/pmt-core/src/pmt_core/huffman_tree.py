"""Huffman tree: binary codes of minimal mean length (Huffman 1952)."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_core.errors import SettingsError


@dataclass(frozen=True, slots=True, eq=False)
class HuffmanTree:
    """The path from the root to each of v leaves.

    Attributes:
        nodes: (v, depth) numbers of the inner nodes on the path, 0 ... v-2; 0 after its end.
        turns: (v, depth) bool, True for a right turn.
        mask: (v, depth) bool, False after the end of the path.

    Examples:
        >>> from pmt_core import HuffmanTree
        >>> tree = HuffmanTree.of([8, 1, 1, 2])  # leaf 0 is the most frequent
        >>> tree.mask.sum(axis=1)  # lengths of the codes
        array([1, 3, 3, 2])
        >>> tree.turns[2].astype(int)  # right turns on the path to leaf 2
        array([0, 1, 1])
        >>> tree.nodes[2]  # v-2 = 2 is the root
        array([2, 1, 0])
    """

    nodes: NDArray[np.int64]
    turns: NDArray[np.bool_]
    mask: NDArray[np.bool_]

    @staticmethod
    def of(counts: Sequence[int] | NDArray[np.integer]) -> HuffmanTree:
        """Return the tree for the counts of the leaves; ties are broken by number.

        Raises SettingsError if there are fewer than two counts, or a negative one.
        """
        v = len(counts)
        if v < 2 or min(counts) < 0:
            raise SettingsError("a Huffman tree needs at least two counts, none below 0")
        parent, is_right = _merged(counts)
        depth = _depths(parent)[:v]
        shape = (v, int(depth.max()))
        nodes, turns = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
        leaves, node = np.arange(v), np.arange(v)
        for up in range(1, shape[1] + 1):  # all leaves together, those that are not at the root yet
            climbing = depth[leaves] >= up
            leaves, node = leaves[climbing], node[climbing]
            step = depth[leaves] - up
            turns[leaves, step] = is_right[node]
            node = parent[node]
            nodes[leaves, step] = node - v
        return HuffmanTree(nodes, turns, np.arange(shape[1]) < depth[:, np.newaxis])


def _merged(
    counts: Sequence[int] | NDArray[np.integer],
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the parent of each node, and whether it is its right child; the root is last."""
    v = len(counts)
    parent, is_right = np.zeros(2 * v - 1, np.int64), np.zeros(2 * v - 1, np.bool_)
    heap = [(int(count), leaf) for leaf, count in enumerate(counts)]
    heapq.heapify(heap)
    for node in range(v, 2 * v - 1):
        first, left = heapq.heappop(heap)
        second, right = heapq.heappop(heap)
        parent[left] = parent[right] = node
        is_right[right] = True
        heapq.heappush(heap, (first + second, node))
    return parent, is_right


def _depths(parent: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the depth of each node; a parent has a higher number than its children."""
    depth = np.zeros(len(parent), np.int64)
    for node in range(len(parent) - 2, -1, -1):
        depth[node] = depth[parent[node]] + 1
    return depth
