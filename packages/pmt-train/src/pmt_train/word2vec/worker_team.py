"""`WorkerTeam`: processes that train on the same tables."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any, Self

from numpy.typing import NDArray

from pmt_core import SettingsError
from pmt_train.parallel.workers import Workers
from pmt_train.word2vec.chunk_trainer import Word2VecSampler
from pmt_train.word2vec.shared_array import SharedArray
from pmt_train.word2vec.word2vec import Word2Vec
from pmt_train.word2vec.worker_process import WorkerProcess


class WorkerTeam:
    """Worker processes that train a model on shared memory. A context manager.

    Threads are slower than one process: an update is a hundred small NumPy operations, between
    which the interpreter's lock admits one thread at a time.

    Args:
        model: Its tables are moved to shared memory.
        sampler: Each process builds a copy of it. Its class must be importable by name.
        workers: Threads of this process, one to wait for each worker process.

    Raises:
        SettingsError: The sampler's class is defined in the main program or in a function.
    """

    def __init__(self, model: Word2Vec, sampler: Word2VecSampler, workers: Workers) -> None:
        self._model = model
        self._sampler = sampler
        self._sampler_name = _qualified_name(type(sampler))
        self._workers = workers
        self.untrained_loss = 0.0
        self._open = ExitStack()
        self._processes: list[WorkerProcess] = []

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            arrays, values = self._sampler.state()
            tables = [_shared(table, stack) for table in self._model.tables]
            shared = {name: _shared(array, stack) for name, array in arrays.items()}
            self._model.use_tables(tables[0].array, tables[1].array)
            start = {
                "settings": asdict(self._model.settings),
                "tables": [table.describe() for table in tables],
                "sampler": self._sampler_name,
                "arrays": {name: array.describe() for name, array in shared.items()},
                "values": values,
                "workers": self._workers.count,
            }
            descriptors = [d for array in (*tables, *shared.values()) for d in array.descriptors]
            descriptors += self._sampler.descriptors
            for _ in range(self._workers.count):
                process = WorkerProcess(start, descriptors)
                stack.callback(process.close)
                self._processes.append(process)
            for process in self._processes:
                self.untrained_loss = float(process.receive()["untrained_loss"])
            self._open = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [process.pid for process in self._processes]

    def train(self, chunks: Sequence[tuple[int, int]], lr_scale: float) -> tuple[float, float]:
        """Train on chunks (epoch, number); return the sums of loss and predictions.

        Raises `StateError` if a process failed; the others finish what they have begun.
        """
        idle: queue.SimpleQueue[WorkerProcess] = queue.SimpleQueue()
        for process in self._processes:
            idle.put(process)

        def run(portion: Sequence[tuple[int, int]]) -> dict[str, Any]:
            process = idle.get()
            try:
                return process.ask({"chunks": portion, "lr_scale": lr_scale})
            finally:
                idle.put(process)

        answers = self._workers.map(run, _portions(chunks, len(self._processes)))
        return sum(a["loss"] for a in answers), sum(a["predictions"] for a in answers)


def _qualified_name(kind: type) -> str:
    """Return a name that `pkgutil.resolve_name` finds in another process."""
    if kind.__module__ == "__main__" or "<locals>" in kind.__qualname__:
        raise SettingsError(
            f"worker processes import the sampler's class by its name; got {kind.__qualname__} of "
            f"{kind.__module__}: define it at the top of a module, or use one worker"
        )
    return f"{kind.__module__}:{kind.__qualname__}"


def _shared(array: NDArray[Any], stack: ExitStack) -> SharedArray:
    """Copy an array to memory that can be passed on until the stack is closed."""
    shared = SharedArray.zeros(array.shape, array.dtype)
    stack.callback(shared.close)
    shared.array[:] = array
    return shared


def _portions(
    chunks: Sequence[tuple[int, int]], workers: int
) -> Iterator[Sequence[tuple[int, int]]]:
    """Cut into large portions first, single chunks last: few messages, and no long waits."""
    first = 0
    while first < len(chunks):
        size = max((len(chunks) - first) // (4 * workers), 1)
        yield chunks[first : first + size]
        first += size
