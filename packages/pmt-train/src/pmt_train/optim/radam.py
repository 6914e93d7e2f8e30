"""RAdam: Adam with a rectified step size (Liu et al. 2020)."""

from __future__ import annotations

import math
from typing import Any, Unpack

import numpy as np

from pmt_train.optim.adam import AdaptiveMoments, update_moments
from pmt_train.optim.blocks import Block
from pmt_train.optim.flat_parameters import Parameters
from pmt_train.optim.settings import OptimizerOptions

_RECTIFIED_ABOVE = 5.0  # the paper says 4; its authors' program and other libraries take 5


class RAdam(AdaptiveMoments):
    """Rectified Adam (Liu et al. 2020, algorithm 2), which needs no warm-up.

        g = gradient + decay p
        m = b1 m + (1 - b1) g
        v = b2 v + (1 - b2) g^2
        r_inf = 2 / (1 - b2) - 1,  r_t = r_inf - 2 t b2^t / (1 - b2^t)
        if r_t > 5:  p = p - lr c_t (m / (1 - b1^t)) sqrt(1 - b2^t) / (sqrt(v) + eps)
                     c_t^2 = (r_t - 4) (r_t - 2) r_inf / ((r_inf - 4) (r_inf - 2) r_t)
        otherwise:   p = p - lr m / (1 - b1^t)

    t counts steps from 1. r_t is the length of the moving average that v is; while it is short, the
    variance of v is large, and the steps are those of SGD with momentum.

    `betas` are (b1, b2), each in 0 <= b < 1; `eps` is above 0. With `decoupled_weight_decay`, p is
    multiplied by 1 - lr decay instead, as in `AdamW`. Other arguments: see `Optimizer`.

    Examples:
        >>> from pmt_nn import Parameter
        >>> from pmt_train import RAdam
        >>> p = Parameter([1.0, -100.0])
        >>> optimizer = RAdam([p], lr=0.1)
        >>> for _ in range(3):  # the first steps are those of SGD with momentum
        ...     optimizer.zero_grad()
        ...     (p * p).sum().backward()
        ...     optimizer.step()
        ...     print(p.data.round(3))
        [  0.8 -80. ]
        [  0.621 -62.105]
        [  0.462 -46.23 ]
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float | None = None,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        settings: dict[str, Any] = {"betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(parameters, lr, **settings, **options)
        self.decoupled_weight_decay = decoupled_weight_decay

    def update(self, block: Block) -> None:
        """See the class."""
        block = self.decayed(block)
        s, step = block.scratch
        m, v = block.state
        b1, b2 = self.betas
        update_moments(block, b1, b2, s)

        step_size = block.lr / (1 - b1**self.steps)
        rectification = self._rectification()
        if rectification is None:
            np.multiply(m, step_size, out=step)
        else:
            np.sqrt(v, out=s)
            s += self.eps
            np.divide(m, s, out=step)
            step *= step_size * rectification * math.sqrt(1 - b2**self.steps)
        np.subtract(block.p, step, out=block.p)

    def _rectification(self) -> float | None:
        """Return c_t of this step, or None while the variance of v is not defined."""
        t, b2 = self.steps, self.betas[1]
        limit = 2 / (1 - b2) - 1
        length = limit - 2 * t * b2**t / (1 - b2**t)
        if length <= _RECTIFIED_ABOVE:
            return None
        share = (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)
        return math.sqrt(share)
