"""Gradient clipping by global norm (Pascanu, Mikolov & Bengio 2013) and by value."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pmt_core import RowSparse, SettingsError
from pmt_nn import Parameter
from pmt_train.optim.flat_gradients import FlatGradients, squared_norm


@dataclass(frozen=True, slots=True)
class Clipping:
    """Limits on the gradients of a step.

    Attributes:
        norm: largest global norm; None: not limited.
        value: largest absolute value of an element, applied before the norm is computed; None:
            not limited.

    Examples:
        >>> from pmt_nn import Parameter
        >>> from pmt_train import SGD, Clipping
        >>> p = Parameter([3.0, 4.0])
        >>> optimizer = SGD([p], lr=1.0)
        >>> (p * p).sum().backward()  # the gradient: (6, 8), of norm 10
        >>> gradients, scale = Clipping(norm=1.0).apply(optimizer.gather(), count=1)
        >>> round(scale, 3)
        0.1
        >>> optimizer.step(gradients, scale=scale)
        >>> p.data.round(3)  # moved by (0.6, 0.8)
        array([2.4, 3.2], dtype=float32)
    """

    norm: float | None = 1.0
    value: float | None = None

    def __post_init__(self) -> None:
        clip_factor(0.0, self.norm)  # raises SettingsError for a norm out of range
        _check_limit(self.value)

    def apply(self, gradients: FlatGradients, count: int) -> tuple[FlatGradients, float]:
        """Clip the mean of gradients that are sums over `count` examples.

        Returns the gradients (still sums), and the factor for `Optimizer.step(..., scale=)`.
        """
        if self.value is not None:
            gradients = clip_values(gradients, self.value, 1 / count)
        norm = global_norm(gradients, 1 / count)
        return gradients, clip_factor(norm, self.norm) / count


def clip_grad_norm(parameters: Iterable[Parameter], max_norm: float) -> float:
    """Scale the `.grad` of all parameters in place so that their global norm is at most `max_norm`.

    Call it between `loss.backward()` and `optimizer.step()`. Returns the global norm before
    clipping.

    Examples:
        >>> from pmt_nn import Parameter
        >>> from pmt_train import clip_grad_norm
        >>> p = Parameter([3.0, 4.0])
        >>> (p * p).sum().backward()
        >>> clip_grad_norm([p], max_norm=1.0)  # the norm before
        10.0
        >>> p.grad.round(3)
        array([0.6, 0.8], dtype=float32)
    """
    with_grad = [(p, p.grad) for p in parameters if p.grad is not None]
    arrays = (g.coalesce().values if isinstance(g, RowSparse) else g for _, g in with_grad)
    norm = math.sqrt(sum(squared_norm(np.asarray(array)) for array in arrays))
    factor = clip_factor(norm, max_norm)
    if factor != 1.0:
        for parameter, grad in with_grad:
            if isinstance(grad, RowSparse):
                parameter.grad = grad.scale(factor)
            else:
                grad *= factor
    return norm


def global_norm(gradients: FlatGradients, scale: float = 1.0) -> float:
    """Return the Euclidean norm of all gradients together, dense and row-sparse, times `scale`.

    Examples:
        >>> from pmt_nn import Parameter
        >>> from pmt_train import SGD, global_norm
        >>> p = Parameter([3.0, 4.0])
        >>> optimizer = SGD([p], lr=0.1)
        >>> (p * p).sum().backward()
        >>> global_norm(optimizer.gather())  # of (6, 8)
        10.0
    """
    return math.sqrt(gradients.squared_norm) * abs(scale)


def clip_factor(norm: float, max_norm: float | None) -> float:
    """Return the factor that reduces gradients of global norm `norm` to at most `max_norm`.

    It is 1 if the norm is small enough or `max_norm` is None. The factor is passed to
    `Optimizer.step(..., scale=)`, so clipping needs no pass over the gradients.

    Examples:
        >>> from pmt_train import clip_factor
        >>> clip_factor(10.0, max_norm=1.0), clip_factor(0.5, max_norm=1.0), clip_factor(10.0, None)
        (0.1, 1.0, 1.0)
    """
    if max_norm is None:
        return 1.0
    if not max_norm > 0:
        raise SettingsError(f"gradients are clipped to a norm above 0, got {max_norm}")
    return max_norm / norm if norm > max_norm else 1.0


def _check_limit(limit: float | None) -> None:
    if limit is not None and not limit > 0:
        raise SettingsError(f"gradients are clipped to values above 0, got {limit}")


def clip_values(gradients: FlatGradients, limit: float, scale: float = 1.0) -> FlatGradients:
    """Return the gradients with each element of `scale * gradient` clipped to -limit ... limit.

    Dense gradients are clipped in place. The result is not yet multiplied by `scale`, the factor
    above 0 that is applied afterwards (1 / number of examples).

    Examples:
        >>> from pmt_nn import Parameter
        >>> from pmt_train import SGD, clip_values
        >>> p = Parameter([0.1, -4.0])
        >>> optimizer = SGD([p], lr=1.0)
        >>> (p * p).sum().backward()  # the gradient: (0.2, -8)
        >>> optimizer.step(clip_values(optimizer.gather(), limit=1.0))
        >>> p.data.round(3)
        array([-0.1, -3. ], dtype=float32)
    """
    _check_limit(limit)
    bound = limit / scale
    total = 0.0
    for slot in gradients.dense:
        part = gradients.buffers[slot.dtype][slot.start : slot.stop]
        np.clip(part, -bound, bound, out=part)
        total += squared_norm(part)
    sparse = []
    for slot, rows in gradients.sparse:
        values = np.clip(rows.values, -bound, bound)
        total += squared_norm(values)
        sparse.append((slot, RowSparse(rows.rows, values, rows.shape)))
    return FlatGradients(gradients.buffers, gradients.dense, tuple(sparse), total)
