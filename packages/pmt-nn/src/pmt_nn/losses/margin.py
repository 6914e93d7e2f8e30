"""Margin losses: hinge, hinge embedding, ranking of pairs, and several classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pmt_autograd import Array, Tensor, masked, relu, take_along_axis, where
from pmt_core import IGNORE_LABEL, SettingsError
from pmt_nn.losses.cross_entropy import as_class_weights, check_labels
from pmt_nn.losses.log_probabilities import mean_of_labels
from pmt_nn.losses.regression import check_same_shape, reduce_loss
from pmt_nn.module.inputs import float_tensor


def hinge_loss(
    scores: Tensor, targets: ArrayLike, *, margin: float = 1.0, reduction: str = "mean"
) -> Tensor:
    """Return max(margin - y score, 0) of a support vector machine (Cortes & Vapnik 1995).

    scores: any shape, targets: of that shape, 1 or -1 (or booleans, True = 1). The slope at the
    margin is 0. reduction: "mean", "sum" or "none". Raises SettingsError or ShapeError.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import hinge_loss
        >>> scores, targets = np.array([2.0, 0.5, -1.0]), np.array([1, 1, 1])
        >>> hinge_loss(scores, targets, reduction="none").data  # 0 beyond the margin
        array([0. , 0.5, 2. ])
    """
    _check_margin(margin)
    x = float_tensor(scores)
    signs = _signs("hinge_loss", targets, x)
    return reduce_loss(relu(margin - x * signs), reduction)


def hinge_embedding_loss(
    distances: Tensor, targets: ArrayLike, *, margin: float = 1.0, reduction: str = "mean"
) -> Tensor:
    """Return x if the target is 1, else max(margin - x, 0), of distances x of pairs.

    distances: any shape, targets: of that shape, 1 or -1 (or booleans). See `contrastive_loss` for
    the squared form. Raises SettingsError or ShapeError.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import hinge_embedding_loss
        >>> distances, targets = np.array([0.25, 0.25, 3.0]), np.array([1, -1, -1])
        >>> hinge_embedding_loss(distances, targets, reduction="none").data
        array([0.25, 0.75, 0.  ])
    """
    _check_margin(margin)
    x = float_tensor(distances)
    is_same = _signs("hinge_embedding_loss", targets, x) > 0
    return reduce_loss(where(is_same, x, relu(margin - x)), reduction)


def margin_ranking_loss(
    first: Tensor,
    second: Tensor,
    targets: ArrayLike,
    *,
    margin: float = 0.0,
    reduction: str = "mean",
) -> Tensor:
    """Return max(margin - y (first - second), 0): y = 1 if first is to rank higher, else -1.

    first, second, targets: one shape; targets may be booleans, True = 1. Raises SettingsError or
    ShapeError.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import margin_ranking_loss
        >>> good, bad = np.array([3.0, 1.0]), np.array([1.0, 2.0])
        >>> margin_ranking_loss(good, bad, np.array([1, 1]), margin=0.5, reduction="none").data
        array([0. , 1.5])
    """
    _check_margin(margin)
    a = float_tensor(first)
    b = float_tensor(second, a)
    check_same_shape("margin_ranking_loss", a, b)
    signs = _signs("margin_ranking_loss", targets, a)
    return reduce_loss(relu(margin - (a - b) * signs), reduction)


def multi_margin_loss(
    scores: Tensor,
    labels: NDArray[np.integer],
    *,
    p: int = 1,
    margin: float = 1.0,
    ignore_index: int = IGNORE_LABEL,
    reduction: str = "mean",
    class_weights: Array | None = None,
) -> Tensor:
    """Return sum over k != label of max(margin - x[label] + x[k], 0)^p, divided by v.

    Multi-class hinge loss (Weston & Watkins 1999). scores: (..., v), labels: integers (...),
    0 ... v-1. p: 1 or 2. ignore_index: label of rows that have no loss. class_weights: (v,), factor
    of a row by its label. reduction: "mean" over the rows that are not ignored (0 if there are
    none; not divided by weights), "sum", or "none" for (...). Raises ShapeError, DtypeError or
    SettingsError if the arguments do not fit.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import multi_margin_loss
        >>> scores = np.array([[2.0, 0.0, 1.5], [2.0, 0.0, 0.0]])
        >>> multi_margin_loss(scores, np.array([0, 0]), reduction="none").data.round(3)
        array([0.167, 0.   ])
    """
    _check_margin(margin)
    if p not in (1, 2):
        raise SettingsError(f"p is 1 or 2, got {p}")
    x, labels = float_tensor(scores), np.asarray(labels)
    counted = check_labels(x.data, labels, ignore_index, reduction)
    weights = as_class_weights(class_weights, x.shape[-1], x.dtype)
    chosen = np.where(counted, labels, 0)[..., np.newaxis]
    is_other = (np.arange(x.shape[-1]) != chosen) & counted[..., np.newaxis]
    label_scores = take_along_axis(x, chosen, axis=-1) if x.shape[-1] else x
    excess = relu(masked(margin - label_scores + x, mask=np.asarray(is_other)))
    losses = (excess if p == 1 else excess * excess).sum(axis=-1) / max(x.shape[-1], 1)
    if weights is not None:
        losses = losses * weights[chosen[..., 0]]
    return mean_of_labels(losses, float(counted.sum()), reduction)


def _check_margin(margin: float) -> None:
    if not 0 <= margin < np.inf:
        raise SettingsError(f"margin is finite, 0 or more, got {margin}")


def _signs(name: str, targets: ArrayLike, like: Tensor) -> Array:
    """Return targets as 1 and -1 in the dtype of `like`, of its shape."""
    given = np.asarray(targets.data if isinstance(targets, Tensor) else targets)
    signs = np.where(given, 1, -1) if given.dtype == np.bool_ else given
    check_same_shape(name, like, Tensor(signs.astype(like.dtype)))
    if not ((signs == 1) | (signs == -1)).all():
        wrong = signs[(signs != 1) & (signs != -1)]
        raise SettingsError(f"targets of {name} are 1 and -1, or booleans, got {wrong.flat[0]}")
    return signs.astype(like.dtype)
