"""`Batcher`: the examples of several requests are predicted together, by one thread."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from pmt_apps.server.http import HttpError
from pmt_core import PmtError

Predict = Callable[[Sequence[Any]], Sequence[dict[str, Any]]]
"""A function from examples to an answer for each; raises PmtError if one of them has none."""


_IDLE = 60.0  # seconds until a thread without requests ends
_PATIENCE = (1 / 64, 1.0)  # least and most time to wait for more, relative to the last batch


class _Job:
    """A request that waits. A lock that is released at the end is a tenth of a `Future`."""

    __slots__ = ("answers", "error", "examples", "function", "is_given_up", "running")

    def __init__(self, function: Predict, examples: Sequence[Any]) -> None:
        self.function = function
        self.examples = examples
        self.answers: list[dict[str, Any]] = []
        self.error: BaseException | None = None
        self.is_given_up = False
        self.running = threading.Lock()
        self.running.acquire()

    def end(self, answers: list[dict[str, Any]], error: BaseException | None = None) -> None:
        """Let the thread of the request go on."""
        self.answers, self.error = answers, error
        self.running.release()


class Batcher:
    """Calls `predict` for the examples that are waiting, whichever request they belong to.

    While a batch is predicted, the requests that arrive wait and form the next one, so a single
    client is answered at once and many share the cost of a call. Clients that send one request
    after the other come back together after a batch: it waits until there are as many requests as
    were answered and left, for the time of the last batch at most. Where they do not come, it soon
    waits for a 64th only. One thread calls `predict`, and any other function that is given, so none
    of them has to be thread-safe.

    Args:
        predict: a function from examples to answers.
        batch_size: largest number of examples of a call, unless one request has more.
        waiting: largest number of examples that wait.
    """

    def __init__(self, predict: Predict, *, batch_size: int = 64, waiting: int = 2_048) -> None:
        self._predict = predict
        self._batch_size = batch_size
        self._most_waiting = waiting
        self._jobs: deque[_Job] = deque()
        self._n_waiting = 0
        self._needed = 1  # requests that the thread waits for
        self._expected = 0  # requests: those that were answered last, and those left then
        self._seconds = 0.0  # of the last batch
        self._patience = _PATIENCE[1]
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def __call__(
        self, examples: Sequence[Any], seconds: float, function: Predict | None = None
    ) -> list[dict[str, Any]]:
        """Return an answer for each example.

        Args:
            examples: of one request.
            seconds: after which the request is given up.
            function: is called instead of `predict`, with examples of this request and of others
                that name an equal function.

        Raises:
            HttpError: 429 if too many examples are waiting, 408 if the time is over, 503 if the
                server ends.
            PmtError: of `predict`; other requests of the batch are answered.
        """
        if not examples:
            return []
        job = _Job(function or self._predict, examples)
        with self._changed:
            if self._closed:
                raise HttpError(HTTPStatus.SERVICE_UNAVAILABLE, "the server ends")
            if self._n_waiting and self._n_waiting + len(examples) > self._most_waiting:
                raise HttpError(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    f"{self._n_waiting:,} examples are waiting already; try again later",
                    {"Retry-After": "1"},
                )
            self._jobs.append(job)
            self._n_waiting += len(examples)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="batcher", daemon=True)
                self._thread.start()
            if len(self._jobs) >= self._needed or self._n_waiting >= self._batch_size:
                self._changed.notify()
        if not job.running.acquire(timeout=min(seconds, threading.TIMEOUT_MAX)):
            job.is_given_up = True
            raise HttpError(
                HTTPStatus.REQUEST_TIMEOUT,
                f"there was no answer within {seconds:g} s; send fewer or shorter examples",
            )
        if job.error is not None:
            raise job.error
        return job.answers

    def close(self) -> None:
        """End the thread; requests that wait get an error."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while jobs := self._next_jobs():
            started = [job for job in jobs if not job.is_given_up]
            if started:
                start = time.monotonic()
                self._answer(started)
                self._seconds = time.monotonic() - start
                self._expected = len(started) + len(self._jobs)

    def _next_jobs(self) -> list[_Job]:
        """Wait for requests, and return those of the next batch; none ends the thread."""
        with self._changed:
            while not self._jobs and not self._closed:
                if not self._changed.wait(_IDLE) and not self._jobs:
                    self._thread = None  # the next request starts another
                    return []
            if self._closed:
                for job in self._jobs:
                    job.end([], HttpError(HTTPStatus.SERVICE_UNAVAILABLE, "the server ends"))
                self._jobs.clear()
                return []
            self._wait_for_more()
            jobs = [self._jobs.popleft()]
            size = len(jobs[0].examples)
            while self._jobs and self._joins(self._jobs[0], jobs[0], size):
                jobs.append(self._jobs.popleft())
                size += len(jobs[-1].examples)
            self._n_waiting -= size
            return jobs

    def _wait_for_more(self) -> None:
        """Wait, with the lock, until all clients that are expected are there, or time is over."""
        if len(self._jobs) >= self._expected or self._n_waiting >= self._batch_size:
            return
        end = time.monotonic() + self._patience * self._seconds
        while (
            not (is_complete := len(self._jobs) >= self._expected)
            and self._n_waiting < self._batch_size
            and not self._closed
            and (left := end - time.monotonic()) > 0
        ):
            self._needed = self._expected
            self._changed.wait(left)
        self._needed = 1
        least, most = _PATIENCE
        patience = self._patience * (2 if is_complete else 1 / 2)
        self._patience = min(max(patience, least), most)

    def _joins(self, job: _Job, first: _Job, size: int) -> bool:
        """Whether a request goes into the batch of the first one, which has `size` examples."""
        fits = size + len(job.examples) <= self._batch_size
        return fits and job.function == first.function

    def _answer(self, jobs: Sequence[_Job]) -> None:
        try:
            answers = jobs[0].function([example for job in jobs for example in job.examples])
        except PmtError as error:
            if len(jobs) == 1:
                jobs[0].end([], error)
                return
            for job in jobs:  # one of them is at fault: only that one gets the error
                self._answer([job])
        except BaseException as error:
            for job in jobs:
                job.end([], error)
        else:
            start = 0
            for job in jobs:
                job.end(list(answers[start : start + len(job.examples)]))
                start += len(job.examples)
