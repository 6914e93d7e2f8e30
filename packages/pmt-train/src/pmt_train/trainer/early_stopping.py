"""`EarlyStopping` and `ReduceOnPlateau`: immutable values, updated by the score of each epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self, cast

from pmt_core import SettingsError
from pmt_train.trainer.history import to_json_number

Mode = Literal["max", "min"]


class _ScoreTracker:
    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the value as JSON."""
        plain = asdict(cast(Any, self))
        return plain | {"best": None if plain["best"] is None else to_json_number(plain["best"])}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Self:
        """Return the value that `to_dict` wrote, in this or an earlier version."""
        values = {"min_scale" if k == "lowest" else k: value for k, value in state.items()}
        return cls(**values | {"best": None if state["best"] is None else float(state["best"])})


@dataclass(frozen=True, slots=True)
class EarlyStopping(_ScoreTracker):
    """Tracks the best score and decides when to stop.

    The value never changes: `update` returns the next one, so it can be saved and compared.

        stopping = EarlyStopping(patience=3)
        stopping = stopping.update(score)
        if stopping.improved: ...  # keep these weights
        if stopping.should_stop: ...

    Attributes:
        patience: number of scores without improvement after which to stop; None: never.
        mode: "max" if higher scores are better, "min" if lower ones are.
        min_delta: smallest difference that counts as an improvement.
        best: best score so far; None before the first.
        best_round: number of the update (1, 2, ...) with the best score; 0 before the first.
        rounds: number of updates.
        improved: whether the last update was an improvement.
    """

    patience: int | None = None
    mode: Mode = "max"
    min_delta: float = 0.0
    best: float | None = None
    best_round: int = 0
    rounds: int = 0
    improved: bool = False

    def __post_init__(self) -> None:
        if self.patience is not None and self.patience < 1:
            raise SettingsError(f"expected patience of 1 or more, or None, got {self.patience}")
        _check(self.mode, self.min_delta)

    def update(self, score: float) -> EarlyStopping:
        """Return the value after one more score. A nan is never an improvement."""
        improved = _is_better(score, self.best, self.mode, self.min_delta)
        return replace(
            self,
            best=score if improved else self.best,
            best_round=self.rounds + 1 if improved else self.best_round,
            rounds=self.rounds + 1,
            improved=improved,
        )

    @property
    def waited(self) -> int:
        """Number of scores since the best one."""
        return self.rounds - self.best_round

    @property
    def should_stop(self) -> bool:
        """Whether `patience` is used up."""
        return self.patience is not None and self.waited >= self.patience


@dataclass(frozen=True, slots=True)
class ReduceOnPlateau(_ScoreTracker):
    """Lowers the learning rate while the score does not improve. Immutable like `EarlyStopping`.

        plateau = ReduceOnPlateau(patience=2)
        plateau = plateau.update(score)
        lr = schedule(step) * plateau.scale

    Attributes:
        patience: number of scores without improvement after which the rate is lowered.
        factor: factor on the rate, in 0 < factor < 1.
        cooldown: number of scores after that which do not count as waiting.
        min_scale: lower bound of `scale`.
        mode, min_delta, best: as in `EarlyStopping`.
        scale: present factor on the rate of the schedule.
        waited: number of scores since the best one or the last reduction.
        cooling: number of scores of the cooldown that are left.
    """

    patience: int = 2
    factor: float = 0.5
    cooldown: int = 0
    min_scale: float = 0.0
    mode: Mode = "max"
    min_delta: float = 0.0
    scale: float = 1.0
    best: float | None = None
    waited: int = 0
    cooling: int = 0

    def __post_init__(self) -> None:
        if self.patience < 1:
            raise SettingsError(f"expected patience of 1 or more, got {self.patience}")
        if not 0 < self.factor < 1:
            raise SettingsError(f"expected 0 < factor < 1, got {self.factor}")
        if self.cooldown < 0 or not 0 <= self.min_scale <= 1:
            raise SettingsError(
                "expected cooldown of 0 or more and min_scale in 0 ... 1, "
                f"got {self.cooldown} and {self.min_scale}"
            )
        _check(self.mode, self.min_delta)

    def update(self, score: float) -> ReduceOnPlateau:
        """Return the value after one more score. A nan is never an improvement."""
        better = _is_better(score, self.best, self.mode, self.min_delta)
        cooling = max(self.cooling - 1, 0)
        waited = 0 if better or self.cooling else self.waited + 1
        scale = self.scale
        if waited >= self.patience:
            scale = max(scale * self.factor, self.min_scale)
            waited, cooling = 0, self.cooldown
        best = score if better else self.best
        return replace(self, best=best, waited=waited, cooling=cooling, scale=scale)


def _is_better(score: float, best: float | None, mode: Mode, min_delta: float) -> bool:
    if math.isnan(score) or best is None:
        return not math.isnan(score)
    return (score - best if mode == "max" else best - score) > min_delta


def _check(mode: str, min_delta: float) -> None:
    if mode not in ("max", "min"):
        raise SettingsError(f"expected mode to be 'max' or 'min', got {mode!r}")
    if not min_delta >= 0:
        raise SettingsError(f"expected min_delta of 0 or more, got {min_delta}")
