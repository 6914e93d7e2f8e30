"""Lowering the learning rate on a plateau, as a value: what is known so far about the score."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from pmt_core import SettingsError
from pmt_train.trainer.early_stopping import Mode
from pmt_train.trainer.history import to_json_number


@dataclass(frozen=True, slots=True)
class ReduceOnPlateau:
    """Says what to multiply the learning rate by, from scores that come after every epoch.

    It never changes: `update` returns the next value, so it can be saved, compared and resumed.

        plateau = ReduceOnPlateau(patience=2)
        plateau = plateau.update(score)
        lr = schedule(step) * plateau.scale

    Attributes:
        patience: scores in a row without improvement after which the rate is lowered.
        factor: what it is multiplied by then, in 0 < factor < 1.
        cooldown: scores after that which are not counted as waiting.
        lowest: the least that `scale` falls to.
        mode: "max" where higher is better, "min" where lower is.
        min_delta: by how much a score must be better to count as an improvement.
        scale: what the schedule's rate is multiplied by now.
        best: best score so far; None before the first.
        waited: scores since the best one or the last lowering. cooling: scores of cooldown left.
    """

    patience: int = 2
    factor: float = 0.5
    cooldown: int = 0
    lowest: float = 0.0
    mode: Mode = "max"
    min_delta: float = 0.0
    scale: float = 1.0
    best: float | None = None
    waited: int = 0
    cooling: int = 0

    def __post_init__(self) -> None:
        if self.patience < 1:
            raise SettingsError(f"patience is 1 or more, got {self.patience}")
        if not 0 < self.factor < 1:
            raise SettingsError(f"factor lies in 0 < factor < 1, got {self.factor}")
        if self.cooldown < 0 or not 0 <= self.lowest <= 1:
            raise SettingsError(
                "cooldown is 0 or more and lowest lies in 0 ... 1, "
                f"got {self.cooldown} and {self.lowest}"
            )
        if self.mode not in ("max", "min"):
            raise SettingsError(f"mode is 'max' or 'min', got {self.mode!r}")
        if not self.min_delta >= 0:
            raise SettingsError(f"min_delta is 0 or more, got {self.min_delta}")

    def update(self, score: float) -> ReduceOnPlateau:
        """The value after one more score. A nan is never an improvement."""
        better = self._better(score)
        cooling = max(self.cooling - 1, 0)
        waited = 0 if better or self.cooling else self.waited + 1
        scale = self.scale
        if waited >= self.patience:
            scale = max(scale * self.factor, self.lowest)
            waited, cooling = 0, self.cooldown
        best = score if better else self.best
        return replace(self, best=best, waited=waited, cooling=cooling, scale=scale)

    def _better(self, score: float) -> bool:
        if math.isnan(score):
            return False
        if self.best is None:
            return True
        gain = score - self.best if self.mode == "max" else self.best - score
        return gain > self.min_delta

    def to_dict(self) -> dict[str, Any]:
        """As a dictionary for `from_dict`, of what JSON can hold."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {"best": None if self.best is None else to_json_number(self.best)}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Self:
        """The value that `to_dict` wrote."""
        best = state["best"]
        return cls(**dict(state) | {"best": None if best is None else float(best)})
