"""Lion: the sign of a momentum (Chen et al. 2023)."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from pmt_train.optim.blocks import Block
from pmt_train.optim.flat_parameters import Parameters
from pmt_train.optim.optimizer import Optimizer
from pmt_train.optim.settings import OptimizerOptions, check_rates


class Lion(Optimizer):
    """Lion (Chen et al. 2023, algorithm 2).

        p = p - lr (sign(b1 m + (1 - b1) g) + decay p)
        m = b2 m + (1 - b2) g

    Every parameter moves by the learning rate in every step, so use a learning rate 3 to 10
    times smaller than Adam's, and a weight decay larger by the same factor.

    `betas` are (b1, b2), each in 0 <= b < 1. Other arguments: see `Optimizer`.

    Examples:
        >>> from pmt_nn import Parameter
        >>> from pmt_train import Lion
        >>> p = Parameter([1.0, -100.0])
        >>> optimizer = Lion([p], lr=0.1)
        >>> for _ in range(3):  # every parameter moves by lr
        ...     optimizer.zero_grad()
        ...     (p * p).sum().backward()
        ...     optimizer.step()
        ...     print(p.data.round(3))
        [  0.9 -99.9]
        [  0.8 -99.8]
        [  0.7 -99.7]
    """

    state_names = ("m",)

    def __init__(
        self,
        parameters: Parameters,
        lr: float | None = None,
        *,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        check_rates("beta", *betas)
        super().__init__(parameters, lr, weight_decay=weight_decay, **options)
        self.betas = betas
        self.state_rates = (betas[1],)

    def update(self, block: Block) -> None:
        """See the class."""
        p, g, (m,), (s, step), (b1, b2) = block.p, block.g, block.state, block.scratch, self.betas
        np.multiply(g, block.scale * (1 - b1), out=s)
        np.multiply(m, b1, out=step)
        step += s
        np.sign(step, out=step)
        step *= block.lr
        if block.decay:
            p *= 1 - block.lr * block.decay
        p -= step
        np.multiply(g, block.scale * (1 - b2), out=s)
        m *= b2
        m += s
