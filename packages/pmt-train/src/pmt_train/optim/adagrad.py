"""Adagrad (Duchi, Hazan & Singer 2011)."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from pmt_train.optim.blocks import Block
from pmt_train.optim.flat_parameters import Parameters
from pmt_train.optim.optimizer import Optimizer
from pmt_train.optim.settings import OptimizerOptions, check_eps, check_not_negative


class Adagrad(Optimizer):
    """Adagrad with diagonal matrices (Duchi, Hazan & Singer 2011).

        g = gradient + decay p
        v = v + g^2
        p = p - lr g / (sqrt(v) + eps)

    The state does not decay, so rows of tables (without weight decay) follow the dense update
    bit for bit.

    v begins with `initial`, 0 or more; `eps` is above 0. Other arguments: see `Optimizer`.

    Examples:
        >>> from pmt_nn import Parameter
        >>> from pmt_train import Adagrad
        >>> p = Parameter([1.0, -100.0])
        >>> optimizer = Adagrad([p], lr=1.0)
        >>> for _ in range(3):  # the steps become shorter
        ...     optimizer.zero_grad()
        ...     (p * p).sum().backward()
        ...     optimizer.step()
        ...     print(p.data.round(3))
        [  0. -99.]
        [  0.    -98.296]
        [  0.    -97.724]
    """

    state_names = ("v",)

    def __init__(
        self,
        parameters: Parameters,
        lr: float | None = None,
        *,
        initial: float = 0.0,
        eps: float = 1e-10,
        weight_decay: float = 0.0,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        check_not_negative("initial", initial)
        check_eps(eps)
        super().__init__(parameters, lr, weight_decay=weight_decay, **options)
        self.eps = eps
        if initial:
            for array in self._state.buffers["v"].values():
                array += initial

    def update(self, block: Block) -> None:
        """See the class."""
        (v,), (s, root) = block.state, block.scratch
        block.decayed_gradient(s, root)
        np.multiply(s, s, out=root)
        v += root
        np.sqrt(v, out=root)
        root += self.eps
        s /= root
        s *= block.lr
        np.subtract(block.p, s, out=block.p)
