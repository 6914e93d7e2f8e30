"""`ProcessGroup`: processes (or threads) that train one model together."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from pmt_autograd import Array


class ProcessGroup(ABC):
    """One member of a group that trains one model, and its communication with the others.

    Every rank holds the whole model, computes the gradients of its own shard of each batch, and
    takes the same step from the sum over all ranks. An implementation provides two operations,
    `all_reduce_sum` and `all_gather`: `SingleProcess`, `thread_group` for threads of one process,
    `mpi_group` for MPI. All ranks call the same operations in the same order and get bit-identical
    results.

    Attributes:
        rank: number of this member, 0, 1, ... Rank 0 writes the files.
        size: number of members.
    """

    rank: int = 0
    size: int = 1

    @abstractmethod
    def all_reduce_sum(self, array: Array) -> None:
        """Replace `array` by the sum over all ranks. Contiguous, same shape and dtype on all."""

    @abstractmethod
    def all_gather(self, array: Array) -> list[Array]:
        """Return the arrays (n,) of all ranks in order. Same dtype; lengths may differ."""

    def abort(self, code: int) -> None:  # noqa: B027 (a single process has nobody to stop)
        """End all ranks at once because this one cannot continue."""

    def broadcast(self, value: Any) -> Any:
        """Return rank 0's value (JSON) on every rank; the values of the others are ignored."""
        if self.size == 1:
            return value
        message = json.dumps(value).encode() if self.rank == 0 else b""
        return json.loads(self.all_gather(np.frombuffer(message, np.uint8))[0].tobytes())

    def all_reduce_max(self, number: int) -> int:
        """Return the largest of the ranks' numbers."""
        if self.size == 1:
            return number
        return max(int(numbers[0]) for numbers in self.all_gather(np.array([number], np.int64)))


class SingleProcess(ProcessGroup):
    """A group of one process."""

    def all_reduce_sum(self, array: Array) -> None:
        """Do nothing: the array is the sum."""

    def all_gather(self, array: Array) -> list[Array]:
        """Return the array itself."""
        return [array]
