"""The binary tree of the shortest codes (Huffman 1952)."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError


@dataclass(frozen=True, slots=True, eq=False)
class HuffmanTree:
    """The way from the root to each of v leaves.

    Attributes:
        nodes: (v, longest) numbers of the inner nodes passed, 0 ... v-2; 0 beyond a leaf's depth.
        turns: (v, longest) booleans, True = right.
        mask: (v, longest) booleans, True = a step of the way.
    """

    nodes: NDArray[np.int64]
    turns: NDArray[np.bool_]
    mask: NDArray[np.bool_]

    @staticmethod
    def of(counts: Sequence[int] | NDArray[np.integer]) -> HuffmanTree:
        """The tree in which frequent leaves are near the root. Ties are broken by number.

        counts: how often each of at least two leaves occurs, 0 or more.
        """
        v = len(counts)
        if v < 2 or min(counts) < 0:
            raise SettingsError("a Huffman tree wants at least two counts, none below 0")
        parent, is_right = _merged(counts)
        ways: list[list[tuple[int, bool]]] = []
        for leaf in range(v):
            way, node = [], leaf
            while node != 2 * v - 2:  # the root is made last
                way.append((parent[node] - v, is_right[node]))
                node = parent[node]
            ways.append(way[::-1])
        longest = max(map(len, ways))
        nodes = np.zeros((v, longest), np.int64)
        turns, mask = np.zeros((v, longest), np.bool_), np.zeros((v, longest), np.bool_)
        for leaf, way in enumerate(ways):
            mask[leaf, : len(way)] = True
            nodes[leaf, : len(way)] = [node for node, _ in way]
            turns[leaf, : len(way)] = [turn for _, turn in way]
        return HuffmanTree(nodes, turns, mask)


def _merged(counts: Sequence[int] | NDArray[np.integer]) -> tuple[list[int], list[bool]]:
    """Parent of each node, and whether it is its right child. Leaves come first, the root last."""
    v = len(counts)
    parent, is_right = [0] * (2 * v - 1), [False] * (2 * v - 1)
    heap = [(int(count), leaf) for leaf, count in enumerate(counts)]
    heapq.heapify(heap)
    for node in range(v, 2 * v - 1):
        first, left = heapq.heappop(heap)
        second, right = heapq.heappop(heap)
        parent[left] = parent[right] = node
        is_right[right] = True
        heapq.heappush(heap, (first + second, node))
    return parent, is_right
