"""`Batcher`: requests that wait are answered together, each with its own answer or error."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from pmt_apps.server.batching import batcher as module
from pmt_apps.server.batching.batcher import Batcher
from pmt_apps.server.batching.jobs import Job
from pmt_apps.server.network.http import HttpError
from pmt_core import DataError, StateError


class Model:
    """Doubles numbers, refuses negative ones; its first call waits for `go`."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.started, self.go = threading.Event(), threading.Event()

    def __call__(self, examples: Sequence[Any]) -> list[dict[str, Any]]:
        self.calls.append(list(examples))
        self.started.set()
        assert self.go.wait(600)
        for i, x in enumerate(examples):
            if x < 0:
                raise DataError(f"input {i}: {x} is negative")
        return [{"double": 2 * x} for x in examples]


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def batcher(model: Model) -> Iterator[Batcher]:
    batcher = Batcher(model, batch_size=4, waiting=6)
    yield batcher
    model.go.set()
    batcher.close()


def wait_until_waiting(batcher: Batcher, n: int) -> None:
    """Wait until n examples wait for the model."""
    while batcher._n_waiting < n:
        pass


def test_requests_that_wait_are_one_batch(model: Model, batcher: Batcher) -> None:
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(batcher, [0], 600)
        assert model.started.wait(600)
        others = []
        for i in range(1, 6):
            others.append(pool.submit(batcher, [i], 600))
            wait_until_waiting(batcher, i)
        model.go.set()
        assert first.result() == [{"double": 0}]
        assert [other.result() for other in others] == [[{"double": 2 * i}] for i in range(1, 6)]
    assert model.calls == [[0], [1, 2, 3, 4], [5]]


def test_other_functions_have_batches_of_their_own_in_the_same_thread(
    model: Model, batcher: Batcher
) -> None:
    halves: list[tuple[list[int], int]] = []

    def half(examples: Sequence[Any]) -> list[dict[str, Any]]:
        halves.append((list(examples), threading.get_ident()))
        return [{"half": x / 2} for x in examples]

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(batcher, [0], 600)
        assert model.started.wait(600)
        others = []
        for i, function in enumerate([half, half, None, half], start=1):
            others.append(pool.submit(batcher, [i], 600, function))
            wait_until_waiting(batcher, i)
        (worker,) = [thread.ident for thread in batcher._threads]
        model.go.set()
        assert first.result() == [{"double": 0}]
        answers = [other.result() for other in others]
    assert answers == [[{"half": 0.5}], [{"half": 1}], [{"double": 6}], [{"half": 2}]]
    assert model.calls == [[0], [3]]
    assert halves == [([1, 2], worker), ([4], worker)]


def test_an_error_belongs_to_its_request(model: Model, batcher: Batcher) -> None:
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(batcher, [0], 600)
        assert model.started.wait(600)
        good, bad = pool.submit(batcher, [1, 2], 600), pool.submit(batcher, [3, -4], 600)
        wait_until_waiting(batcher, 4)
        model.go.set()
        assert first.result() == [{"double": 0}]
        assert good.result() == [{"double": 2}, {"double": 4}]
        with pytest.raises(DataError, match="input 1: -4"):
            bad.result()


def test_a_request_of_many_examples_is_one_call(model: Model, batcher: Batcher) -> None:
    model.go.set()
    assert batcher(list(range(9)), 600) == [{"double": 2 * i} for i in range(9)]
    assert batcher([], 600) == []
    assert model.calls == [list(range(9))]


def test_too_many_that_wait_are_refused(model: Model, batcher: Batcher) -> None:
    with ThreadPoolExecutor(8) as pool:
        pool.submit(batcher, [0], 600)
        assert model.started.wait(600)
        waiting = pool.submit(batcher, [1] * 5, 600)
        wait_until_waiting(batcher, 5)
        with pytest.raises(HttpError) as refused:
            batcher([1, 2], 600)
        assert refused.value.status == 429
        model.go.set()
        assert len(waiting.result()) == 5


def test_a_request_is_given_up_and_those_after_it_are_answered(
    model: Model, batcher: Batcher
) -> None:
    with pytest.raises(HttpError) as late:
        batcher([0], 0.01)
    assert late.value.status == 408
    model.go.set()
    assert batcher([5], 600) == [{"double": 10}]


def test_a_bug_is_an_error_of_its_request(batcher: Batcher, model: Model) -> None:
    model.go.set()
    with pytest.raises(TypeError):
        batcher(["a"], 600)
    assert batcher([1], 600) == [{"double": 2}]


def test_the_end_is_told_to_those_who_wait(model: Model) -> None:
    batcher = Batcher(model, batch_size=1)
    with ThreadPoolExecutor(4) as pool:
        pool.submit(batcher, [0], 600)
        assert model.started.wait(600)
        waiting = pool.submit(batcher, [1], 600)
        wait_until_waiting(batcher, 1)
        closing = pool.submit(batcher.close)
        model.go.set()
        closing.result()
        with pytest.raises(HttpError) as ended:
            waiting.result()
    assert ended.value.status == 503
    with pytest.raises(HttpError):
        batcher([1], 600)


