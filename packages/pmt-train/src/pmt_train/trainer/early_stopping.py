"""`EarlyStopping` and `ReduceOnPlateau`: immutable values, updated by the score of each epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self, cast

from pmt_core import SettingsError, dataclass_fields, json_errors, json_object
from pmt_train.trainer.history import from_json_number, to_json_number

Mode = Literal["max", "min"]
"""Whether a higher or a lower score is better."""


class _ScoreTracker:
    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the value as JSON."""
        plain = asdict(cast(Any, self))
        return plain | {"best": None if plain["best"] is None else to_json_number(plain["best"])}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Self:
        """Return the value that `to_dict` wrote, in this or an earlier version.

        Raises:
            DataError, SettingsError: an entry is missing, unknown, of another type or out of range.
        """
        state = json_object(state)
        if "lowest" in state:
            state["min_scale"] = state.pop("lowest")
        values = dataclass_fields(state, cls, {"best": _best_from_json})
        if values.get("best") is None and "best_round" in values:
            values["best_round"] = 0  # earlier versions took an infinite score for the best
        with json_errors(state.where):
            return cls(**values)


@dataclass(frozen=True, slots=True)
class EarlyStopping(_ScoreTracker):
    """Tracks the best score and decides when to stop.

    The value never changes: `update` returns the next one, so it can be saved and compared.

    Attributes:
        patience: number of scores without improvement after which to stop; None: never.
        mode: "max" if higher scores are better, "min" if lower ones are.
        min_delta: smallest difference that counts as an improvement.
        best: best score so far; None before the first that is finite.
        best_round: number of the update (1, 2, ...) with the best score; 0 if there is none.
        rounds: number of updates.
        improved: whether the last update was an improvement.

    Examples:
        >>> from pmt_train import EarlyStopping
        >>> stopping = EarlyStopping(patience=2)
        >>> for score in (0.70, 0.80, 0.79, 0.78):
        ...     stopping = stopping.update(score)
        ...     print(score, stopping.improved, stopping.waited, stopping.should_stop)
        0.7 True 0 False
        0.8 True 0 False
        0.79 False 1 False
        0.78 False 2 True
        >>> stopping.best, stopping.best_round
        (0.8, 2)
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
        if not 0 <= self.best_round <= self.rounds:
            raise SettingsError(
                "expected best_round of 0 or more, and at most the number of rounds "
                f"{self.rounds}, got {self.best_round}"
            )
        _check(self.mode, self.min_delta)

    def update(self, score: float) -> EarlyStopping:
        """Return the value after one more score. A nan or infinite one is no improvement."""
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

    The learning rate of a step is `schedule(step) * plateau.scale`.

    Attributes:
        patience: number of scores without improvement after which the rate is lowered.
        factor: factor on the rate, in 0 < factor < 1.
        cooldown: number of scores after that which do not count as waiting.
        min_scale: lower bound of `scale`.
        mode, min_delta, best: as in `EarlyStopping`.
        scale: present factor on the rate of the schedule.
        waited: number of scores since the best one or the last reduction.
        cooling: number of scores of the cooldown that are left.

    Examples:
        >>> from pmt_train import ReduceOnPlateau
        >>> plateau = ReduceOnPlateau(patience=2, factor=0.5)
        >>> for score in (0.70, 0.69, 0.68, 0.72, 0.71):
        ...     plateau = plateau.update(score)
        ...     print(score, plateau.scale)
        0.7 1.0
        0.69 1.0
        0.68 0.5
        0.72 0.5
        0.71 0.5
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
        if not 0 <= self.scale <= 1 or self.waited < 0 or self.cooling < 0:
            raise SettingsError(
                "expected scale in 0 ... 1, waited and cooling of 0 or more, got "
                f"{self.scale}, {self.waited} and {self.cooling}"
            )
        _check(self.mode, self.min_delta)

    def update(self, score: float) -> ReduceOnPlateau:
        """Return the value after one more score. A nan or infinite one is no improvement."""
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
    if not math.isfinite(score) or best is None:
        return math.isfinite(score)
    return (score - best if mode == "max" else best - score) > min_delta


def _check(mode: str, min_delta: float) -> None:
    if mode not in ("max", "min"):
        raise SettingsError(f"expected mode to be 'max' or 'min', got {mode!r}")
    if not 0 <= min_delta < math.inf:
        raise SettingsError(f"expected a finite min_delta of 0 or more, got {min_delta}")


def _best_from_json(value: object) -> float | None:
    """Return the best score; None for an infinite one of an earlier version."""
    score = None if value is None else from_json_number(value)
    return score if score is not None and math.isfinite(score) else None
