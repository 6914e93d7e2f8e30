"""`Batcher`: jobs that no thread waits for: which thread computes them, and how they end."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from doubling_model import DoublingModel, wait_until_waiting

from pmt_apps.server.batching import batcher as module
from pmt_apps.server.batching.batcher import Batcher
from pmt_apps.server.batching.jobs import Job
from pmt_apps.server.network.http import HttpError
from pmt_core import DataError, StateError


class Added(Job):
    """A job that keeps how it ended."""

    def __init__(self, *examples: int, size: float = 1.0) -> None:
        super().__init__(examples, size=size)
        self.answers: list[Any] = []
        self.error: BaseException | None = None
        self.thread = 0
        self.ended = threading.Event()

    def end(self, answers: list[Any], error: BaseException | None = None) -> None:
        self.answers, self.error, self.thread = answers, error, threading.get_ident()
        self.ended.set()


def run_all(batcher: Batcher, *jobs: Added) -> None:
    for job in jobs:
        batcher.add(job)
    while batcher.run():
        pass
    for job in jobs:
        assert job.ended.wait(600)


def wait_until_idle(batcher: Batcher) -> None:
    """A job ends a moment before its batch."""
    while batcher._n_calls:
        pass


@pytest.fixture
def timed(
    model: DoublingModel, batcher: Batcher, monkeypatch: pytest.MonkeyPatch
) -> tuple[Batcher, list[float]]:
    """A batcher, and a clock: each call takes `clock[1]` seconds; the first one took a millisecond,
    so that batches of 20 bytes take a moment.
    """
    clock = [0.0, 0.001]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    model.go.set()

    def predict(examples: Sequence[Any]) -> list[dict[str, Any]]:
        answers = model(examples)
        clock[0] += clock[1]
        return answers

    monkeypatch.setattr(batcher, "_predict", predict)
    first = Added(0)
    run_all(batcher, first)
    assert first.thread != threading.get_ident()  # nobody knows how long it takes
    wait_until_idle(batcher)
    model.calls.clear()
    return batcher, clock


def test_short_batches_are_computed_by_the_caller(
    model: DoublingModel, timed: tuple[Batcher, list[float]]
) -> None:
    batcher, _ = timed
    jobs = [Added(1), Added(2, 3), Added(4), Added(5)]
    run_all(batcher, *jobs)
    assert [job.answers for job in jobs] == [
        [{"double": 2}], [{"double": 4}, {"double": 6}], [{"double": 8}], [{"double": 10}]
    ]  # fmt: skip
    assert {job.thread for job in jobs} == {threading.get_ident()}
    assert model.calls == [[1, 2, 3, 4], [5]]  # four examples are the most of a batch


def test_as_much_as_takes_a_moment(
    model: DoublingModel, timed: tuple[Batcher, list[float]]
) -> None:
    """2 ms a call: so 20 ms are as many bytes as ten such batches had, or 20 of the first one."""
    batcher, clock = timed
    clock[1] = 0.002
    run_all(batcher, Added(1, size=15), Added(2, size=5), Added(3, size=1))
    assert model.calls == [[1, 2], [3]]
    long = Added(4, size=11)  # the last byte took 2 ms
    run_all(batcher, long)
    assert long.thread != threading.get_ident()


def test_errors_of_added_jobs(model: DoublingModel, timed: tuple[Batcher, list[float]]) -> None:
    batcher, _ = timed
    jobs = [Added(1), Added(2, -3), Added(4)]
    run_all(batcher, *jobs)
    assert [job.answers for job in jobs] == [[{"double": 2}], [], [{"double": 8}]]
    assert str(jobs[1].error) == "input 1: -3 is negative"


def test_answers_before_an_error_are_given_once(
    timed: tuple[Batcher, list[float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function may yield one answer after the other; only what is missing is computed anew."""
    batcher, _ = timed
    asked: list[int] = []

    def stream(examples: Sequence[Any]) -> Iterator[int]:
        for x in examples:
            asked.append(x)
            if x < 0:
                raise DataError(f"{x} is negative")
            yield 2 * x

    monkeypatch.setattr(batcher, "_predict", stream)
    jobs = [Added(1), Added(-2), Added(3)]
    run_all(batcher, *jobs)
    assert [job.answers for job in jobs] == [[2], [], [6]]
    assert asked == [1, -2, -2, 3]


def test_what_is_given_up_is_not_computed(
    model: DoublingModel, timed: tuple[Batcher, list[float]]
) -> None:
    batcher, _ = timed
    gone, other = Added(1), Added(2)
    gone.give_up()
    batcher.add(gone)
    run_all(batcher, other)
    assert model.calls == [[2]]
    assert not gone.ended.is_set()


def test_what_is_given_up_is_not_repeated() -> None:
    calls: list[list[int]] = []

    def predict(examples: Sequence[Any]) -> list[int]:
        calls.append(list(examples))
        gone.give_up()
        raise StateError("the process ended")

    batcher = Batcher(predict)
    gone, other = Added(1), Added(2)
    batcher.add(gone)
    batcher.add(other)
    batcher.start()
    assert other.ended.wait(600)
    batcher.close()
    assert calls == [[1, 2], [2]]
    assert not gone.ended.is_set()
    assert str(other.error) == "the process ended"


def test_two_threads_never_compute_at_once(model: DoublingModel, batcher: Batcher) -> None:
    """While the thread of the model computes for a thread that waits, added jobs are left to it."""
    batcher._speed = 1e9
    with ThreadPoolExecutor(1) as pool:
        blocking = pool.submit(batcher, [1], 600)
        assert model.started.wait(600)
        job = Added(2)
        batcher.add(job)
        assert not batcher.run()
        assert not job.ended.is_set()
        model.go.set()
        assert blocking.result() == [{"double": 2}]
        assert job.ended.wait(600)
    assert job.answers == [{"double": 4}]
    assert job.thread != threading.get_ident()


def test_threads_wait_while_another_computes(model: DoublingModel, batcher: Batcher) -> None:
    batcher._speed = 1e9
    job = Added(1)
    batcher.add(job)
    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(batcher.run)
        assert model.started.wait(600)
        blocking = pool.submit(batcher, [2], 600)
        wait_until_waiting(batcher, 1)
        assert model.calls == [[1]]
        model.go.set()
        running.result()
        assert blocking.result() == [{"double": 4}]
    assert model.calls == [[1], [2]]
    assert job.answers == [{"double": 2}]


def test_the_end_is_told_to_added_jobs(timed: tuple[Batcher, list[float]]) -> None:
    batcher, _ = timed
    job = Added(1)
    batcher.add(job)
    batcher.close()
    if job.error is None:  # the thread was about to take it
        assert job.answers == [{"double": 2}]
    else:
        assert getattr(job.error, "status", None) == 503
    with pytest.raises(HttpError):
        batcher.add(Added(2))


def test_the_end_does_not_wait_for_expected_requests(
    batcher: Batcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that waits for more requests of a batch ends at once, not when it is idle."""
    monkeypatch.setattr(module, "_IDLE", idle := 0.01)
    waits: list[float] = []
    wait = batcher._changed.wait

    def wait_and_note(seconds: float) -> bool:
        waits.append(seconds)
        return wait(seconds)

    monkeypatch.setattr(batcher._changed, "wait", wait_and_note)
    batcher._seconds, batcher._expected = 600.0, 2  # the last batch had two requests
    job = Added(1)
    batcher.add(job)
    batcher.start()
    while not waits:
        pass
    batcher.close()
    assert getattr(job.error, "status", None) == 503
    assert idle not in waits
