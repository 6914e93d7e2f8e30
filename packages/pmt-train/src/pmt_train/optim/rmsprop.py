"""RMSProp."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pmt_autograd import Array
from pmt_core import SettingsError
from pmt_train.optim.flat_parameters import FlatParameters
from pmt_train.optim.optimizer import Optimizer
from pmt_train.optim.parameter_groups import Decays, ParameterGroup, decays_matrices


class RMSProp(Optimizer):
    """Tieleman & Hinton 2012 (lecture 6e), with momentum as Graves 2013 uses it.

        g = gradient + decay p
        v = alpha v + (1 - alpha) g^2
        m = momentum m + g / (sqrt(v) + eps)
        p = p - lr m

    alpha: in 0 <= alpha < 1. momentum: in 0 <= momentum < 1; 0: none, and no memory for it.
    eps: above 0. Rows of tables: see `Optimizer`; here v fades by `alpha` and m by `momentum`.
    """

    scratch_count = 2

    def __init__(
        self,
        flat: FlatParameters,
        *,
        alpha: float = 0.99,
        momentum: float = 0.0,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decays: Decays = decays_matrices,
        groups: Sequence[ParameterGroup] = (),
    ) -> None:
        for name, value in (("alpha", alpha), ("momentum", momentum)):
            if not 0 <= value < 1:
                raise SettingsError(f"{name} lies in 0 <= {name} < 1, got {value}")
        if not eps > 0:
            raise SettingsError(f"eps is a small number above 0, got {eps}")
        self.alpha = alpha
        self.momentum = momentum
        self.eps = eps
        self.state_names = ("v", "m") if momentum else ("v",)
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
        v, (s, other) = state[0], scratch
        np.multiply(g, scale, out=s)
        if decay:
            np.multiply(p, decay, out=other)
            s += other
        np.multiply(s, math.sqrt(1 - self.alpha), out=other)
        other *= other
        v *= self.alpha
        v += other
        np.sqrt(v, out=other)
        other += self.eps
        s /= other
        if self.momentum:
            m = state[1]
            m *= self.momentum
            m += s
            np.copyto(s, m)
        s *= lr
        p -= s

    def decay_state(self, state: Sequence[Array], gaps: Array) -> None:
        """v and m as they are after `gaps` steps without a gradient."""
        for array, rate in zip(state, (self.alpha, self.momentum), strict=False):
            array *= np.power(rate, gaps).astype(array.dtype)
