"""`WorkerTeam`: processes that train on the same tables; `WorkerProcess` is one of them."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from typing import Any, Self

from numpy.typing import NDArray

from pmt_core import SettingsError, StateError
from pmt_train.parallel.workers import Workers
from pmt_train.word2vec.chunk_trainer import Word2VecSampler
from pmt_train.word2vec.shared_array import SharedArray
from pmt_train.word2vec.word2vec import Word2Vec

_MODULE = "pmt_train.word2vec.worker_main"
_BLAS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_EXIT_SECONDS = 10.0  # that a process may take to end


class WorkerProcess:
    """A Python interpreter that runs `worker_main`: a line of JSON in, a line of JSON out.

    It is a program of its own, not a copy of this process: nothing is forked beside running
    threads, the caller's main module is not imported again (so no `if __name__` is needed), and its
    BLAS has one thread. It ends with its input, so also when this process is killed.

    start: the first line; call `receive` for the answer. descriptors: of shared memory to pass on.
    """

    def __init__(self, start: Mapping[str, Any], descriptors: Sequence[int]) -> None:
        if not sys.executable:
            raise StateError("there is no Python to start as a worker: use one worker")
        path = os.pathsep.join(entry for entry in sys.path if entry)
        with _interrupts_blocked():
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", _MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=descriptors,
                env={**os.environ, **dict.fromkeys(_BLAS, "1"), "PYTHONPATH": path},
            )
        try:
            self._send(start)
        except StateError:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Send a line and return the answer. Raises what `receive` raises."""
        self._send(question)
        return self.receive()

    def close(self) -> None:
        """End the process and wait for it."""
        process = self._process
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):  # the process has ended; unsent lines are lost
                    pipe.close()
        try:
            process.wait(_EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _send(self, message: Mapping[str, Any]) -> None:
        stdin = self._process.stdin
        try:
            if stdin is not None:
                stdin.write(json.dumps(message).encode() + b"\n")
                stdin.flush()
        except OSError:
            raise self._ended() from None

    def receive(self) -> dict[str, Any]:
        """Return the next answer. Raises `StateError` if the worker failed or ended."""
        stdout = self._process.stdout
        line = stdout.readline() if stdout is not None else b""
        if not line.endswith(b"\n"):
            raise self._ended()
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise StateError(f"a worker process failed: {answer['error']}")
        return answer

    def _ended(self) -> StateError:
        code = self._process.wait()
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return StateError(
            f"worker process {self.pid} {how}: is memory short? Resume from the last checkpoint, "
            "or use fewer workers"
        )


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


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Start a process within this context that ignores Ctrl-C from its first moment.

    A terminal sends SIGINT to all processes; it would end the worker while it imports NumPy.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
