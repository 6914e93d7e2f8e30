"""`Workers`: N threads that each run a part of the work, with single-threaded BLAS."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any, Self, TypeVar

from pmt_core import SettingsError
from pmt_train.parallel.allocator import keep_freed_memory

A = TypeVar("A")
R = TypeVar("R")

# Processes on this machine, as mpiexec tells them: of MPICH and its kin, and of Open MPI.
_LOCAL_SIZES = ("MPI_LOCALNRANKS", "OMPI_COMM_WORLD_LOCAL_SIZE")
_BLAS_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


class Workers:
    """A team of threads. NumPy gives up the interpreter's lock in its kernels, so threads run on
    all cores, on the element-wise part of the work too, which the BLAS's own threads leave idle.

        with Workers(2) as workers:
            results = workers.map(function, items)

    Meanwhile the BLAS uses one thread per worker (by threadpoolctl, extra `[parallel]`, or where
    the environment says so, e.g. OPENBLAS_NUM_THREADS=1). Where neither is so, the threads of
    the workers and of the BLAS would fight for the cores: then there is one worker, the BLAS
    keeps its threads, and `note` says what to install.

    n: number of threads; None: as many as there are cores. Raises SettingsError below 1.
    May be entered again within itself; outside of `with`, `map` runs in the calling thread.

    Attributes:
        requested: the n asked for.
        count: number of threads that there are.
        note: None, or why there are fewer than asked for, and the cure.
    """

    def __init__(self, n: int | None = None) -> None:
        if n is not None and n < 1:
            raise SettingsError(f"the number of workers must be at least 1, got {n}")
        self.requested = n or core_count()
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
                self._pool = self._open.enter_context(
                    ThreadPoolExecutor(
                        self.count - 1, "pmt-worker", initializer=self._limit_blas_of_thread
                    )
                )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._pool = None
            self._open.close()

    def map(self, function: Callable[[A], R], items: Iterable[A]) -> list[R]:
        """`function` of every item, in the order of the items.

        The calling thread works too. Items are handed out as threads become free. The first
        error, in the order of the items, is raised once all threads have stopped working.
        """
        todo: Sequence[A] = list(items)
        if self._pool is None or len(todo) < 2:
            return [function(item) for item in todo]
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
        if self._controller is None:  # looking for the BLAS takes milliseconds: once is enough
            self._controller = self._limits.ThreadpoolController()
        return self._controller.limit(limits=1, user_api="blas")

    def _limit_blas_of_thread(self) -> None:
        """A BLAS built on OpenMP counts its threads per calling thread."""
        if self._limits is not None:
            self._limit_blas()


def core_count() -> int:
    """Cores that this process may use: its share, where mpiexec started several on the machine."""
    ours = (
        os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    )
    here = next((int(os.environ[name]) for name in _LOCAL_SIZES if name in os.environ), 1)
    return max(len(ours) // max(here, 1), 1)


def _threadpoolctl() -> Any:
    try:
        return importlib.import_module("threadpoolctl")
    except ImportError:
        return None


def _blas_is_single() -> bool:
    return any(os.environ.get(name) == "1" for name in _BLAS_VARIABLES)
