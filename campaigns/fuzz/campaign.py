"""Run a campaign: processes that try inputs, of which the parent loses none if one dies."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from campaigns.fuzz.measure import USUAL_LIMITS, Limits
from campaigns.fuzz.outcome import Outcome
from campaigns.fuzz.readers.reader import Reader
from campaigns.fuzz.worker import Batch, run_worker

_BATCH = 20  # inputs
# The first batch has the samples and the hostile files, which take long; a reader that took all of
# its time for them would not be given damaged samples.
_FIRST_COST = 0.1  # seconds of an input in the schedule, at most
_END_COST = 1.0  # of a process that ended
_SILENCE = 300.0  # seconds without an outcome, after which a process is taken to hang


@dataclass(frozen=True, slots=True)
class Plan:
    """What to try.

    Attributes:
        readers: the readers; each gets an equal share of the processor time.
        seed: of the inputs.
        seconds: begin no batch after this time; None: no limit.
        inputs: of each reader; None: no limit.
        processes: that work at the same time.
        limits: of each input.
    """

    readers: Sequence[Reader]
    seed: int = 1
    seconds: float | None = None
    inputs: int | None = None
    processes: int = 2
    limits: Limits = USUAL_LIMITS


@dataclass(slots=True)
class _Worker:
    process: Any
    connection: Connection
    batch: Batch | None = None
    next_number: int = 0
    heard: float = field(default_factory=time.monotonic)


def run_campaign(plan: Plan) -> Iterator[Outcome]:
    """Try the inputs of a plan; yield the outcomes as they come."""
    schedule = _Schedule(plan)
    workers = [_start(plan.limits) for _ in range(plan.processes)]
    try:
        for worker in workers:
            schedule.assign(worker)
        while any(worker.batch for worker in workers):
            ready = set(wait([w.connection for w in workers if w.batch], timeout=1.0))
            for i, worker in enumerate(workers):
                if worker.batch is None:
                    continue
                outcome = _receive(worker, is_ready=worker.connection in ready)
                if outcome is None:
                    continue
                schedule.add(outcome, worker)
                yield outcome
                if not worker.process.is_alive() or worker.connection.closed:
                    workers[i] = _restarted(worker, plan.limits)
                schedule.go_on(workers[i])
    finally:
        for worker in workers:
            _stop(worker)


class _Schedule:
    """Which reader gets the next batch: the one that has taken the least processor time."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._started = time.monotonic()
        self._seconds = {reader.name: 0.0 for reader in plan.readers}
        self._next = {reader.name: 0 for reader in plan.readers}

    def add(self, outcome: Outcome, worker: _Worker) -> None:
        """Account for an outcome."""
        cost = outcome.cost
        self._seconds[outcome.reader] += (
            cost if outcome.number >= _BATCH else min(cost, _FIRST_COST)
        )
        worker.next_number = outcome.number + 1
        worker.heard = time.monotonic()

    def go_on(self, worker: _Worker) -> None:
        """Give a worker its next batch if it has done the present one."""
        batch = worker.batch
        if batch is not None and worker.next_number >= batch.first + batch.count:
            self.assign(worker)

    def assign(self, worker: _Worker) -> None:
        """Give a worker the next batch; None if there is nothing left to do."""
        worker.batch = self._next_batch()
        if worker.batch is not None:
            worker.next_number = worker.batch.first
            worker.heard = time.monotonic()
            worker.connection.send(worker.batch)

    def _next_batch(self) -> Batch | None:
        plan = self._plan
        if plan.seconds is not None and time.monotonic() - self._started >= plan.seconds:
            return None
        left = [
            name for name, done in self._next.items() if plan.inputs is None or done < plan.inputs
        ]
        if not left:
            return None
        name = min(left, key=lambda name: (self._seconds[name], self._next[name]))
        first = self._next[name]
        count = _BATCH if plan.inputs is None else min(_BATCH, plan.inputs - first)
        self._next[name] += count
        # An estimate, so that the next batch is of another reader before this one is done.
        self._seconds[name] += 1e-3
        return Batch(name, plan.seed, first, count)


def _receive(worker: _Worker, *, is_ready: bool) -> Outcome | None:
    """Return the next outcome of a worker; one of its own if the worker died or hangs."""
    if worker.batch is None:
        return None
    if is_ready:
        try:
            outcome: Outcome = worker.connection.recv()
        except (EOFError, ConnectionError):
            worker.process.join(5)
            return _end(worker, f"the process ended with exit code {worker.process.exitcode}")
        return outcome
    if time.monotonic() - worker.heard > _SILENCE:
        return _end(worker, f"no answer for {_SILENCE:.0f} seconds")
    return None


def _end(worker: _Worker, reason: str) -> Outcome:
    is_slow = worker.process.exitcode == -signal.SIGVTALRM
    name = worker.batch.reader if worker.batch is not None else ""
    worker.connection.close()
    worker.process.kill()
    return Outcome(
        name, worker.next_number, "slow" if is_slow else "other", reason=reason, cost=_END_COST
    )


def _start(limits: Limits) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=run_worker, args=(theirs, limits), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _restarted(worker: _Worker, limits: Limits) -> _Worker:
    """Return a new worker that goes on with the rest of the batch."""
    _stop(worker)
    new = _start(limits)
    batch = worker.batch
    if batch is not None:
        end = batch.first + batch.count
        new.batch = Batch(batch.reader, batch.seed, worker.next_number, end - worker.next_number)
        new.next_number = worker.next_number
        if new.batch.count > 0:
            new.connection.send(new.batch)
    return new


def _stop(worker: _Worker) -> None:
    if not worker.connection.closed:
        worker.connection.close()
    worker.process.join(2)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()
