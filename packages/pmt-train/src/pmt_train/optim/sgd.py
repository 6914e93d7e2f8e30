"""Stochastic gradient descent, with momentum or Nesterov's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pmt_autograd import Array
from pmt_core import SettingsError
from pmt_train.optim.flat_parameters import FlatParameters
from pmt_train.optim.optimizer import Optimizer
from pmt_train.optim.parameter_groups import Decays, ParameterGroup, decays_matrices


class SGD(Optimizer):
    """p = p - lr g, with momentum that of Sutskever et al. 2013.

        g = gradient + decay p
        m = momentum m + g
        p = p - lr m                     nesterov: p = p - lr (g + momentum m)

    momentum: in 0 <= momentum < 1; 0: none, and no memory for it. nesterov: look ahead; needs
    momentum. Rows of tables: see `Optimizer`; here m fades by `momentum` a step.
    """

    scratch_count = 2

    def __init__(
        self,
        flat: FlatParameters,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        decays: Decays = decays_matrices,
        groups: Sequence[ParameterGroup] = (),
    ) -> None:
        if not 0 <= momentum < 1:
            raise SettingsError(f"momentum lies in 0 <= momentum < 1, got {momentum}")
        if nesterov and not momentum:
            raise SettingsError("nesterov=True needs a momentum above 0, e.g. 0.9")
        self.momentum = momentum
        self.nesterov = nesterov
        self.state_names = ("m",) if momentum else ()
        super().__init__(flat, weight_decay=weight_decay, decays=decays, groups=groups)

    def update(
        self,
        p: Array,
        g: Array,
        state: Sequence[Array],
        scratch: Sequence[Array],
        *,
        lr: float,
        scale: float,
        decay: float,
    ) -> None:
        """See the class."""
        s, other = scratch
        np.multiply(g, scale, out=s)
        if decay:
            np.multiply(p, decay, out=other)
            s += other
        if state:
            (m,) = state
            m *= self.momentum
            m += s
            if self.nesterov:
                np.multiply(m, self.momentum, out=other)
                s += other
            else:
                np.copyto(s, m)
        s *= lr
        p -= s

    def decay_state(self, state: Sequence[Array], gaps: Array) -> None:
        """m as it is after `gaps` steps without a gradient."""
        for m in state:
            m *= np.power(self.momentum, gaps).astype(m.dtype)
