"""First these batches, then those: a curriculum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

from pmt_core import SettingsError
from pmt_text.batching.bucket_batches import BucketBatches

__all__ = ["Curriculum"]

B = TypeVar("B")


class Curriculum(Generic[B]):
    """Epochs over one data set, then epochs over another.

    phases: (batches, number of epochs), in order. Epochs beyond the last phase are of its kind.
    """

    def __init__(self, phases: Sequence[tuple[BucketBatches[B], int]]) -> None:
        if not phases or any(epochs < 0 for _, epochs in phases):
            raise SettingsError(
                "phases are (batches, number of epochs, 0 or more), at least one of them"
            )
        self.phases = tuple(phases)

    def epoch(self, n: int) -> Iterator[B]:
        """The batches of epoch n (0, 1, ...) of the whole: a pure function of n."""
        for batches, epochs in self.phases[:-1]:
            if n < epochs:
                return batches.epoch(n)
            n -= epochs
        return self.phases[-1][0].epoch(n)

    def steps(self) -> list[int]:
        """Number of batches of each phase, over all of its epochs."""
        return [len(batches) * epochs for batches, epochs in self.phases]
