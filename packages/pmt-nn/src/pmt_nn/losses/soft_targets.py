"""Cross-entropy of soft targets: a probability for each class instead of a label."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pmt_autograd import Array, NeedsGrad
from pmt_core import SettingsError, ShapeError, cut


def soft_losses(
    log_probabilities: Array,
    targets: Array,
    smoothing: float,
    weights: Array | None,
    needs_grad: NeedsGrad,
) -> tuple[Array, Callable[[Array], tuple[Array | None, Array | None]]]:
    """Return -q . log p of each row, and its backward by the logits and by the targets.

    q_k = weight_k ((1 - e) target_k + e / v), e the label smoothing. log_probabilities, targets:
    (..., v) -> (...). By the logits: sum(q) p - q; by the targets: -weight (1 - e) log p.
    """
    v = targets.shape[-1]
    factor = np.full(v, 1 - smoothing, targets.dtype)
    q = targets * factor + targets.dtype.type(smoothing / max(v, 1))
    if weights is not None:
        factor *= weights
        q *= weights
    with np.errstate(invalid="ignore"):
        products = q * log_probabilities
    if not np.isfinite(products).all():  # 0 log 0 is 0
        products = q * cut(log_probabilities, q != 0)

    def backward(grad: Array) -> tuple[Array | None, Array | None]:
        """Return both gradients; grad: (...)."""
        grad = grad[..., np.newaxis]
        by_logits = by_targets = None
        if needs_grad[0]:
            by_logits = np.exp(log_probabilities) * q.sum(axis=-1, keepdims=True)
            by_logits -= q
            has_loss = q.any(axis=-1, keepdims=True)
            by_logits = cut(by_logits, has_loss) * cut(grad, has_loss)
        if needs_grad[1]:
            counts = factor != 0
            by_targets = -factor * cut(log_probabilities, counts) * cut(grad, counts)
        return by_logits, by_targets

    return -products.sum(axis=-1), backward


def check_soft_targets(logits: Array, targets: Array) -> None:
    """Raise ShapeError or SettingsError unless each class of each row has a number >= 0."""
    if not logits.ndim or targets.shape != logits.shape:
        raise ShapeError(
            f"logits of shape {logits.shape} need integer labels of shape {logits.shape[:-1]}, or "
            f"probabilities of shape {logits.shape}; got floating targets of {targets.shape}"
        )
    if targets.size and not (targets.min() >= 0 and targets.max() < np.inf):
        wrong = targets[~((targets >= 0) & (targets < np.inf))]
        raise SettingsError(f"probabilities of classes are finite, 0 or more, got {wrong.flat[0]}")
