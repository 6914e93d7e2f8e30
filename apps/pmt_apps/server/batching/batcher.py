"""`Batcher`: the examples of several requests are predicted together."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections import deque
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from pmt_apps.server.batching.jobs import BlockingJob, Job, Predict, ended, late
from pmt_apps.server.network.http import HttpError
from pmt_core import PmtError, StateError

_IDLE = 60.0  # seconds until a thread without requests ends
_MOMENT = 0.02  # seconds that a batch may take in the thread that reads requests
_PATIENCE = (1 / 64, 1.0)  # least and most time to wait for more, relative to the last batch


class Batcher:
    """Calls `predict` for the examples that are waiting, whichever request they belong to.

    While a batch is predicted, the requests that arrive wait and form the next one, so a single
    client is answered at once and many share the cost of a call. A thread calls `predict`, or any
    other function that is given. With one call at once, none of them has to be thread-safe. With
    several, which other processes compute, each takes its share of the requests.

    Clients that send one request after the other come back together after a batch: the thread waits
    until there are as many requests as were answered and left, for the time of the last batch at
    most. Where they do not come, it soon waits for a 64th only. A caller that knows when to begin
    adds jobs, and computes short batches itself (`run`).

    A call that fails with a StateError, as its process has ended, is repeated once, for each
    request by itself.

    Args:
        predict: a function from examples to answers.
        batch_size: largest number of examples of a call, unless one request has more.
        waiting: largest number of examples that wait.
        calls: largest number of calls at once.
    """

    def __init__(
        self, predict: Predict, *, batch_size: int = 64, waiting: int = 2_048, calls: int = 1
    ) -> None:
        self._predict = predict
        self._batch_size = batch_size
        self._most_waiting = waiting
        self._most_calls = calls
        self._jobs: deque[Job] = deque()
        self._n_waiting = 0
        self._needed = 1  # requests that the thread waits for
        self._expected = 0  # requests: those that were answered last, and those left then
        self._seconds = 0.0  # of the last batch
        self._speed = 0.0  # bytes a second, in the last batch
        self._patience = _PATIENCE[1]
        self._changed = threading.Condition()
        self._threads: set[threading.Thread] = set()
        self._n_calls = self._n_called = 0  # calls that are computed, and requests of all of them
        self._closed = False

    def __call__(
        self, examples: Sequence[Any], seconds: float, function: Predict | None = None
    ) -> list[Any]:
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
        job = BlockingJob(examples, function)
        self.add(job)
        self.start()
        if not job.running.acquire(timeout=min(seconds, threading.TIMEOUT_MAX)):
            job.give_up()
            raise late(seconds)
        if job.error is not None:
            raise job.error
        return job.answers

    def add(self, job: Job) -> None:
        """Put a job, which has examples, into the next batch; `start` or `run` follows.

        Raises:
            HttpError: 429 if too many examples are waiting, 503 if the server ends.
        """
        size = len(job.examples)
        with self._changed:
            if self._closed:
                raise ended()
            if self._n_waiting and self._n_waiting + size > self._most_waiting:
                raise HttpError(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    f"{self._n_waiting:,} examples are waiting already; try again later",
                    {"Retry-After": "1"},
                )
            self._jobs.append(job)
            self._n_waiting += size

    def start(self) -> None:
        """Let a thread of the model take the jobs that were added, if there are enough."""
        with self._changed:
            needed = min(self._n_calls + len(self._jobs), self._most_calls)
            if len(self._threads) < needed and not self._closed:
                thread = threading.Thread(target=self._work, name="batcher", daemon=True)
                self._threads.add(thread)
                thread.start()
            if self._is_enough() or len(self._jobs) >= self._needed:
                self._changed.notify()

    def run(self) -> bool:
        """Compute jobs that were added in this thread, if that takes a moment only, or else let
        a thread of the model do it. Return whether some are left for another call.
        """
        with self._changed:
            most = _MOMENT * self._speed if self._most_calls == 1 else 0.0
            is_short = not self._n_calls and self._jobs and self._jobs[0].size <= most
            jobs = self._take(most) if is_short else []
        if not jobs:
            self.start()
            return False
        self._compute(jobs)
        return bool(self._jobs)

    def close(self) -> None:
        """End the threads; requests that wait get an error."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            threads = list(self._threads)
        for thread in threads:
            thread.join()
        with self._changed:
            jobs = list(self._jobs)
            self._jobs.clear()
        for job in jobs:
            job.end([], ended())

    def _work(self) -> None:
        while jobs := self._next_jobs():
            self._compute(jobs)
            with self._changed:
                self._expected = self._share(len(jobs) + len(self._jobs))

    def _next_jobs(self) -> list[Job]:
        """Wait for requests, and return those of the next batch; none ends the thread."""
        with self._changed:
            while not self._closed:
                if not self._can_begin():
                    if not self._changed.wait(_IDLE) and not self._jobs:
                        self._threads.discard(threading.current_thread())
                        break  # the next request starts another
                    continue
                self._wait_for_more()
                if self._can_begin() and not self._closed:  # no other thread took them meanwhile
                    return self._take()
            return []

    def _take(self, most: float = math.inf) -> list[Job]:
        """Return the jobs of the next batch, with the lock; `_compute` has to follow.

        most: bytes of all.
        """
        share = self._share(len(self._jobs))
        jobs = [first := self._jobs.popleft()]
        n, size = len(first.examples), first.size
        while self._jobs and len(jobs) < share:
            job = self._jobs[0]
            n, size = n + len(job.examples), size + job.size
            if n > self._batch_size or size > most or job.function != first.function:
                break
            jobs.append(self._jobs.popleft())
        self._n_waiting -= sum(len(job.examples) for job in jobs)
        self._n_calls += 1
        self._n_called += len(jobs)
        if self._jobs and self._n_calls < self._most_calls:
            self._changed.notify()  # another thread takes the rest
        return jobs

    def _share(self, n: int) -> int:
        """Return the share of a call of `n` requests and those that are computed."""
        return min(n, math.ceil((n + self._n_called) / self._most_calls))

    def _can_begin(self) -> bool:
        """Whether there is a request, and one more call is allowed."""
        return bool(self._jobs) and self._n_calls < self._most_calls

    def _is_enough(self) -> bool:
        """Whether the next batch need not wait."""
        return len(self._jobs) >= self._expected or self._n_waiting >= self._batch_size

    def _wait_for_more(self) -> None:
        """Wait, with the lock, until all clients that are expected are there, or time is over."""
        if self._is_enough():
            return
        end = time.monotonic() + self._patience * self._seconds
        while (
            not (self._is_enough() or self._n_calls >= self._most_calls or self._closed)
            and (left := end - time.monotonic()) > 0
        ):
            self._needed = self._expected
            self._changed.wait(left)
        self._needed = 1
        least, most = _PATIENCE
        patience = self._patience * (2 if len(self._jobs) >= self._expected else 1 / 2)
        self._patience = min(max(patience, least), most)

    def _compute(self, jobs: Sequence[Job]) -> None:
        """Compute the jobs that nobody gave up."""
        waiting = [job for job in jobs if not job.is_given_up]
        start = time.monotonic()
        try:
            if waiting:
                self._answer(waiting)
        finally:
            with self._changed:
                if waiting:
                    self._seconds = max(time.monotonic() - start, 1e-9)
                    size = sum(job.size for job in waiting)
                    self._speed = size / self._seconds if size < math.inf else self._speed
                self._n_calls -= 1
                self._n_called -= len(jobs)
                if self._jobs:
                    self._changed.notify()

    def _answer(self, jobs: Sequence[Job], *, is_first: bool = True) -> None:
        """End each job as soon as its answers are there."""
        done = 0
        try:
            function = jobs[0].function or self._predict
            answers = iter(function([example for job in jobs for example in job.examples]))
            for job in jobs:
                job.end(list(itertools.islice(answers, len(job.examples))))
                done += 1
        except PmtError as error:
            if len(jobs) == 1 and not (is_first and isinstance(error, StateError)):
                jobs[0].end([], error)
                return
            for job in jobs[done:]:  # one of them is at fault: only that one gets the error
                if not job.is_given_up:
                    self._answer([job], is_first=False)
        except BaseException as error:
            for job in jobs[done:]:
                job.end([], error)
