"""Negative sampling (Mikolov et al. 2013b, eq. 4)."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor, take_rows
from pmt_core import ShapeError
from pmt_nn.losses.binary_cross_entropy import binary_cross_entropy_with_logits
from pmt_nn.losses.reduction import reduce_loss
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

    The gradient of the table is row-sparse.

    Args:
        hidden: (n, d) input vectors.
        table: (v, d) output vectors.
        targets: (n,) ids.
        negatives: (n, k) ids drawn from the noise distribution. A negative that equals its target
            is ignored.
        reduction: "mean" over the rows, "sum", or "none" for (n,).
    """
    n = len(hidden)
    if targets.shape != (n,) or negatives.shape[:1] != (n,) or negatives.ndim != 2:
        raise ShapeError(
            f"{n} vectors need targets (n,) and negatives (n, k), got {targets.shape} and "
            f"{negatives.shape}"
        )
    ids = np.concatenate([targets[:, np.newaxis], negatives], axis=1)  # (n, 1 + k)
    vectors = take_rows(table, ids)  # (n, 1 + k, d)
    logits = (vectors @ hidden.reshape(n, hidden.shape[1], 1)).reshape(ids.shape)
    labels = np.zeros(ids.shape, hidden.dtype)
    labels[:, 0] = 1
    counted = np.ones(ids.shape, hidden.dtype)
    counted[:, 1:] = negatives != targets[:, np.newaxis]
    losses = binary_cross_entropy_with_logits(logits, labels, reduction="none") * counted
    return reduce_loss(losses.sum(axis=1), reduction)


class NegativeSampling(Module):
    """Output layer of word2vec: a vector of width d for each of v words.

    It replaces a softmax over all words by k + 1 binary decisions: the observed word against k
    drawn ones. The vectors start at zero, so all probabilities start at 1/2.
    """

    def __init__(self, v: int, d: int, *, dtype: DTypeLike = np.float32) -> None:
        self.weight = Parameter(np.zeros((v, d), dtype))

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
