"""`WorkerPool`: processes that compute the answers, so that a server uses several cores."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pmt_apps.server.batching.jobs import ended, late
from pmt_apps.server.network.http import HttpError
from pmt_core import DataError, StateError, field, parse_json

ERROR = b"!"
"""What a line begins with that is no answer."""
_PROGRAM = ("-P", "-m", "pmt_apps.server.worker_main")
_BLAS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_TICK = 0.5  # seconds between looks at the clock
_MOMENT = 1.0  # seconds that the end of a process may take
_PATIENCE = 5.0  # seconds that answers may take when the server ends


class WorkerProcess:
    """A Python interpreter that runs `worker_main`: a line of JSON in, a line for each answer out.

    It has no state but models that it can load again, so it is killed when it has to end. It also
    ends with its input, so when this process is killed, too. Ctrl-C does not reach it, as it is a
    process group of its own.

    Args:
        folder: of a run, or of folders of runs.

    Attributes:
        process: the one that runs, or the last one.
    """

    def __init__(self, folder: Path) -> None:
        self._command = [sys.executable, *_PROGRAM, str(folder)]
        self._end = math.inf  # when it is killed
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        """Return the process, a new one if none runs. Raises StateError."""
        if self.process is None or self.process.poll() is not None:
            self.kill()
            path = os.pathsep.join(entry for entry in sys.path if entry)
            if not sys.executable:
                raise StateError("no process can be started: there is no Python")
            try:
                self.process = subprocess.Popen(
                    self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    env={**os.environ, **dict.fromkeys(_BLAS, "1"), "PYTHONPATH": path},
                    process_group=0,
                    creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
                )  # fmt: skip
            except OSError as error:
                raise StateError(f"no process can be started: {error}") from error
        return self.process

    def ask(self, line: bytes, n: int, seconds: float) -> list[bytes]:
        """Send a line, and return `n` lines, or fewer of which the last one is an error.

        Raises:
            StateError: if the process ended, or cannot be started.
            HttpError: 408 if the lines are not there in time; then it is killed.
        """
        process = self.start()
        self._end = time.monotonic() + seconds
        answers: list[bytes] = []
        try:
            process.stdin.write(line)  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            while len(answers) < n and not (answers and answers[-1].startswith(ERROR)):
                answer = process.stdout.readline()  # type: ignore[union-attr]
                if not answer.endswith(b"\n"):
                    raise EOFError
                answers.append(answer[:-1])
        except BaseException as error:
            is_late = time.monotonic() >= self._end
            if isinstance(error, EOFError):
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_MOMENT)  # it is about to end, with a code of its own
            self.kill()  # what it still writes would be taken for the next answers
            if not isinstance(error, EOFError | OSError | ValueError):
                raise  # ValueError: the pipe was closed by another thread
            raise late(seconds) if is_late else _ended(process.wait()) from error
        finally:
            self._end = math.inf
        return answers

    def kill_late(self, now: float) -> None:
        """Kill the process if its time is over; `ask` sees it."""
        process = self.process
        if now >= self._end and process is not None:
            process.kill()

    def kill(self) -> None:
        """End the process."""
        process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was not sent is lost
                    pipe.close()


class WorkerPool:
    """Some processes that compute one batch each at once. One that ends is replaced.

    Args:
        folder: of a run, or of folders of runs.
        count: number of processes.
        seconds: that a batch may take.

    Attributes:
        count, seconds: as given.
        workers: the processes.

    Raises:
        StateError: if a process cannot be started.
    """

    def __init__(self, folder: Path, count: int, seconds: float) -> None:
        self.count = count
        self.seconds = seconds
        self.workers = [WorkerProcess(folder) for _ in range(count)]
        try:
            for worker in self.workers:
                worker.start()
        except StateError:
            for worker in self.workers:
                worker.kill()
            raise
        self._free = list(self.workers)
        self._slots = threading.Semaphore(count)
        self._closed = threading.Event()
        threading.Thread(target=self._watch, name="watch", daemon=True).start()

    def ask(self, line: bytes, n: int, seconds: float) -> list[bytes]:
        """Let a process answer a line, see `WorkerProcess.ask`.

        Raises:
            HttpError: 503 if the server ends, too.
        """
        with self._slots:
            if self._closed.is_set():
                raise ended()
            worker = self._free.pop()
            try:
                return worker.ask(line, n, seconds)
            finally:
                self._free.append(worker)

    def close(self) -> None:
        """End the processes when they have answered, or after some seconds."""
        self._closed.set()
        end = time.monotonic() + _PATIENCE
        for _ in self.workers:
            self._slots.acquire(timeout=max(end - time.monotonic(), 0))
        for worker in self.workers:
            worker.kill()
        self._slots.release(self.count)

    def _watch(self) -> None:
        while not self._closed.wait(_TICK):
            for worker in self.workers:
                worker.kill_late(time.monotonic())


@dataclass(frozen=True, slots=True)
class RemoteModel:
    """The model of a run, in the processes of a pool.

    Attributes:
        pool: of processes.
        run: its name.
        task: of the run.
        loading: seconds that it takes to load the model, about.
    """

    pool: WorkerPool
    run: str
    task: str
    loading: float

    def predict(self, inputs: Sequence[Any]) -> Iterator[bytes]:
        """Yield the JSON of each answer, see `Predictor.encoded_answers`.

        Raises:
            PmtError: names the first input that has no answer; StateError: if the process ended.
            HttpError: 408 if the answers are not there in time, 404 to 503 if there is no model.
        """
        return self._answers("predict", inputs)

    def explain(self, inputs: Sequence[Any]) -> Iterator[bytes]:
        """Yield the JSON of each explanation, see `ServedRun.explain`. Raises as `predict`."""
        return self._answers("explain", inputs)

    def _answers(self, what: str, inputs: Sequence[Any]) -> Iterator[bytes]:
        content = {"run": self.run, "task": self.task, "what": what, "inputs": list(inputs)}
        seconds = self.pool.seconds + 4 * self.loading
        line = json.dumps(content).encode() + b"\n"
        for answer in self.pool.ask(line, len(inputs), seconds):
            if answer.startswith(ERROR):
                raise _error(answer.removeprefix(ERROR))
            yield answer


def _error(line: bytes) -> Exception:
    """Return the error that `worker_main` wrote."""
    content = parse_json(line, "the answer of a worker")
    kind, message = field(content, "kind", str), field(content, "message", str)
    if kind == "DataError":
        return DataError(message)
    return StateError(message) if kind == "PmtError" else HttpError(HTTPStatus(int(kind)), message)


def _ended(code: int) -> StateError:
    """Return the error of a process that ended."""
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return StateError(
        f"the process that computes this answer {how}: is memory short? "
        "Send fewer or shorter examples, or serve with fewer --workers"
    )
