"""Adadelta (Zeiler 2012)."""

from __future__ import annotations

import math
from typing import Unpack

import numpy as np

from pmt_train.optim.blocks import Block
from pmt_train.optim.flat_parameters import Parameters
from pmt_train.optim.optimizer import Optimizer
from pmt_train.optim.settings import OptimizerOptions, check_eps, check_rates


class Adadelta(Optimizer):
    """Adadelta (Zeiler 2012, algorithm 1).

        g = gradient + decay p
        v = rho v + (1 - rho) g^2
        d = sqrt(u + eps) / sqrt(v + eps) g
        u = rho u + (1 - rho) d^2
        p = p - lr d

    d has the unit of the parameter, so the paper has no learning rate: `lr` is 1. A `Trainer` has
    one of its own; give it a schedule like `constant_schedule(1.0)`.

    0 <= rho < 1 and eps > 0. Other arguments: see `Optimizer`.

    Examples:
        >>> from pmt_nn import Parameter
        >>> from pmt_train import Adadelta
        >>> p = Parameter([1.0, -100.0])
        >>> optimizer = Adadelta([p])
        >>> for _ in range(3):  # no learning rate: the steps begin small and grow
        ...     optimizer.zero_grad()
        ...     (p * p).sum().backward()
        ...     optimizer.step()
        ...     print(p.data.round(3))
        [  0.997 -99.997]
        [  0.994 -99.994]
        [  0.99 -99.99]
    """

    state_names = ("v", "u")

    def __init__(
        self,
        parameters: Parameters,
        lr: float | None = 1.0,
        *,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        check_rates("rho", rho)
        check_eps(eps)
        super().__init__(parameters, lr, weight_decay=weight_decay, **options)
        self.rho = rho
        self.eps = eps
        self.state_rates = (rho, rho)

    def update(self, block: Block) -> None:
        """See the class."""
        (v, u), (d, s) = block.state, block.scratch
        block.decayed_gradient(d, s)
        share = math.sqrt(1 - self.rho)
        np.multiply(d, share, out=s)
        s *= s
        v *= self.rho
        v += s
        np.add(v, self.eps, out=s)
        np.sqrt(s, out=s)
        d /= s
        np.add(u, self.eps, out=s)
        np.sqrt(s, out=s)
        d *= s
        np.multiply(d, share, out=s)
        s *= s
        u *= self.rho
        u += s
        d *= block.lr
        np.subtract(block.p, d, out=block.p)
