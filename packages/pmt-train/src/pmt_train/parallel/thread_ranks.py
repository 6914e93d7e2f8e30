"""ProcessGroup that are threads of one process: to test and to measure what machines would do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from pmt_autograd import Array
from pmt_core import SettingsError
from pmt_train.parallel.ranks import ProcessGroup

R = TypeVar("R")


def run_thread_group(size: int, work: Callable[[ProcessGroup], R]) -> list[R]:
    """`work(ranks)` in `size` threads that are one another's ranks; what each returned, in order.

    Every thread makes its own model and trainer. The first error, in the order of the ranks,
    ends all of them and is raised.
    """
    if size < 1:
        raise SettingsError(f"the number of ranks is 1 or more, got {size}")
    team = _Team(size)
    results: dict[int, R] = {}
    errors: dict[int, BaseException] = {}

    def run(rank: int) -> None:
        try:
            results[rank] = work(_ThreadRank(team, rank))
        except BaseException as error:
            errors[rank] = error
            team.barrier.abort()

    threads = [threading.Thread(target=run, args=(i,), name=f"pmt-rank-{i}") for i in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        causes = [i for i in errors if not isinstance(errors[i], threading.BrokenBarrierError)]
        raise errors[min(causes or errors)]
    return [results[i] for i in range(size)]


class _Team:
    """What the threads share: a place for everyone's array, and a barrier."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.barrier = threading.Barrier(size)
        self.arrays: list[Array] = [np.empty(0)] * size


class _ThreadRank(ProcessGroup):
    def __init__(self, team: _Team, rank: int) -> None:
        self._team = team
        self.rank = rank
        self.size = team.size

    def all_reduce_sum(self, array: Array) -> None:
        """Every rank adds up one stretch of all arrays, in the order of the ranks."""
        team = self._team
        team.arrays[self.rank] = array.reshape(-1)
        team.barrier.wait()
        n = array.size
        part = slice(n * self.rank // self.size, n * (self.rank + 1) // self.size)
        total = team.arrays[0][part].copy()
        for other in team.arrays[1:]:
            total += other[part]
        for other in team.arrays:
            other[part] = total  # no other rank reads or writes this stretch
        team.barrier.wait()

    def all_gather(self, array: Array) -> list[Array]:
        """Copies, so that everyone may go on with their own."""
        team = self._team
        team.arrays[self.rank] = array
        team.barrier.wait()
        found = [other.copy() for other in team.arrays]
        team.barrier.wait()
        return found
