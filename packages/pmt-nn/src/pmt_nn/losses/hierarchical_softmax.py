"""Hierarchical softmax over a Huffman tree (Morin & Bengio 2005)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor, take_rows
from pmt_core import HuffmanTree, sigmoid
from pmt_nn.losses.binary_cross_entropy import binary_cross_entropy_with_logits
from pmt_nn.losses.reduction import check_reduction, reduce_loss
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


class HierarchicalSoftmax(Module):
    """Softmax as a product of binary decisions on the path of a word in a Huffman tree.

    At inner node i the path turns right with probability s(h . w_i), as in Mikolov et al. 2013a. A
    loss costs about log2(v) dot products instead of v, and the gradient is row-sparse. The vectors
    of the v - 1 inner nodes start at zero.

    Args:
        counts: number of occurrences of each of the v words.
        d: width of the hidden vectors.
        dtype: float32 or float64.
    """

    def __init__(
        self,
        counts: Sequence[int] | NDArray[np.integer],
        d: int,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.tree = HuffmanTree.of(counts)
        self.weight = Parameter(np.zeros((len(counts) - 1, d), dtype))

    def forward(
        self, hidden: Tensor, words: NDArray[np.integer], *, reduction: str = "mean"
    ) -> Tensor:
        """Return the loss -log p(word). hidden: (n, d), words: (n,)."""
        check_reduction(reduction)
        depth = int(self.tree.mask[words].sum(axis=1).max(initial=0))
        nodes = self.tree.nodes[words, :depth]  # (n, depth)
        n, d = hidden.shape
        logits = (take_rows(self.weight, nodes) @ hidden.reshape(n, d, 1)).reshape(n, depth)
        turns = self.tree.turns[words, :depth]
        steps = binary_cross_entropy_with_logits(logits, turns, reduction="none")
        losses = (steps * self.tree.mask[words, :depth].astype(hidden.dtype)).sum(axis=1)
        return reduce_loss(losses, reduction)

    def probabilities(self, hidden: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return p of every word, (n, d) -> (n, v). It visits the whole tree: not for training."""
        right = sigmoid(hidden @ self.weight.data.T)  # (n, v - 1)
        taken = np.where(self.tree.turns, right[:, self.tree.nodes], 1 - right[:, self.tree.nodes])
        probabilities: NDArray[np.floating] = np.where(self.tree.mask, taken, 1).prod(axis=-1)
        return probabilities.astype(hidden.dtype)
