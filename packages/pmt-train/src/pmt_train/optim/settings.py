"""Settings of optimizers: parameter groups, the choice of parameters that decay, checks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict

from pmt_core import SettingsError
from pmt_nn import Parameter
from pmt_train.optim.flat_gradients import ParameterSlot


class Decays(Protocol):
    """A function that decides whether weight decay applies to a parameter.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear
        >>> from pmt_train import AdamW
        >>> def decays(name, parameter):
        ...     return parameter.ndim > 1 and not name.startswith("output.")
        >>> model = Linear(2, 2, np.random.default_rng(0))
        >>> decays("weight", model.weight), decays("bias", model.bias)
        (True, False)
        >>> optimizer = AdamW(model.named_parameters(), weight_decay=0.1, decays=decays)
    """

    def __call__(self, name: str, parameter: Parameter, /) -> bool:
        """Return whether the parameter with this dotted name decays."""


def decays_matrices(name: str, parameter: Parameter) -> bool:
    """Return True for matrices and tables, False for vectors (biases, scales of norms).

    The size of a vector does not measure how complex a function is, so decaying it to zero only
    worsens the fit. This is the usual choice for Transformers.
    """
    return parameter.ndim >= 2


@dataclass(frozen=True, slots=True)
class ParameterGroup:
    """The parameters that a predicate chooses, and their settings.

    A parameter belongs to the first group that chooses it. A parameter that no group chooses has
    the settings of the optimizer. To exclude parameters from training, use `Module.freeze`.

    Attributes:
        chooses: (dotted name, parameter) -> whether it belongs to the group.
        lr_factor: factor on the learning rate, 0 or more.
        weight_decay: of all parameters of the group, vectors too; None: as without a group.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear, Sequential
        >>> from pmt_train import SGD, ParameterGroup
        >>> rng = np.random.default_rng(0)
        >>> model = Sequential(Linear(1, 1, rng, bias=False), Linear(1, 1, rng, bias=False))
        >>> lower = ParameterGroup(lambda name, p: name.startswith("parts.0."), lr_factor=0.1)
        >>> optimizer = SGD(model.named_parameters(), lr=1.0, groups=[lower])
        >>> for p in model.parameters():
        ...     p.data[...], p.grad = 5, np.ones((1, 1), np.float32)
        >>> optimizer.step()
        >>> {name: round(p.data.item(), 2) for name, p in model.named_parameters()}
        {'parts.0.weight': 4.9, 'parts.1.weight': 4.0}
    """

    chooses: Decays
    lr_factor: float = 1.0
    weight_decay: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.lr_factor) and self.lr_factor >= 0):
            raise SettingsError(
                f"expected lr_factor to be a number of 0 or more, got {self.lr_factor}"
            )
        if self.weight_decay is not None and not self.weight_decay >= 0:
            raise SettingsError(f"expected weight_decay of 0 or more, got {self.weight_decay}")


class OptimizerOptions(TypedDict, total=False):
    """Keyword arguments that all optimizers share; see `Optimizer`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Parameter
        >>> from pmt_train import SGD, OptimizerOptions
        >>> options: OptimizerOptions = {"decays": lambda name, p: name != "scale"}
        >>> scale, weight = Parameter([[1.0]]), Parameter([[1.0]])
        >>> parameters = [("scale", scale), ("weight", weight)]
        >>> optimizer = SGD(parameters, lr=0.1, weight_decay=0.5, **options)
        >>> scale.grad = weight.grad = np.zeros((1, 1), np.float32)
        >>> optimizer.step()
        >>> scale.data.item(), round(weight.data.item(), 3)
        (1.0, 0.95)
    """

    decays: Decays
    groups: Sequence[ParameterGroup]


def settings_of_slots(
    slots: Sequence[ParameterSlot],
    weight_decay: float,
    decays: Decays,
    groups: Sequence[ParameterGroup],
) -> tuple[list[float], list[float]]:
    """Return the learning rate factors and weight decays of the slots.

    Raises SettingsError if a group chooses no parameter.
    """
    lr_factors, weight_decays, used = [], [], set()
    for slot in slots:
        chosen = (i for i, g in enumerate(groups) if g.chooses(slot.name, slot.parameter))
        number = next(chosen, None)
        group = ParameterGroup(decays) if number is None else groups[number]
        used.add(number)
        lr_factors.append(group.lr_factor)
        decay = group.weight_decay
        if decay is None:
            applies = weight_decay and decays(slot.name, slot.parameter)
            decay = weight_decay if applies else 0.0
        weight_decays.append(decay)
    for i in range(len(groups)):
        if i not in used:
            raise SettingsError(
                f"parameter group {i + 1} of {len(groups)} chooses no parameter (or an earlier "
                "group chooses all of its parameters); compare it to the names in "
                "model.named_parameters()"
            )
    return lr_factors, weight_decays


def check_not_negative(name: str, value: Any) -> None:
    """Raise SettingsError unless `value` is a number of 0 or more."""
    if not isinstance(value, (int, float)) or not (value >= 0 and math.isfinite(value)):
        raise SettingsError(f"expected {name} to be a number of 0 or more, got {value!r}")


def check_eps(eps: float) -> None:
    """Raise SettingsError unless `eps` is above 0."""
    if not eps > 0:
        raise SettingsError(f"expected eps to be a small number above 0, got {eps}")


def check_rates(name: str, *rates: float) -> None:
    """Raise SettingsError unless all rates lie in 0 <= rate < 1."""
    if not all(0 <= rate < 1 for rate in rates):
        raise SettingsError(f"expected 0 <= {name} < 1, got {', '.join(map(str, rates))}")
