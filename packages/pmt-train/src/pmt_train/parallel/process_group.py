"""`ProcessGroup`: processes or threads that train one model together, without MPI."""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from pmt_autograd import Array
from pmt_core import SettingsError

R = TypeVar("R")


class ProcessGroup(ABC):
    """One member of a group that trains one model, and its communication with the others.

    Every rank holds the whole model, computes the gradients of its own shard of each batch, and
    takes the same step from the sum over all ranks. An implementation provides two operations,
    `all_reduce_sum` and `all_gather`: `SingleProcess`, `run_thread_group` for threads, `mpi_group`
    for MPI. All ranks call the same operations in the same order and get bit-identical results.
    `rank` is the number of this member, 0 to `size` - 1; rank 0 writes the files. `bucket_bytes` is
    the size of the parts in which a `Trainer` sums gradients while it computes the next ones; 0:
    all are summed at the end of a step. The results are the same.

    Examples:
        >>> import numpy as np
        >>> from pmt_train import ProcessGroup, run_thread_group
        >>> def work(group: ProcessGroup) -> list[float]:
        ...     gradient = np.array([1.0, 10.0]) * group.rank
        ...     group.all_reduce_sum(gradient)
        ...     return gradient.tolist()
        >>> run_thread_group(3, work)  # 0 + 1 + 2 on every rank
        [[3.0, 30.0], [3.0, 30.0], [3.0, 30.0]]
    """

    rank: int = 0
    size: int = 1
    bucket_bytes: int = 1 << 20

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
    """A group of one process.

    Examples:
        >>> import numpy as np
        >>> from pmt_train import SingleProcess
        >>> group = SingleProcess()
        >>> group.rank, group.size, group.all_gather(np.array([1, 2]))
        (0, 1, [array([1, 2])])
    """

    def all_reduce_sum(self, array: Array) -> None:
        """Do nothing: the array is the sum."""

    def all_gather(self, array: Array) -> list[Array]:
        """Return the array itself."""
        return [array]


def run_thread_group(size: int, work: Callable[[ProcessGroup], R]) -> list[R]:
    """Run `work(process_group)` in `size` threads, each one a rank; return the results in order.

    It tests distributed training without MPI. Each thread makes its own model and trainer. The
    first error, in the order of the ranks, ends all threads and is raised.

    Examples:
        >>> import numpy as np
        >>> from pmt_train import run_thread_group
        >>> def work(group):
        ...     rows = group.all_gather(np.arange(group.rank + 1))  # 1, 2 and 3 numbers
        ...     return len(rows), group.broadcast({"seed": 7 + group.rank})["seed"]
        >>> run_thread_group(3, work)  # the seed is that of rank 0
        [(3, 7), (3, 7), (3, 7)]
    """
    if size < 1:
        raise SettingsError(f"the number of ranks is 1 or more, got {size}")
    shared = _SharedState(size)
    results: dict[int, R] = {}
    errors: dict[int, BaseException] = {}

    def run(rank: int) -> None:
        try:
            results[rank] = work(_Thread(shared, rank))
        except BaseException as error:
            errors[rank] = error
            shared.barrier.abort()

    threads = [threading.Thread(target=run, args=(i,), name=f"pmt-rank-{i}") for i in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        causes = [i for i in errors if not isinstance(errors[i], threading.BrokenBarrierError)]
        raise errors[min(causes or errors)]
    return [results[i] for i in range(size)]


class _SharedState:
    """State shared by the threads: one array per rank, and a barrier."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.barrier = threading.Barrier(size)
        self.arrays: list[Array] = [np.empty(0)] * size


class _Thread(ProcessGroup):
    def __init__(self, shared: _SharedState, rank: int) -> None:
        self._shared = shared
        self.rank = rank
        self.size = shared.size

    def all_reduce_sum(self, array: Array) -> None:
        """Let each rank add up one part of all arrays, in the order of the ranks."""
        shared = self._shared
        shared.arrays[self.rank] = array.reshape(-1)
        shared.barrier.wait()
        n = array.size
        part = slice(n * self.rank // self.size, n * (self.rank + 1) // self.size)
        total = shared.arrays[0][part].copy()
        for other in shared.arrays[1:]:
            total += other[part]
        for other in shared.arrays:
            other[part] = total  # no other rank reads or writes this part
        shared.barrier.wait()

    def all_gather(self, array: Array) -> list[Array]:
        """Return copies, so that each rank may change its own array afterwards."""
        shared = self._shared
        shared.arrays[self.rank] = array
        shared.barrier.wait()
        copies = [other.copy() for other in shared.arrays]
        shared.barrier.wait()
        return copies
