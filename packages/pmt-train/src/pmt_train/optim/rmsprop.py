"""RMSProp (Tieleman & Hinton 2012), optionally centered and with momentum."""

from __future__ import annotations

import math
from typing import Unpack

import numpy as np

from pmt_train.optim.blocks import Block
from pmt_train.optim.flat_parameters import Parameters
from pmt_train.optim.optimizer import Optimizer
from pmt_train.optim.settings import OptimizerOptions, check_eps, check_rates


class RMSProp(Optimizer):
    """RMSProp (Tieleman & Hinton 2012, lecture 6e) with momentum as in Graves 2013.

        g = gradient + decay p
        v = alpha v + (1 - alpha) g^2
        m = momentum m + g / (sqrt(v) + eps)
        p = p - lr m

    0 <= alpha < 1, 0 <= momentum < 1 and eps > 0; without momentum m is not kept. Other
    arguments: see `Optimizer`.

    Examples:
        >>> from pmt_nn import Parameter
        >>> from pmt_train import RMSProp
        >>> p = Parameter([1.0, -100.0])
        >>> optimizer = RMSProp([p], lr=0.1, alpha=0.9)
        >>> for _ in range(3):  # the first step does not depend on the size of the gradient
        ...     optimizer.zero_grad()
        ...     (p * p).sum().backward()
        ...     optimizer.step()
        ...     print(p.data.round(3))
        [  0.684 -99.684]
        [  0.499 -99.455]
        [  0.369 -99.263]
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float | None = None,
        *,
        alpha: float = 0.99,
        momentum: float = 0.0,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        check_rates("alpha", alpha)
        check_rates("momentum", momentum)
        check_eps(eps)
        self.state_names = ("v", "m") if momentum else ("v",)
        self.state_rates = (alpha, momentum) if momentum else (alpha,)
        super().__init__(parameters, lr, weight_decay=weight_decay, **options)
        self.alpha = alpha
        self.momentum = momentum
        self.eps = eps

    def update(self, block: Block) -> None:
        """See the class."""
        v, (s, root) = block.state[0], block.scratch
        block.decayed_gradient(s, root)
        np.multiply(s, math.sqrt(1 - self.alpha), out=root)
        root *= root
        v *= self.alpha
        v += root
        np.sqrt(v, out=root)
        root += self.eps
        s /= root
        if self.momentum:
            m = block.state[1]
            m *= self.momentum
            m += s
            np.copyto(s, m)
        s *= block.lr
        np.subtract(block.p, s, out=block.p)
