"""`Batcher`: requests that wait are answered together, each with its own answer or error."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from pmt_apps.server import batcher as module
from pmt_apps.server.batcher import Batcher
from pmt_apps.server.http import HttpError
from pmt_core import DataError


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
        assert batcher._thread is not None
        others = []
        for i, function in enumerate([half, half, None, half], start=1):
            others.append(pool.submit(batcher, [i], 600, function))
            wait_until_waiting(batcher, i)
        worker = batcher._thread.ident
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
