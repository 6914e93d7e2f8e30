"""NAdam: Adam with Nesterov momentum (Dozat 2016)."""

from __future__ import annotations

import math
from typing import Any, Unpack

import numpy as np

from pmt_train.optim.adam import AdaptiveMoments, update_moments
from pmt_train.optim.blocks import Block
from pmt_train.optim.flat_parameters import Parameters
from pmt_train.optim.settings import OptimizerOptions, check_not_negative


class NAdam(AdaptiveMoments):
    """Adam with Nesterov momentum (Dozat 2016, algorithm 2).

        g = gradient + decay p
        m = b1 m + (1 - b1) g
        v = b2 v + (1 - b2) g^2
        u_t = b1 (1 - 0.96^(t momentum_decay) / 2),  U_t = u_1 u_2 ... u_t
        p = p - lr (u_(t+1) m / (1 - U_(t+1)) + (1 - u_t) g / (1 - U_t))
                / (sqrt(v / (1 - b2^t)) + eps)

    t counts steps from 1. The momentum u rises from b1 / 2 to b1.

    `betas` are (b1, b2), each in 0 <= b < 1; `eps` is above 0 and `momentum_decay` 0 or more. With
    `decoupled_weight_decay`, p is multiplied by 1 - lr decay instead, as in `AdamW`. Other
    arguments: see `Optimizer`.

    Examples:
        >>> from pmt_nn import Parameter
        >>> from pmt_train import NAdam
        >>> p = Parameter([1.0, -100.0])
        >>> optimizer = NAdam([p], lr=0.1)
        >>> for _ in range(3):
        ...     optimizer.zero_grad()
        ...     (p * p).sum().backward()
        ...     optimizer.step()
        ...     print(p.data.round(3))
        [  0.894 -99.894]
        [  0.82  -99.816]
        [  0.753 -99.743]
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float | None = None,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        momentum_decay: float = 0.004,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        check_not_negative("momentum_decay", momentum_decay)
        settings: dict[str, Any] = {"betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(parameters, lr, **settings, **options)
        self.momentum_decay = momentum_decay
        self.decoupled_weight_decay = decoupled_weight_decay
        self._product = (0, 1.0)  # steps and the product of their momenta

    def update(self, block: Block) -> None:
        """See the class."""
        block = self.decayed(block)
        s, step = block.scratch
        m, v = block.state
        update_moments(block, *self.betas, s)

        of_mean, of_gradient = self._weights()
        np.multiply(block.g, block.scale * of_gradient, out=step)  # block.g may be this array
        np.multiply(m, of_mean, out=s)
        step += s
        correction = math.sqrt(1 - self.betas[1] ** self.steps)
        np.sqrt(v, out=s)
        s += self.eps * correction
        step /= s
        step *= block.lr * correction
        np.subtract(block.p, step, out=block.p)

    def _weights(self) -> tuple[float, float]:
        """Return u_(t+1) / (1 - U_(t+1)), the factor of m, and (1 - u_t) / (1 - U_t), that of g."""
        steps = self.steps
        done, product = self._product  # of the step before, unless a state was loaded
        if done > steps:
            done, product = 0, 1.0
        while done < steps and product:
            done += 1
            product *= self._momentum(done)
        self._product = steps, product
        current, following = self._momentum(steps), self._momentum(steps + 1)
        return following / (1 - product * following), (1 - current) / (1 - product)

    def _momentum(self, step: int) -> float:
        return float(self.betas[0] * (1 - 0.5 * 0.96 ** (step * self.momentum_decay)))
