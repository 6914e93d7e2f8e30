"""`RandomChoices`: random numbers and choices that are the same with every version of NumPy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pmt_core import RandomStream

T = TypeVar("T")


class RandomChoices:
    """Choices from one random stream.

    Only uniform numbers are drawn, as NumPy may change the algorithms of its other distributions.
    """

    def __init__(self, stream: RandomStream) -> None:
        self._rng = stream.generator()

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return self._rng.random() < probability

    def below(self, n: int) -> int:
        """Return an integer in 0, ..., n - 1."""
        return int(self._rng.random() * n)

    def number(self, low: int, high: int) -> int:
        """Return an integer in low, ..., high."""
        return low + self.below(high - low + 1)

    def between(self, low: float, high: float) -> float:
        """Return a number between two bounds."""
        return low + (high - low) * self._rng.random()

    def around_zero(self, spread: float) -> float:
        """Return an approximately normal number, at most 2 `spread` from 0."""
        return spread * float(self._rng.random(4).sum() - 2)

    def field(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Return numbers in 0 to 1 of this shape."""
        return self._rng.random(shape)

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of the choices."""
        return choices[self.below(len(choices))]

    def pick_other(self, choices: Sequence[T], excluded: T) -> T:
        """Return one of the choices, but not `excluded`."""
        return self.pick([choice for choice in choices if choice != excluded])

    def weighted(self, weights: Mapping[T, float]) -> T:
        """Return a key with probability proportional to its weight."""
        left = self._rng.random() * sum(weights.values())
        for choice, weight in weights.items():
            left -= weight
            if left < 0:
                return choice
        return list(weights)[-1]

    def shuffled(self, choices: Sequence[T]) -> list[T]:
        """Return the choices in random order."""
        order = np.argsort([self._rng.random() for _ in choices], kind="stable")
        return [choices[i] for i in order]
