"""`WorkerTeam`: processes that learn from one text on the same weights."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pmt_text.word2vec.corpus.token_file import TokenFile
from pmt_text.word2vec.training.progress import LossSums
from pmt_text.word2vec.workers.shared_array import SharedArray
from pmt_text.word2vec.workers.worker_process import WorkerProcess

if TYPE_CHECKING:
    from pmt_text.word2vec.training.word2vec import Word2Vec

__all__ = ["WorkerTeam"]


class WorkerTeam:
    """Of so many processes; this one hands out the work and adds up the losses.

    Threads would not do: an update is a hundred small NumPy operations, and between them the
    interpreter's lock would let only one thread go on.

    model: its tables are moved to shared memory. text: each process reads its pieces from it.
    To be entered; left, it has ended the processes.

    Attributes:
        untrained_loss: see `ChunkTrainer`.
    """

    def __init__(self, model: Word2Vec, text: TokenFile, workers: int) -> None:
        self._model = model
        self._text = text
        self._workers = workers
        self.untrained_loss = 0.0
        self._open = ExitStack()
        self._processes: list[WorkerProcess] = []
        self._threads = ThreadPoolExecutor(workers, "pmt-word2vec")

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            shared = {name: _shared(array, stack) for name, array in self._arrays().items()}
            self._model.use_tables(shared["inputs"].array, shared["outputs"].array)
            start = self._start(shared)
            descriptors = [number for one in shared.values() for number in one.descriptors]
            for _ in range(self._workers):
                process = WorkerProcess(start, descriptors)
                stack.callback(process.close)
                self._processes.append(process)
            for process in self._processes:
                self.untrained_loss = float(process.wait_ready()["untrained_loss"])
            stack.enter_context(self._threads)
            self._open = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    @property
    def pids(self) -> list[int]:
        """The processes' numbers."""
        return [process.pid for process in self._processes]

    def learn(self, epoch: int, first: int, last: int) -> LossSums:
        """All learn from pieces first ... last - 1, until all are done.

        Raises `StateError` where a process fails; the others then finish what they have begun.
        """
        portions = iter(list(_portions(first, last, self._workers)))
        waiting = [
            self._threads.submit(_feed, process, epoch, portions) for process in self._processes
        ]
        sums = LossSums()
        try:
            for one in waiting:
                sums.add(one.result())
        except BaseException:
            _drop(portions)
            raise
        return sums

    def _arrays(self) -> dict[str, Any]:
        inputs, outputs = self._model.tables
        return {"inputs": inputs, "outputs": outputs, "counts": self._model.counts.counts}

    def _start(self, shared: dict[str, SharedArray]) -> dict[str, Any]:
        """The first line to a worker; see `worker_main`."""
        return {
            "settings": asdict(self._model.settings),
            "stream": self._model.stream.to_dict(),
            "arrays": {name: one.describe() for name, one in shared.items()},
            "path": self._text.path,
            "words": self._text.words,
            "piece_words": self._text.piece_words,
            "workers": self._workers,
        }


def _shared(array: Any, stack: ExitStack) -> SharedArray:
    """A copy in memory that can be passed on until the stack is closed."""
    shared = SharedArray.zeros(array.shape, array.dtype)
    stack.callback(shared.close)
    shared.array[:] = array
    return shared


def _portions(first: int, last: int, workers: int) -> Iterator[tuple[int, int]]:
    """Large ones first, single pieces at the end: few questions, and nobody waits long."""
    while first < last:
        size = max((last - first) // (4 * workers), 1)
        yield first, first + size
        first += size


def _feed(process: WorkerProcess, epoch: int, portions: Iterator[tuple[int, int]]) -> LossSums:
    """One process learns as long as there is something left; runs in a thread of its own.

    next() on the iterator of a list is atomic.
    """
    sums = LossSums()
    try:
        for first, last in portions:
            answer = process.ask({"epoch": epoch, "first": first, "last": last})
            sums.add(LossSums(**answer))
    except BaseException:
        _drop(portions)
        raise
    return sums


def _drop(portions: Iterator[tuple[int, int]]) -> None:
    """Nobody begins another one."""
    for _ in portions:
        pass
