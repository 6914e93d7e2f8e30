"""Output layers of word2vec: negative sampling and hierarchical softmax, with their losses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor, masked, take_rows
from pmt_core import HuffmanTree, ShapeError, check_sizes, sigmoid
from pmt_nn.losses.binary_cross_entropy import binary_cross_entropy_with_logits
from pmt_nn.losses.regression import check_reduction, reduce_loss
from pmt_nn.module.initializers import constant
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


def negative_sampling_loss(
    hidden: Tensor,
    table: Tensor,
    targets: NDArray[np.integer],
    negatives: NDArray[np.integer],
    *,
    reduction: str = "mean",
) -> Tensor:
    """Return -log s(h . w_target) - sum_j log s(-h . w_negative_j), s the sigmoid.

    Mikolov et al. 2013b, eq. 4. hidden: (n, d) input vectors, table: (v, d) output vectors, whose
    gradient is row-sparse, targets: (n,) ids, negatives: (n, k) ids drawn from the noise
    distribution; one that equals its target is ignored. reduction: "mean" over the rows, "sum", or
    "none" for (n,).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import negative_sampling_loss
        >>> hidden, table = np.array([[1.0, 0.0]]), np.array([[4.0, 0.0], [0.0, 1.0], [-4.0, 0.0]])
        >>> target = np.array([0])
        >>> easy, hard = np.array([[2]]), np.array([[1]])  # opposite to hidden, at a right angle
        >>> round(negative_sampling_loss(hidden, table, target, easy).item(), 3)
        0.036
        >>> round(negative_sampling_loss(hidden, table, target, hard).item(), 3)
        0.711
    """
    hidden = float_tensor(hidden, table)
    n = len(hidden)
    if targets.shape != (n,) or negatives.shape[:1] != (n,) or negatives.ndim != 2:
        raise ShapeError(
            f"{n} vectors need targets (n,) and negatives (n, k), got {targets.shape} and "
            f"{negatives.shape}"
        )
    ids = np.concatenate([targets[:, np.newaxis], negatives], axis=1)  # (n, 1 + k)
    vectors = take_rows(table, ids)  # (n, 1 + k, d)
    logits = (vectors @ hidden.reshape(n, hidden.shape[1], 1)).reshape(ids.shape)
    labels = np.zeros(ids.shape, np.bool_)
    labels[:, 0] = True
    counted = np.ones(ids.shape, np.bool_)
    counted[:, 1:] = negatives != targets[:, np.newaxis]
    losses = binary_cross_entropy_with_logits(logits, labels, reduction="none")
    return reduce_loss(masked(losses, mask=counted).sum(axis=1), reduction)


class NegativeSampling(Module):
    """Output layer of word2vec: a vector of width d for each of v words.

    It replaces a softmax over all words by k + 1 binary decisions: the observed word against k
    drawn ones. The vectors start at zero, so all probabilities start at 1/2.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import NegativeSampling
        >>> output = NegativeSampling(1000, 8)
        >>> hidden = np.ones((4, 8), np.float32)
        >>> targets, negatives = np.arange(4), np.arange(10, 30).reshape(4, 5)
        >>> loss = output(hidden, targets, negatives)
        >>> round(loss.item(), 3)  # 6 ln 2: six decisions with probability 1/2
        4.159
        >>> output
        NegativeSampling(1000, 8)  8,000 parameters
    """

    def __init__(self, v: int, d: int, *, dtype: DTypeLike = np.float32) -> None:
        check_sizes("NegativeSampling", v=v, d=d)
        self.weight = Parameter(constant((v, d), dtype=dtype))

    def forward(
        self,
        hidden: Tensor,
        targets: NDArray[np.integer],
        negatives: NDArray[np.integer],
        *,
        reduction: str = "mean",
    ) -> Tensor:
        """Return `negative_sampling_loss` of hidden (n, d), targets (n,) and negatives (n, k)."""
        return negative_sampling_loss(hidden, self.weight, targets, negatives, reduction=reduction)


class HierarchicalSoftmax(Module):
    """Softmax as a product of binary decisions on a path in a Huffman tree (Morin & Bengio 2005).

    At inner node i the path turns right with probability s(h . w_i), as in Mikolov et al. 2013a. A
    loss costs about log2(v) dot products instead of v, and the gradient is row-sparse. The vectors
    of width d of the v - 1 inner nodes start at zero. counts: occurrences of each of the v words.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import HierarchicalSoftmax
        >>> output = HierarchicalSoftmax(counts=[8, 4, 2, 2], d=3)
        >>> hidden = np.ones((1, 3), np.float32)
        >>> output.probabilities(hidden)  # untrained: 1/2 at each node of the tree
        array([[0.5  , 0.25 , 0.125, 0.125]], dtype=float32)
        >>> round(output(hidden, np.array([1])).item(), 3)  # -ln 1/4
        1.386
    """

    def __init__(
        self, counts: Sequence[int] | NDArray[np.integer], d: int, *, dtype: DTypeLike = np.float32
    ) -> None:
        check_sizes("HierarchicalSoftmax", d=d)
        self.tree = HuffmanTree.of(counts)
        self.weight = Parameter(constant((len(counts) - 1, d), dtype=dtype))

    def forward(
        self, hidden: Tensor, words: NDArray[np.integer], *, reduction: str = "mean"
    ) -> Tensor:
        """Return the loss -log p(word). hidden: (n, d), words: (n,)."""
        check_reduction(reduction)
        hidden = float_tensor(hidden, self.weight)
        depth = int(self.tree.mask[words].sum(axis=1).max(initial=0))
        nodes = self.tree.nodes[words, :depth]  # (n, depth)
        n, d = hidden.shape
        logits = (take_rows(self.weight, nodes) @ hidden.reshape(n, d, 1)).reshape(n, depth)
        turns = self.tree.turns[words, :depth]
        steps = binary_cross_entropy_with_logits(logits, turns, reduction="none")
        losses = masked(steps, mask=self.tree.mask[words, :depth]).sum(axis=1)
        return reduce_loss(losses, reduction)

    def probabilities(self, hidden: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return p of every word, (n, d) -> (n, v). It visits the whole tree: not for training."""
        right = sigmoid(hidden @ self.weight.data.T)  # (n, v - 1)
        taken = np.where(self.tree.turns, right[:, self.tree.nodes], 1 - right[:, self.tree.nodes])
        probabilities: NDArray[np.floating] = np.where(self.tree.mask, taken, 1).prod(axis=-1)
        return probabilities.astype(hidden.dtype)
