"""Adam (Kingma & Ba 2015) and AdamW with decoupled weight decay (Loshchilov & Hutter 2019)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Unpack

import numpy as np

from pmt_train.optim.blocks import Block
from pmt_train.optim.flat_parameters import Parameters
from pmt_train.optim.optimizer import Optimizer
from pmt_train.optim.settings import OptimizerOptions, check_eps, check_rates


class AdamW(Optimizer):
    """Adam (Kingma & Ba 2015) with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2).

        m = b1 m + (1 - b1) g              running mean of the gradient
        v = b2 v + (1 - b2) g^2            running mean of its square
        p = p - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps) - lr decay p

    t counts steps from 1. The decay is multiplied by the learning rate of the step (the paper
    multiplies it by the factor of the schedule alone), as is usual now. Without a gradient, the
    moments of a row decay by b1 and b2 in each step, see `Optimizer`.

    `betas` are (b1, b2), each in 0 <= b < 1; `eps` is above 0. Other arguments: see `Optimizer`.
    """

    state_names = ("m", "v")

    def __init__(
        self,
        parameters: Parameters,
        lr: float | None = None,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        check_rates("beta", *betas)
        check_eps(eps)
        super().__init__(parameters, lr, weight_decay=weight_decay, **options)
        self.betas = self.state_rates = betas
        self.eps = eps

    def update(self, block: Block) -> None:
        """See the class. The corrections of m and v are part of the step size:

        lr m / (1 - b1^t) / (sqrt(v / c2) + eps) = lr sqrt(c2) / (1 - b1^t) * m
                                                    / (sqrt(v) + eps sqrt(c2)),  c2 = 1 - b2^t
        """
        p, g, (m, v), s, (b1, b2) = block.p, block.g, block.state, block.scratch[0], self.betas
        correction = math.sqrt(1 - b2**self.steps)
        step_size = block.lr * correction / (1 - b1**self.steps)

        np.multiply(g, block.scale * (1 - b1), out=s)
        m *= b1
        m += s
        np.multiply(g, block.scale * math.sqrt(1 - b2), out=s)
        s *= s
        v *= b2
        v += s
        np.sqrt(v, out=s)
        s += self.eps * correction
        np.divide(m, s, out=s)
        s *= step_size
        if block.decay:
            p *= 1 - block.lr * block.decay
        p -= s


class Adam(AdamW):
    """Adam (Kingma & Ba 2015, algorithm 1). See `AdamW` for the formula and the arguments.

    `weight_decay` is added to the gradient as `decay p` (L2 regularization), so it is divided by
    the root of v as the gradient is; `AdamW` subtracts it from the parameter instead. The moments
    of rows of tables contain the decay only of the steps that name the row.
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float | None = None,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        super().__init__(parameters, lr, betas=betas, eps=eps, weight_decay=weight_decay, **options)

    def update(self, block: Block) -> None:
        """See the class."""
        if block.decay:
            scratch, decayed = block.scratch
            block.decayed_gradient(decayed, scratch)
            block = replace(block, g=decayed, scale=1.0, decay=0.0)
        super().update(block)
