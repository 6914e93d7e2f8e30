"""Squared and absolute error, Huber and smooth L1 loss, and the reduction of losses."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

import pmt_autograd as ag
from pmt_autograd import Array, Result, Sample, Tensor, absolute, masked
from pmt_core import DtypeError, SettingsError, ShapeError
from pmt_nn.module.inputs import float_tensor

REDUCTIONS = ("sum", "mean", "none")


def check_reduction(reduction: str) -> None:
    """Raise SettingsError for an unknown reduction."""
    if reduction not in REDUCTIONS:
        raise SettingsError(f"reduction is one of {', '.join(REDUCTIONS)}, got {reduction!r}")


def reduce_loss(losses: Tensor, reduction: str, mask: NDArray[np.bool_] | None = None) -> Tensor:
    """Return the sum, the mean (0 if there are no losses), or the losses themselves.

    mask: of `loss_mask`; losses where it is False are 0 and do not count.
    """
    check_reduction(reduction)
    if mask is not None:
        losses = masked(losses, mask=mask)
        if reduction == "mean":
            return losses.sum() / float(max(mask.sum(), 1))
    if reduction == "none":
        return losses
    if reduction == "sum" or not losses.size:
        return losses.sum()
    return losses.mean()


def loss_mask(mask: NDArray[np.bool_] | None, like: Tensor) -> NDArray[np.bool_] | None:
    """Return the mask in the shape of the losses. Raises DtypeError or ShapeError."""
    if mask is None:
        return None
    mask = np.asarray(mask)
    if mask.dtype != np.bool_:
        raise DtypeError(f"a mask of losses is boolean, True = counts, got dtype {mask.dtype}")
    try:
        return np.broadcast_to(mask, like.shape)
    except ValueError:
        raise ShapeError(
            f"a mask of losses of shape {like.shape} has this shape or broadcasts to it, got "
            f"{mask.shape}"
        ) from None


def check_same_shape(name: str, first: Tensor, second: Tensor) -> None:
    """Raise ShapeError if shapes differ: broadcasting (b, 1) and (b,) would hide a mistake."""
    if first.shape != second.shape:
        raise ShapeError(f"{name} needs two equal shapes, got {first.shape} and {second.shape}")


def mse(
    prediction: Tensor,
    target: ArrayLike | Tensor,
    *,
    mask: NDArray[np.bool_] | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return the squared error (prediction - target)^2 of equal shapes, averaged by default.

    mask: booleans that broadcast to the shape, True = counts, e.g. the tokens of padded sequences;
    other values have no influence, and the mean is that of the errors that count.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import mse
        >>> prediction, target = np.array([1.0, 2.0, 9.0]), np.array([1.0, 4.0, 0.0])
        >>> mse(prediction, target, reduction="none").data
        array([ 0.,  4., 81.])
        >>> mse(prediction, target, mask=np.array([True, True, False])).item()
        2.0
    """
    gap, mask = _gap("mse", prediction, target, mask)
    return reduce_loss(gap * gap, reduction, mask)


def huber(
    prediction: Tensor,
    target: ArrayLike | Tensor,
    *,
    delta: float = 1.0,
    mask: NDArray[np.bool_] | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return gap^2 / 2 if |gap| <= delta, else delta (|gap| - delta / 2), averaged (Huber 1964).

    mask: as for `mse`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import huber
        >>> gaps = np.array([0.5, 1.0, 10.0])  # squared up to 1, then linear
        >>> huber(gaps, np.zeros(3), reduction="none").data
        array([0.125, 0.5  , 9.5  ])
    """
    if not delta > 0:
        raise SettingsError(f"delta must be above 0, got {delta}")
    gap, mask = _gap("huber", prediction, target, mask)
    return reduce_loss(huber_of(gap, delta=delta), reduction, mask)


def l1_loss(
    prediction: Tensor,
    target: ArrayLike | Tensor,
    *,
    mask: NDArray[np.bool_] | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return the absolute error |prediction - target| of equal shapes; its slope at 0 is 0.

    mask: as for `mse`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import l1_loss
        >>> prediction, target = np.array([1.0, 2.0, 9.0]), np.array([1.0, 4.0, 0.0])
        >>> l1_loss(prediction, target, reduction="none").data
        array([0., 2., 9.])
    """
    gap, mask = _gap("l1_loss", prediction, target, mask)
    return reduce_loss(absolute(gap), reduction, mask)


def smooth_l1_loss(
    prediction: Tensor,
    target: ArrayLike | Tensor,
    *,
    beta: float = 1.0,
    mask: NDArray[np.bool_] | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Return gap^2 / (2 beta) if |gap| < beta, else |gap| - beta / 2 (Girshick 2015, eq. 3).

    It is `huber` divided by beta = delta; with beta = 0 it is `l1_loss`. mask: as for `mse`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import smooth_l1_loss
        >>> gaps = np.array([0.5, 1.0, 10.0])
        >>> smooth_l1_loss(gaps, np.zeros(3), beta=2.0, reduction="none").data
        array([0.0625, 0.25  , 9.    ])
        >>> smooth_l1_loss(gaps, np.zeros(3), beta=0.0, reduction="none").data  # the absolute error
        array([ 0.5,  1. , 10. ])
    """
    if not 0 <= beta < np.inf:
        raise SettingsError(f"beta is finite, 0 or more, got {beta}")
    if not beta:
        return l1_loss(prediction, target, mask=mask, reduction=reduction)
    gap, mask = _gap("smooth_l1_loss", prediction, target, mask)
    return reduce_loss(huber_of(gap / beta, delta=1.0) * beta, reduction, mask)


def _gap(
    name: str, prediction: Tensor, target: ArrayLike | Tensor, mask: NDArray[np.bool_] | None
) -> tuple[Tensor, NDArray[np.bool_] | None]:
    """Return prediction - target, 0 where the mask is False, and the mask in this shape."""
    prediction = float_tensor(prediction)
    goal = float_tensor(target, prediction)
    check_same_shape(name, prediction, goal)
    mask = loss_mask(mask, prediction)
    if mask is not None:
        prediction, goal = masked(prediction, mask=mask), masked(goal, mask=mask)
    return prediction - goal, mask


@ag.primitive
def huber_of(gap: Array, *, delta: float) -> Result:
    """Return the Huber function of each element; its slope is the gap clipped to +-delta."""
    slope: Array = np.clip(gap, -delta, delta)

    def backward(grad: Array) -> Array:
        return grad * slope

    return slope * (gap - 0.5 * slope), backward


@ag.composed_form(huber_of)
def huber_of_composed(gap: Tensor, *, delta: float) -> Tensor:
    """Compute `huber_of` in plain operations."""
    slope = gap.clip(-delta, delta)
    return slope * (gap - 0.5 * slope)


@ag.samples(huber_of)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    yield Sample((rng.normal(size=(3, 4)) * 2,), {"delta": 1.0})
    yield Sample((np.array([-1000.0, -0.5, 0.0, 0.5, 1000.0]),), {"delta": 0.7}, "far out")
    yield Sample((np.array(0.3),), {"delta": 1.0}, "0-d")
