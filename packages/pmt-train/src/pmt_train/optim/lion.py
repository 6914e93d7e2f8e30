"""Lion: the sign of a momentum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pmt_autograd import Array
from pmt_core import SettingsError
from pmt_train.optim.flat_parameters import FlatParameters
from pmt_train.optim.optimizer import Optimizer
from pmt_train.optim.parameter_groups import Decays, ParameterGroup, decays_matrices


class Lion(Optimizer):
    """Chen et al. 2023, algorithm 2.

        p = p - lr (sign(b1 m + (1 - b1) g) + decay p)
        m = b2 m + (1 - b2) g

    Every number moves by the learning rate in every step, so that wants to be 3 to 10 times
    smaller than Adam's, and the decay as much larger. One array of state instead of Adam's two.

    betas: (b1, b2), each in 0 <= b < 1. Rows of tables: see `Optimizer`; m fades by b2 a step.
    """

    state_names = ("m",)
    scratch_count = 2

    def __init__(
        self,
        flat: FlatParameters,
        *,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        decays: Decays = decays_matrices,
        groups: Sequence[ParameterGroup] = (),
    ) -> None:
        if not all(0 <= beta < 1 for beta in betas):
            raise SettingsError(f"betas lie in 0 <= beta < 1, got {betas}")
        super().__init__(flat, weight_decay=weight_decay, decays=decays, groups=groups)
        self.betas = betas

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
        (m,), (s, step), (b1, b2) = state, scratch, self.betas
        np.multiply(g, scale * (1 - b1), out=s)
        np.multiply(m, b1, out=step)
        step += s
        np.sign(step, out=step)
        step *= lr
        if decay:
            p *= 1 - lr * decay
        p -= step
        np.multiply(g, scale * (1 - b2), out=s)
        m *= b2
        m += s

    def decay_state(self, state: Sequence[Array], gaps: Array) -> None:
        """m as it is after `gaps` steps without a gradient."""
        for m in state:
            m *= np.power(self.betas[1], gaps).astype(m.dtype)
