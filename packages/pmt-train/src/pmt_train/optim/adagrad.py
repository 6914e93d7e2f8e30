"""Adagrad."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pmt_autograd import Array
from pmt_core import SettingsError
from pmt_train.optim.flat_parameters import FlatParameters
from pmt_train.optim.optimizer import Optimizer
from pmt_train.optim.parameter_groups import Decays, ParameterGroup, decays_matrices


class Adagrad(Optimizer):
    """Duchi, Hazan & Singer 2011, the diagonal form.

        g = gradient + decay p
        v = v + g^2
        p = p - lr g / (sqrt(v) + eps)

    initial: what v begins with, 0 or more. eps: above 0. Nothing fades here, so that rows of
    tables (without decay) follow the dense form bit for bit.
    """

    state_names = ("v",)
    scratch_count = 2

    def __init__(
        self,
        flat: FlatParameters,
        *,
        initial: float = 0.0,
        eps: float = 1e-10,
        weight_decay: float = 0.0,
        decays: Decays = decays_matrices,
        groups: Sequence[ParameterGroup] = (),
    ) -> None:
        if not initial >= 0:
            raise SettingsError(f"initial is 0 or more, got {initial}")
        if not eps > 0:
            raise SettingsError(f"eps is a small number above 0, got {eps}")
        super().__init__(flat, weight_decay=weight_decay, decays=decays, groups=groups)
        self.eps = eps
        if initial:
            for array in self._state["v"].values():
                array += initial

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
        (v,), (s, other) = state, scratch
        np.multiply(g, scale, out=s)
        if decay:
            np.multiply(p, decay, out=other)
            s += other
        np.multiply(s, s, out=other)
        v += other
        np.sqrt(v, out=other)
        other += self.eps
        s /= other
        s *= lr
        p -= s
