"""Parameters that are trained with settings of their own.

Which parameters a weight decay is for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from pmt_core import SettingsError
from pmt_nn import Parameter


@dataclass(frozen=True, slots=True)
class ParameterGroup:
    """The parameters that a predicate chooses, and how they are trained.

        groups=[
            ParameterGroup(lambda name, p: name.startswith("encoder."), lr_factor=0.1),
            ParameterGroup(lambda name, p: "embed" in name, weight_decay=0.0),
        ]

    The first group that chooses a parameter is its group; what no group chooses is trained with
    the optimizer's own settings. `Module.freeze` is for parameters that are not trained at all.

    Attributes:
        chooses: (dotted name, parameter) -> whether it belongs here.
        lr_factor: what the learning rate is multiplied by, 0 or more.
        weight_decay: of all parameters of the group, vectors too; None: as without a group.
    """

    chooses: Callable[[str, Parameter], bool]
    lr_factor: float = 1.0
    weight_decay: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.lr_factor) and self.lr_factor >= 0):
            raise SettingsError(f"lr_factor is a number of 0 or more, got {self.lr_factor}")
        if self.weight_decay is not None and not self.weight_decay >= 0:
            raise SettingsError(f"weight_decay is 0 or more, got {self.weight_decay}")


Decays = Callable[[str, Parameter], bool]
"""(dotted name, parameter) -> whether it decays."""


def decays_matrices(name: str, parameter: Parameter) -> bool:
    """Matrices and tables decay; biases and the scales of norms (vectors) do not.

    A vector's size says nothing about how complex a function is, so pulling it to zero only
    makes the fit worse: what is usual where a Transformer is trained.
    """
    return parameter.ndim >= 2
