"""The hidden vectors of CBOW: means of the vectors that a word sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["HiddenMeans"]


@dataclass(frozen=True, slots=True, eq=False)
class HiddenMeans:
    """For r blocks of b words among m inputs.

    Attributes:
        mean: (r, b, m): hidden = mean @ inputs.
        errors: (r, b, m): by inputs = errors^T @ by hidden. Equal to `mean` it is the exact
            gradient; of zeros and ones, every input takes the whole error, as in the C program.
        predicted: (r, b) 1 for a word with context; another is not predicted, 0.
    """

    mean: NDArray[np.float32]
    errors: NDArray[np.float32]
    predicted: NDArray[np.float32]

    @staticmethod
    def over(sees: NDArray[np.float32], *, share_error: bool) -> HiddenMeans:
        """sees: (r, b, m), 1 where the input is context of the word."""
        counted = sees.sum(axis=2)
        mean = sees / np.maximum(counted, 1)[:, :, np.newaxis]
        return HiddenMeans(mean, mean if share_error else sees, np.minimum(counted, 1))

    def of(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """(r, m, d) -> (r, b, d)."""
        return self.mean @ inputs

    def spread(self, by_hidden: NDArray[np.float32]) -> NDArray[np.float32]:
        """(r, b, d) -> (r, m, d)."""
        return self.errors.transpose(0, 2, 1) @ by_hidden

    def __getitem__(self, blocks: slice) -> HiddenMeans:
        return HiddenMeans(self.mean[blocks], self.errors[blocks], self.predicted[blocks])