def test_clients_that_come_back_together_share_a_batch(
    model: Model, batcher: Batcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the clock of this test a batch takes long, so the next one waits for those answered."""
    times = itertools.count(step=1000)
    now = [0]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def slow(examples: Sequence[Any]) -> list[dict[str, Any]]:
        answers = model(examples)
        now[0] = next(times)
        return answers

    next(times)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(batcher, [0], 600, slow)
        assert model.started.wait(600)
        others = []
        for i in range(1, 4):
            others.append(pool.submit(batcher, [i], 600, slow))
            wait_until_waiting(batcher, i)
        model.go.set()
        assert first.result(600) == [{"double": 0}]
        assert batcher([7], 600, slow) == [{"double": 14}]  # the client of the first is back
        assert [other.result(600) for other in others] == [[{"double": 2 * i}] for i in (1, 2, 3)]
    assert model.calls == [[0], [1, 2, 3, 7]]


def test_two_calls_at_once_share_the_requests() -> None:
    calls: dict[int, list[int]] = {}
    gates = [threading.Event() for _ in range(4)]
    started = [threading.Event() for _ in range(4)]

    def predict(examples: Sequence[Any]) -> list[int]:
        calls[number := len(calls)] = list(examples)
        started[number].set()
        assert gates[number].wait(600)
        return [2 * x for x in examples]

    batcher = Batcher(predict, calls=2)
    with ThreadPoolExecutor(8) as pool:
        waiting = []
        for i in range(2):
            waiting.append(pool.submit(batcher, [i], 600))
            assert started[i].wait(600)
        for i in range(2, 8):
            waiting.append(pool.submit(batcher, [i], 600))
            wait_until_waiting(batcher, i - 1)
        for number in range(4):
            gates[number].set()
            assert number > 1 or started[number + 2].wait(600)
        assert [future.result() for future in waiting] == [[2 * i] for i in range(8)]
    batcher.close()
    # Of six that wait and one that is computed a call has four, the other one the rest.
    assert calls == {0: [0], 1: [1], 2: [2, 3, 4, 5], 3: [6, 7]}


@pytest.mark.parametrize("failures", [1, 2])
def test_a_call_whose_process_ended_is_repeated_once(failures: int) -> None:
    calls: list[list[int]] = []

    def predict(examples: Sequence[Any]) -> list[int]:
        calls.append(list(examples))
        if len(calls) <= failures:
            raise StateError("the process ended")
        return [2 * x for x in examples]

    batcher = Batcher(predict)
    if failures == 1:
        assert batcher([1, 2], 600) == [2, 4]
    else:
        with pytest.raises(StateError, match="the process ended"):
            batcher([1, 2], 600)
    assert calls == [[1, 2], [1, 2]]
    batcher.close()


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


# --- jobs that no thread waits for ----------------------------------------------------------------


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
    model: Model, batcher: Batcher, monkeypatch: pytest.MonkeyPatch
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
    model: Model, timed: tuple[Batcher, list[float]]
) -> None:
    batcher, _ = timed
    jobs = [Added(1), Added(2, 3), Added(4), Added(5)]
    run_all(batcher, *jobs)
    assert [job.answers for job in jobs] == [
        [{"double": 2}], [{"double": 4}, {"double": 6}], [{"double": 8}], [{"double": 10}]
    ]  # fmt: skip
    assert {job.thread for job in jobs} == {threading.get_ident()}
    assert model.calls == [[1, 2, 3, 4], [5]]  # four examples are the most of a batch


def test_as_much_as_takes_a_moment(model: Model, timed: tuple[Batcher, list[float]]) -> None:
    """2 ms a call: so 20 ms are as many bytes as ten such batches had, or 20 of the first one."""
    batcher, clock = timed
    clock[1] = 0.002
    run_all(batcher, Added(1, size=15), Added(2, size=5), Added(3, size=1))
    assert model.calls == [[1, 2], [3]]
    long = Added(4, size=11)  # the last byte took 2 ms
    run_all(batcher, long)
    assert long.thread != threading.get_ident()


def test_errors_of_added_jobs(model: Model, timed: tuple[Batcher, list[float]]) -> None:
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


def test_what_is_given_up_is_not_computed(model: Model, timed: tuple[Batcher, list[float]]) -> None:
    batcher, _ = timed
    gone, other = Added(1), Added(2)
    gone.give_up()
    batcher.add(gone)
    run_all(batcher, other)
    assert model.calls == [[2]]
    assert not gone.ended.is_set()


def test_two_threads_never_compute_at_once(model: Model, batcher: Batcher) -> None:
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


def test_threads_wait_while_another_computes(model: Model, batcher: Batcher) -> None:
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
