"""What the output vectors should answer to each word of a block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pmt_core import HuffmanTree
from pmt_text.word2vec.alias_table import AliasTable

__all__ = ["HierarchicalLabels", "Labels", "NoiseLabels", "OutputLabels"]


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """For r blocks of b words and their o output rows. One prediction of a word asks row o
    `total` times and wants the answer yes `positive` times.

    Attributes:
        outputs: (r, o) row numbers; a block may name a row twice.
        positive, total: (r, b, o) float32; the first may be (b, o), equal for all blocks.
    """

    outputs: NDArray[np.integer]
    positive: NDArray[np.float32]
    total: NDArray[np.float32]


class OutputLabels(Protocol):
    """Negative sampling or hierarchical softmax.

    Attributes:
        rows: output vectors that there are.
        answers: mean number of answers wanted from a prediction.
    """

    rows: int
    answers: float

    def of(self, centres: NDArray[np.int32], generator: np.random.Generator) -> Labels:
        """The labels of words (r, b); number v stands for no word."""


class NoiseLabels:
    """Negative sampling (Mikolov et al. 2013b, eq. 4): yes to the word, no to noise words.

    Noise words are shared by a block (Ji et al. 2016): each counts `negatives / shared`, so that
    the expected loss is that of `negatives` draws for each prediction; a noise word that is the
    word itself counts nothing.

    counts: (v,). shared: noise words drawn for a block.
    """

    def __init__(
        self, counts: NDArray[np.integer], *, power: float, negatives: int, shared: int
    ) -> None:
        self.rows = len(counts)
        self.answers = 1.0 + negatives
        self._noise = AliasTable(counts.astype(np.float64) ** power)
        self._weight = np.float32(negatives / shared)
        self._shared = shared

    def of(self, centres: NDArray[np.int32], generator: np.random.Generator) -> Labels:
        """Outputs are the b words of the block, then the shared noise words."""
        r, b = centres.shape
        noise = self._noise.draw((r, self._shared), generator)
        total = np.empty((r, b, b + self._shared), np.float32)
        total[:, :, :b] = np.eye(b, dtype=np.float32)
        np.multiply(
            centres[:, :, np.newaxis] != noise[:, np.newaxis], self._weight, out=total[:, :, b:]
        )
        positive = np.eye(b, b + self._shared, dtype=np.float32)
        return Labels(np.concatenate([centres, noise], axis=1), positive, total)

    def shared(
        self, centres: NDArray[np.int32], generator: np.random.Generator
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Noise words (k,) for words (n,), and how often each counts for each, (n, k)."""
        noise = self._noise.draw(self._shared, generator)
        differs = centres[:, np.newaxis] != noise
        return noise, np.multiply(differs, self._weight, dtype=np.float32)


class HierarchicalLabels:
    """Hierarchical softmax: at every inner node on the way to the word, is the turn right?

    counts: (v,).
    """

    def __init__(self, counts: NDArray[np.integer]) -> None:
        self.rows = len(counts) - 1
        tree = HuffmanTree.of(counts)
        self.answers = float(np.average(tree.mask.sum(axis=1), weights=counts))
        # One more leaf without a way, for the words beyond the end of a text.
        self._nodes = np.pad(tree.nodes.astype(np.int32), ((0, 1), (0, 0)))
        self._turns = np.pad(tree.turns, ((0, 1), (0, 0)))
        self._mask = np.pad(tree.mask, ((0, 1), (0, 0)))

    def of(self, centres: NDArray[np.int32], generator: np.random.Generator) -> Labels:
        """Outputs are the different inner nodes of each block, filled up with row `rows`."""
        r, b = centres.shape
        mask = self._mask[centres]  # (r, b, longest)
        block, word, _ = np.nonzero(mask)
        keys = block * np.int64(self.rows) + self._nodes[centres][mask]
        unique, place = np.unique(keys, return_inverse=True)
        of_block = unique // self.rows
        starts = np.searchsorted(of_block, np.arange(r + 1))
        o = int(np.diff(starts).max(initial=1))
        outputs = np.full((r, o), self.rows, np.int64)
        outputs[of_block, np.arange(len(unique)) - starts[of_block]] = unique % self.rows
        total, positive = np.zeros((2, r, b, o), np.float32)
        column = place - starts[block]
        total[block, word, column] = 1
        positive[block, word, column] = self._turns[centres][mask]
        return Labels(outputs, positive, total)
