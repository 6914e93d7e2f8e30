"""`WorkerProcess`: another Python that learns pieces of the text on shared weights."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from pmt_core import StateError

__all__ = ["WorkerProcess"]

_MODULE = "pmt_text.word2vec.workers.worker_main"
_BLAS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_PATIENCE = 10.0  # seconds that a process may take to end


class WorkerProcess:
    """Lines of JSON go in and out, a line for a line; see `worker_main`.

    It is a program of its own, not a copy of this process: nothing is forked beside running
    threads, the caller's main module is not imported again (so no `if __name__` is needed), only
    NumPy and this package are loaded, and its BLAS has one thread. It ends when its
    input does: also when this process is killed.

    start: the first line, answered by `wait_ready`. descriptors: of shared memory.
    """

    def __init__(self, start: Mapping[str, Any], descriptors: Sequence[int]) -> None:
        if not sys.executable:
            raise StateError("there is no Python to start as a worker: use one worker")
        path = os.pathsep.join(entry for entry in sys.path if entry)
        with _without_interrupts():
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
        """Its number."""
        return self._process.pid

    def wait_ready(self) -> dict[str, Any]:
        """Its answer to the first line. Raises as `ask`."""
        return self._receive()

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The answer. Raises `StateError` where the worker failed or is gone."""
        self._send(question)
        return self._receive()

    def close(self) -> None:
        """End it, and wait until it has ended."""
        process = self._process
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):  # it is gone, and with it what was still to be written
                    pipe.close()
        try:
            process.wait(_PATIENCE)
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
            raise self._gone() from None

    def _receive(self) -> dict[str, Any]:
        stdout = self._process.stdout
        line = stdout.readline() if stdout is not None else b""
        if not line.endswith(b"\n"):
            raise self._gone()
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise StateError(f"a worker process failed: {answer['error']}")
        return answer

    def _gone(self) -> StateError:
        code = self._process.wait()
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return StateError(
            f"worker process {self.pid} {how}: is memory short? Go on from what was saved last, "
            "or use fewer workers"
        )


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """A process started in here never takes notice of Ctrl-C, this one does afterwards.

    A terminal sends it to all; the worker would be ended by it while it is still loading NumPy.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
