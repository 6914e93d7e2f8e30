"""Stochastic gradient descent, with momentum or Nesterov momentum."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from pmt_core import SettingsError
from pmt_train.optim.blocks import Block
from pmt_train.optim.flat_parameters import Parameters
from pmt_train.optim.optimizer import Optimizer
from pmt_train.optim.settings import OptimizerOptions, check_rates


class SGD(Optimizer):
    """Stochastic gradient descent with momentum (Sutskever et al. 2013).

        g = gradient + decay p
        m = momentum m + g
        p = p - lr m                     nesterov: p = p - lr (g + momentum m)

    0 <= momentum < 1; without momentum no state is kept. Other arguments: see `Optimizer`.

    Examples:
        >>> from pmt_nn import Parameter
        >>> from pmt_train import SGD
        >>> p = Parameter([1.0, -100.0])
        >>> optimizer = SGD([p], lr=0.1, momentum=0.9)
        >>> for _ in range(3):  # the momentum makes the steps longer
        ...     optimizer.zero_grad()
        ...     (p * p).sum().backward()
        ...     optimizer.step()
        ...     print(p.data.round(3))
        [  0.8 -80. ]
        [  0.46 -46.  ]
        [ 0.062 -6.2  ]
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float | None = None,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        check_rates("momentum", momentum)
        if nesterov and not momentum:
            raise SettingsError("nesterov=True needs a momentum above 0, e.g. 0.9")
        if momentum:
            self.state_names, self.state_rates = ("m",), (momentum,)
        super().__init__(parameters, lr, weight_decay=weight_decay, **options)
        self.momentum = momentum
        self.nesterov = nesterov

    def update(self, block: Block) -> None:
        """See the class."""
        s, scratch = block.scratch
        block.decayed_gradient(s, scratch)
        for m in block.state:
            m *= self.momentum
            m += s
            if self.nesterov:
                np.multiply(m, self.momentum, out=scratch)
                s += scratch
            else:
                np.copyto(s, m)
        s *= block.lr
        np.subtract(block.p, s, out=block.p)
