"""Parts of recurrent scans: the order of steps, masks of steps, gates, and their gradients."""

from __future__ import annotations

import numpy as np

from pmt_autograd import Array
from pmt_core import cut
from pmt_nn.masks import Mask


def squash(z: Array, scale: Array, out: Array) -> None:
    """Write sigmoid(z) = (1 + tanh(z / 2)) / 2 if scale is 1/2, and tanh(z) if it is 1."""
    np.multiply(z, scale, out=out)
    np.tanh(out, out=out)
    out *= scale
    out += 1 - scale


def gate_views(z: Array, n: int) -> list[Array]:
    """The parts of width n of z (b, k n), views."""
    return [z[:, i : i + n] for i in range(0, z.shape[1], n)]


def step_order(t: int, reverse: bool) -> range:
    """The steps in the order in which they run."""
    return range(t - 1, -1, -1) if reverse else range(t)


def time_major(x: Array) -> Array:
    """Swap (b, t, n) and (t, b, n), so that each step is contiguous."""
    return np.ascontiguousarray(x.swapaxes(0, 1))


def masked_steps(x: Array, mask: Mask | None) -> Array:
    """Return the steps of x (t, b, n), zeros where the mask is False if x is not finite."""
    steps = time_major(x)
    if mask is None or np.isfinite(steps).all():
        return steps
    return cut(steps, mask.T[..., np.newaxis])


def step_mask(mask: Mask | None, x: Array) -> Array | None:
    """The mask as integers of the size of x's numbers, (t, b, 1)."""
    return None if mask is None else mask.T[..., np.newaxis].astype(f"i{x.itemsize}")


def select_updated(updated: Array, state: Array, mask_of_steps: Array | None, i: int) -> Array:
    """The updated state where the mask of step i is True, else the previous one."""
    return updated if mask_of_steps is None else np.where(mask_of_steps[i] > 0, updated, state)


def split_gradient(grad: Array, mask_of_steps: Array | None, i: int) -> tuple[Array, Array | float]:
    """The gradients of the updated state and of the previous one that was passed on.

    As integers, as in `pmt_core.cut`, so that an infinite gradient is not multiplied by 0.
    """
    if mask_of_steps is None:
        return grad, 0.0
    bits = grad.view(mask_of_steps.dtype)
    updated = bits * mask_of_steps[i]
    return updated.view(grad.dtype), (bits ^ updated).view(grad.dtype)


def weight_gradient(previous: Array, by_steps: Array) -> Array:
    """The gradient by the recurrent weight: the sum over all steps in one product."""
    return previous.reshape(-1, previous.shape[2]).T @ by_steps.reshape(-1, by_steps.shape[2])
