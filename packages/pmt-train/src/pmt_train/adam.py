"""Adam."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pmt_train.adamw import AdamW
from pmt_train.flat_parameters import FlatParameters
from pmt_train.parameter_group import ParameterGroup
from pmt_train.parameter_slot import Array
from pmt_train.weight_decay import Decays, decays_matrices


class Adam(AdamW):
    """Kingma & Ba 2015, algorithm 1. See `AdamW` for the formula and the other arguments.

    weight_decay: added to the gradient as `decay p` (L2 regularisation), so it is divided by the
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
