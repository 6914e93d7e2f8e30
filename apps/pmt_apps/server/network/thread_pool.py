"""`ThreadPool`: each function runs in a thread that is idle, or else in a new one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

_IDLE = 10.0  # seconds until a thread without work ends
_Job = Callable[[], None]


class ThreadPool:
    """Runs each function in a thread: in one that is idle, or else in a new one.

    A thread takes a tenth of a millisecond to start, about as much as it takes to answer a short
    request. Unlike those of `ThreadPoolExecutor`, the threads are daemons: a request that is never
    answered does not keep the process from ending. The caller limits how many run at once.
    """

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._idle = 0
        self._lock = threading.Lock()

    def run(self, job: _Job) -> None:
        """Run a function, which raises nothing, in a thread."""
        with self._lock:
            if self._idle:
                self._idle -= 1  # that thread takes the job, or another that is idle
                self._jobs.put(job)
                return
        threading.Thread(target=self._work, args=(job,), daemon=True).start()

    def _work(self, job: _Job) -> None:
        while True:
            job()
            with self._lock:
                self._idle += 1
            try:
                job = self._jobs.get(timeout=_IDLE)
            except Empty:
                with self._lock:
                    if self._idle:
                        self._idle -= 1
                        return
                job = self._jobs.get()  # a job was put for it just now
