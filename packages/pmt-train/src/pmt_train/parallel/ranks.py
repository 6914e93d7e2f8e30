"""`ProcessGroup`: several processes (or threads) that train one model together."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from pmt_autograd import Array


class ProcessGroup(ABC):
    """One member of a team that trains one model together, and how it talks to the others.

    Every rank has the whole model, computes the gradients of its own shard of every batch, and
    takes the same step from the sum over all ranks. A carrier is two operations: `sum_in_place`
    and `all_gather`; there are carriers for one process alone (`SingleProcess`), for threads of one
    process (`thread_ranks`), and for MPI (`mpi_ranks`). All ranks call the same operations in
    the same order, and all get the same bits.

    Attributes:
        rank: number of this member, 0, 1, ... Rank 0 writes the files.
        size: number of members.
    """

    rank: int = 0
    size: int = 1

    @abstractmethod
    def all_reduce_sum(self, array: Array) -> None:
        """Put the sum over all ranks into `array`: contiguous, of one shape and dtype on all."""

    @abstractmethod
    def all_gather(self, array: Array) -> list[Array]:
        """The arrays (n,) of all ranks, in their order; of one dtype, their lengths may differ."""

    def abort(self, code: int) -> None:  # noqa: B027 (alone: nobody to stop)
        """End all ranks at once, because this one cannot go on."""

    def broadcast(self, value: Any) -> Any:
        """Rank 0's value (JSON) on every rank; the values of the others are not looked at."""
        if self.size == 1:
            return value
        mine = json.dumps(value).encode() if self.rank == 0 else b""
        return json.loads(self.all_gather(np.frombuffer(mine, np.uint8))[0].tobytes())

    def highest(self, number: int) -> int:
        """The highest of the ranks' numbers."""
        if self.size == 1:
            return number
        return max(int(found[0]) for found in self.all_gather(np.array([number], np.int64)))


class SingleProcess(ProcessGroup):
    """One process alone."""

    def all_reduce_sum(self, array: Array) -> None:
        """Nothing to add."""

    def all_gather(self, array: Array) -> list[Array]:
        """The array itself."""
        return [array]
