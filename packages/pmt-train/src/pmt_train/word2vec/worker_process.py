"""`WorkerProcess`: a process that answers lines of JSON, and the time limits on its answers."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pmt_core import StateError

_MODULE = "pmt_train.word2vec.worker_main"
_BLAS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_EXIT_SECONDS = 10.0  # that a process may take to end
_LOOK_SECONDS = 1.0  # between two looks at a process that has not answered
_STOPPED_SECONDS = 20.0  # that a process may be stopped, e.g. by SIGSTOP
_IDLE_SECONDS = 300.0  # that a process may take no processor time, however busy the machine is


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
        if is_stopped(self.pid):
            process.kill()  # it does not see the end of its input
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
        """Return the next answer.

        Raises `StateError` if the worker failed, ended, is stopped, or does nothing.
        """
        stdout = self._process.stdout
        if stdout is not None and sys.platform != "win32":  # Windows cannot wait for a pipe
            self._wait_for_answer(stdout.fileno())
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

    def _wait_for_answer(self, descriptor: int) -> None:
        """Wait until there is something to read, however long the process works for it.

        Raises `StateError` if it is stopped or takes no processor time for too long. Time counts
        between two looks only, so nothing happens if this process is stopped as well.
        """
        stopped = idle = 0.0
        used = cpu_seconds(self.pid)
        while not select.select([descriptor], [], [], _LOOK_SECONDS)[0]:
            before, used = used, cpu_seconds(self.pid)
            idle = idle + _LOOK_SECONDS if used is not None and used == before else 0.0
            stopped = stopped + _LOOK_SECONDS if is_stopped(self.pid) else 0.0
            if stopped >= _STOPPED_SECONDS:
                raise StateError(
                    f"worker process {self.pid} has been stopped (SIGSTOP) for "
                    f"{_STOPPED_SECONDS:g} seconds, so training cannot go on. Resume from the last "
                    "checkpoint"
                )
            if idle >= _IDLE_SECONDS:
                raise StateError(
                    f"worker process {self.pid} hangs: it took no processor time for "
                    f"{_IDLE_SECONDS:g} seconds and gave no answer. Resume from the last "
                    "checkpoint, or use one worker"
                )


def is_stopped(pid: int) -> bool:
    """Return whether a child process is stopped. False if the system does not tell."""
    if sys.platform == "win32" or not hasattr(os, "waitid"):
        return False
    try:
        # WNOWAIT: the state stays for others to ask for.
        state = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT)
    except OSError:
        return False
    return state is not None


def cpu_seconds(pid: int) -> float | None:
    """Return the processor time of a process, (Linux); None if the system does not tell."""
    if sys.platform != "linux":
        return None
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


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
