"""Reduction of the losses of single elements, and checks that losses share."""

from __future__ import annotations

from pmt_autograd import Tensor
from pmt_core import SettingsError, ShapeError

REDUCTIONS = ("sum", "mean", "none")


def check_reduction(reduction: str) -> None:
    """Raise SettingsError for an unknown reduction."""
    if reduction not in REDUCTIONS:
        raise SettingsError(f"reduction is one of {', '.join(REDUCTIONS)}, got {reduction!r}")


def reduce_loss(losses: Tensor, reduction: str) -> Tensor:
    """Return the sum, the mean (0 if there are no losses), or the losses themselves."""
    check_reduction(reduction)
    if reduction == "none":
        return losses
    if reduction == "sum" or not losses.size:
        return losses.sum()
    return losses.mean()


def check_same_shape(name: str, first: Tensor, second: Tensor) -> None:
    """Raise ShapeError if shapes differ: broadcasting (b, 1) and (b,) would hide a mistake."""
    if first.shape != second.shape:
        raise ShapeError(f"{name} needs two equal shapes, got {first.shape} and {second.shape}")
