"""A process group of threads in one process, to test distributed training."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from pmt_autograd import Array
from pmt_core import SettingsError
from pmt_train.parallel.process_group import ProcessGroup

R = TypeVar("R")


def run_thread_group(size: int, work: Callable[[ProcessGroup], R]) -> list[R]:
    """Run `work(process_group)` in `size` threads, each one a rank; return the results in order.

    Each thread makes its own model and trainer. The first error, in the order of the ranks, ends
    all threads and is raised.
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
