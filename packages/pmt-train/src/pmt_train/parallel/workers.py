"""`Workers`: a pool of N threads with single-threaded BLAS."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Self, TypeVar

from pmt_core import SettingsError
from pmt_train.parallel.malloc_tuning import keep_freed_memory

A = TypeVar("A")

R = TypeVar("R")

# Number of processes on this machine, set by mpiexec: of MPICH and derivatives, of Open MPI.
_LOCAL_SIZES = ("MPI_LOCALNRANKS", "OMPI_COMM_WORLD_LOCAL_SIZE")

_MOST_PER_CORE, _MOST_ANYWHERE = 4, 16  # more workers only take memory and time

_BLAS_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


class Workers:
    """A pool of threads with single-threaded BLAS.

    NumPy releases the interpreter's lock in its kernels, so threads run on all cores, including
    the element-wise part of the work, for which threads of the BLAS are idle.

    Within the context the BLAS uses one thread per worker. That needs threadpoolctl (extra
    `[parallel]`) or a setting of the environment such as OPENBLAS_NUM_THREADS=1. Without both,
    threads of the workers and the BLAS would compete for the cores, so there is one worker and
    `note` names the cure. The context is reentrant; outside of it, `map` runs in the calling
    thread.

    Attributes:
        requested: the number of threads requested, `n`, or the number of cores if that is None.
        count: the number of threads used.
        note: None, or why there are fewer threads than requested, and the cure.

    Raises:
        SettingsError: `n` is below 1, or several times the number of cores.

    Examples:
        >>> from pmt_train import Workers
        >>> with Workers(2) as workers:
        ...     workers.map(lambda n: n * n, range(5))
        [0, 1, 4, 9, 16]
        >>> workers.requested
        2
    """

    def __init__(self, n: int | None = None) -> None:
        self.requested = core_count() if n is None else check_worker_count(n)
        self._limits = _threadpoolctl()
        self._controller: Any = None
        self.note: str | None = None
        self.count = self.requested
        if self.requested > 1 and self._limits is None and not _blas_is_single():
            self.count = 1
            self.note = (
                f"{self.requested} workers need threadpoolctl to keep the BLAS to one thread "
                "each; running 1 worker on the BLAS's own threads. "
                "Cure: pip install 'pmt-train[parallel]' (or pip install threadpoolctl)"
            )
        self._depth = 0
        self._open = contextlib.ExitStack()
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        self._depth += 1
        if self._depth == 1:
            keep_freed_memory()
            if self._limits is not None:
                self._open.enter_context(self._limit_blas())
            if self.count > 1:
                n, limit = self.count - 1, self._limit_blas_of_thread
                pool = ThreadPoolExecutor(n, "pmt-worker", initializer=limit)
                self._pool = self._open.enter_context(pool)
        return self

    def __exit__(self, *exception: object) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._pool = None
            self._open.close()

    @property
    def active(self) -> int:
        """Number of threads that `map` uses now: `count` within the context, 1 outside of it."""
        return 1 if self._pool is None else self.count

    def map(self, function: Callable[[A], R], items: Iterable[A]) -> list[R]:
        """Return `function` of each item, in the order of the items.

        The calling thread works too. Items are assigned as threads become free. The first error,
        in the order of the items, is raised after all threads have stopped.
        """
        keep_freed_memory()  # for steps outside of the context
        todo: Sequence[A] = list(items)
        if self._pool is None or len(todo) < 2:
            return list(map(function, todo))
        results: list[Any] = [None] * len(todo)
        errors: dict[int, BaseException] = {}
        queue = iter(range(len(todo)))  # next() on it is atomic under the interpreter's lock

        def work() -> None:
            for i in queue:
                if errors:
                    return
                try:
                    results[i] = function(todo[i])
                except BaseException as error:
                    errors[i] = error

        helpers: list[Future[None]] = [
            self._pool.submit(work) for _ in range(min(self.count, len(todo)) - 1)
        ]
        try:
            work()
            wait(helpers)
        except BaseException as error:  # Ctrl-C, between two items or while waiting
            errors.setdefault(-1, error)
            wait(helpers)
        if errors:
            raise errors[min(errors)]
        return results

    def _limit_blas(self) -> Any:
        if self._controller is None:  # searching for the BLAS takes milliseconds
            self._controller = self._limits.ThreadpoolController()
        return self._controller.limit(limits=1, user_api="blas")

    def _limit_blas_of_thread(self) -> None:
        """Limit a BLAS built on OpenMP, which counts threads per calling thread."""
        if self._limits is not None:
            self._limit_blas()


def check_worker_count(n: int) -> int:
    """Return `n` if it is a number of workers that this machine can run; see `max_workers`.

    Raises:
        SettingsError: it is below 1 or too large.

    Examples:
        >>> from pmt_train import check_worker_count
        >>> check_worker_count(2)
        2
        >>> check_worker_count(0)
        Traceback (most recent call last):
            ...
        pmt_core.errors.SettingsError: the number of workers must be at least 1, got 0
    """
    if not 1 <= n <= max_workers():
        raise SettingsError(
            f"the number of workers must be at least 1, got {n}"
            if n < 1
            else f"{n:,} workers are too many for the {os.cpu_count() or 1} cores of this machine: "
            f"give at most {max_workers()}; one for each core is fastest"
        )
    return n


def max_workers() -> int:
    """Return the largest number of workers: 4 for each core of the machine, at least 16.

    Examples:
        >>> from pmt_train import max_workers
        >>> max_workers() >= 16
        True
    """
    return max(_MOST_PER_CORE * (os.cpu_count() or 1), _MOST_ANYWHERE)


def core_count() -> int:
    """Return the number of cores for this process: its share if mpiexec started several.

    Examples:
        >>> from pmt_train import core_count
        >>> core_count() >= 1
        True
    """
    cores = (
        os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    )
    processes = next((int(os.environ[name]) for name in _LOCAL_SIZES if name in os.environ), 1)
    return max(len(cores) // max(processes, 1), 1)


def _threadpoolctl() -> Any:
    try:
        return importlib.import_module("threadpoolctl")
    except ImportError:
        return None


def _blas_is_single() -> bool:
    return any(os.environ.get(name) == "1" for name in _BLAS_VARIABLES)
