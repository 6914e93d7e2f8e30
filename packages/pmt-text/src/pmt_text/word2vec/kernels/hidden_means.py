"""The hidden vectors of CBOW: means of the vectors that a word sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["HiddenMeans"]


@dataclass(frozen=True, slots=True, eq=False)
class HiddenMeans:
    """For u updates of r blocks of b words among m inputs.

    Attributes:
        mean: (u, r, b, m): hidden = mean @ inputs.
        spread: (u, r, m, b): by inputs = spread @ by hidden. Where it is the transpose of `mean` it
            is the exact gradient; of zeros and ones, every input takes the whole error, as in the C
            program.
        predicted: (u, r, b) 1 for a word with context; another is not predicted, 0.
    """

    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    predicted: NDArray[np.float32]

    @staticmethod
    def over(
        sees: NDArray[np.float32], seen: NDArray[np.float32], *, share_error: bool
    ) -> HiddenMeans:
        """sees: (u, r, b, m), 1 where the input is context of the word. seen: (u, r, b) its sum."""
        mean = sees * np.reciprocal(np.maximum(seen, 1))[..., np.newaxis]
        errors = mean if share_error else sees
        return HiddenMeans(mean, errors.swapaxes(-1, -2), np.minimum(seen, 1))
