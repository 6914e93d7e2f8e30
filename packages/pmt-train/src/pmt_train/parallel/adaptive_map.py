"""`AdaptiveMap`: a map by threads, or by one thread where several wait for each other."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from pmt_train.parallel.workers import Workers

A = TypeVar("A")
R = TypeVar("R")

TRIALS = 5
"""Calls of each way, in turns, before one of them is chosen."""

PERIOD = 500
"""Calls after which the choice is made anew."""

_LONG = 0.1  # seconds; the kernels of such a call are large, and threads do not wait


class AdaptiveMap:
    """`Workers.map` of a function that is called again and again on work of one kind.

    NumPy's kernels run without the interpreter's lock, and each call takes it before and after.
    Threads whose kernels take microseconds mostly wait for it, and a waiting thread wakes up late:
    two may be slower than one. So the first calls are made by threads and by the calling thread
    alone, in turns, and the next ones in the way whose median time is shorter. The results are the
    same in either way, to the bit.
    """

    def __init__(self, workers: Workers, clock: Callable[[], float] = time.perf_counter) -> None:
        self.workers = workers
        self._clock = clock
        self._by_threads = True
        self._start_trial()

    def _start_trial(self) -> None:
        self._calls = 0
        self._seconds: dict[bool, list[float]] = {True: [], False: []}

    def __call__(self, function: Callable[[A], R], items: Iterable[A]) -> list[R]:
        """Return `function` of each item, in the order of the items."""
        todo = list(items)
        if self.workers.active < 2 or len(todo) < 2:
            return self.workers.map(function, todo)
        is_trial = self._calls < 2 * TRIALS
        by_threads = self._calls % 2 == 0 if is_trial else self._by_threads
        start = self._clock()
        results = self.workers.map(function, todo) if by_threads else list(map(function, todo))
        if is_trial:
            self._count_trial(by_threads, self._clock() - start)
        self._calls += 1
        if self._calls >= PERIOD:
            self._start_trial()
        return results

    def _count_trial(self, by_threads: bool, seconds: float) -> None:
        self._seconds[by_threads].append(seconds)
        if by_threads and seconds > _LONG:
            self._by_threads, self._calls = True, 2 * TRIALS
        elif self._calls == 2 * TRIALS - 1:
            of_threads, alone = (statistics.median(self._seconds[way]) for way in (True, False))
            self._by_threads = of_threads <= alone
