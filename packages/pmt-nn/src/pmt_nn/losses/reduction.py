"""How the losses of single elements become one number."""

from __future__ import annotations

from pmt_autograd import Tensor
from pmt_core import SettingsError, ShapeError

REDUCTIONS = ("sum", "mean", "none")


def check_reduction(reduction: str) -> None:
    """Raise SettingsError for an unknown name."""
    if reduction not in REDUCTIONS:
        raise SettingsError(f"reduction is one of {', '.join(REDUCTIONS)}, got {reduction!r}")


def reduce_loss(losses: Tensor, reduction: str) -> Tensor:
    """The sum, the mean (0 of nothing), or the losses as they are."""
    check_reduction(reduction)
    if reduction == "none":
        return losses
    if reduction == "sum" or not losses.size:
        return losses.sum()
    return losses.mean()


def check_same_shape(name: str, first: Tensor, second: Tensor) -> None:
    """Raise ShapeError where broadcasting would hide a mistake, e.g. (b, 1) against (b,)."""
    if first.shape != second.shape:
        raise ShapeError(f"{name} wants two equal shapes, got {first.shape} and {second.shape}")
