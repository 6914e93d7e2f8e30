"""Early stopping as a value: what is known so far about the best score."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self

from pmt_core import SettingsError

Mode = Literal["max", "min"]


@dataclass(frozen=True, slots=True)
class EarlyStopping:
    """Keeps track of the best score and says when waiting for a better one is over.

    It never changes: `update` returns the next value, so it can be saved, compared and resumed.

        stopping = EarlyStopping(patience=3)
        stopping = stopping.update(score)
        if stopping.improved: ...  # keep these weights
        if stopping.should_stop: ...

    Attributes:
        patience: scores in a row without improvement after which to stop; None: never.
        mode: "max" where higher is better, "min" where lower is.
        min_delta: by how much a score must be better to count as an improvement.
        best: best score so far; None before the first.
        best_round: number of the update (1, 2, ...) that brought it; 0 before.
        rounds: number of updates so far.
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
            raise SettingsError(f"patience is 1 or more (or None: never), got {self.patience}")
        if self.mode not in ("max", "min"):
            raise SettingsError(f"mode is 'max' or 'min', got {self.mode!r}")
        if not self.min_delta >= 0:
            raise SettingsError(f"min_delta is 0 or more, got {self.min_delta}")

    def update(self, score: float) -> EarlyStopping:
        """The value after one more score. A nan is never an improvement."""
        improved = self._better(score)
        return replace(
            self,
            best=score if improved else self.best,
            best_round=self.rounds + 1 if improved else self.best_round,
            rounds=self.rounds + 1,
            improved=improved,
        )

    @property
    def waited(self) -> int:
        """Scores since the best one."""
        return self.rounds - self.best_round

    @property
    def should_stop(self) -> bool:
        """Whether patience is used up."""
        return self.patience is not None and self.waited >= self.patience

    def _better(self, score: float) -> bool:
        if math.isnan(score):
            return False
        if self.best is None:
            return True
        gain = score - self.best if self.mode == "max" else self.best - score
        return gain > self.min_delta

    def to_dict(self) -> dict[str, Any]:
        """As a dictionary for `from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Self:
        """The value that `to_dict` wrote."""
        return cls(**state)
