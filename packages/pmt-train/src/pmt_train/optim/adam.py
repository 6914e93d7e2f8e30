"""Adam.

AdamW: Adam with decoupled weight decay.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pmt_autograd import Array
from pmt_core import SettingsError
from pmt_train.optim.flat_parameters import FlatParameters
from pmt_train.optim.optimizer import Optimizer
from pmt_train.optim.parameter_groups import Decays, ParameterGroup, decays_matrices


class AdamW(Optimizer):
    """Loshchilov & Hutter 2019, algorithm 2, on Adam of Kingma & Ba 2015.

        m = b1 m + (1 - b1) g              running mean of the gradient
        v = b2 v + (1 - b2) g^2            running mean of its square
        p = p - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps) - lr decay p

    t counts steps from 1. With weight_decay 0 it is Adam. The decay is multiplied by the
    learning rate of the step (the paper multiplies it by the schedule's factor alone), as is
    usual now. Rows of tables: see `Optimizer`; here the moments fade by b1 and b2 a step.

    flat: the parameters. betas: (b1, b2), each in 0 <= b < 1. eps: above 0.
    weight_decay: of those parameters that `decays` chooses (by default all but vectors).
    groups: see `ParameterGroup`.
    """

    state_names: tuple[str, ...] = ("m", "v")
    scratch_count: int = 1

    def __init__(
        self,
        flat: FlatParameters,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        decays: Decays = decays_matrices,
        groups: Sequence[ParameterGroup] = (),
    ) -> None:
        if not all(0 <= beta < 1 for beta in betas):
            raise SettingsError(f"betas lie in 0 <= beta < 1, got {betas}")
        if not eps > 0:
            raise SettingsError(f"eps is a small number above 0, got {eps}")
        super().__init__(flat, weight_decay=weight_decay, decays=decays, groups=groups)
        self.betas = betas
        self.eps = eps

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
        """See the class. The corrections of m and v are drawn together into the step size:

        lr m / (1 - b1^t) / (sqrt(v / c2) + eps) = lr sqrt(c2) / (1 - b1^t) * m
                                                    / (sqrt(v) + eps sqrt(c2)),  c2 = 1 - b2^t
        """
        (m, v), (s,), (b1, b2) = state, scratch, self.betas
        correction = math.sqrt(1 - b2**self.steps)
        step_size = lr * correction / (1 - b1**self.steps)

        np.multiply(g, scale * (1 - b1), out=s)
        m *= b1
        m += s
        np.multiply(g, scale * math.sqrt(1 - b2), out=s)
        s *= s
        v *= b2
        v += s
        np.sqrt(v, out=s)
        s += self.eps * correction
        np.divide(m, s, out=s)
        s *= step_size
        if decay:
            p *= 1 - lr * decay
        p -= s

    def decay_state(self, state: Sequence[Array], gaps: Array) -> None:
        """m and v as they are after `gaps` steps without a gradient."""
        if gaps.any():
            for array, beta in zip(state, self.betas, strict=True):
                array *= np.power(beta, gaps).astype(array.dtype)


class Adam(AdamW):
    """Kingma & Ba 2015, algorithm 1. See `AdamW` for the formula and the other arguments.

    weight_decay: added to the gradient as `decay p` (L2 regularization), so it is divided by the
    root of v as the gradient is; `AdamW` takes it off the parameter instead. The moments of rows
    of tables then count the decay only in the steps that name the row.
    """

    scratch_count = 2

    def __init__(
        self,
        flat: FlatParameters,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decays: Decays = decays_matrices,
        groups: Sequence[ParameterGroup] = (),
    ) -> None:
        super().__init__(
            flat, betas=betas, eps=eps, weight_decay=weight_decay, decays=decays, groups=groups
        )

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
        s, decayed = scratch
        if decay:
            np.multiply(g, scale, out=s)
            np.multiply(p, decay, out=decayed)
            decayed += s
            g, scale = decayed, 1.0
        super().update(p, g, state, [s], lr=lr, scale=scale, decay=0.0)
