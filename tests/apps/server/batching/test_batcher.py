"""`Batcher`: requests that wait are answered together, each with its own answer or error."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from doubling_model import DoublingModel, wait_until_waiting

from pmt_apps.server.batching import batcher as module
from pmt_apps.server.batching.batcher import Batcher
from pmt_apps.server.network.http import HttpError
from pmt_core import DataError, StateError


def test_requests_that_wait_are_one_batch(model: DoublingModel, batcher: Batcher) -> None:
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
    model: DoublingModel, batcher: Batcher
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


def test_an_error_belongs_to_its_request(model: DoublingModel, batcher: Batcher) -> None:
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


def test_a_request_of_many_examples_is_one_call(model: DoublingModel, batcher: Batcher) -> None:
    model.go.set()
    assert batcher(list(range(9)), 600) == [{"double": 2 * i} for i in range(9)]
    assert batcher([], 600) == []
    assert model.calls == [list(range(9))]


def test_too_many_that_wait_are_refused(model: DoublingModel, batcher: Batcher) -> None:
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
    model: DoublingModel, batcher: Batcher
) -> None:
    with pytest.raises(HttpError) as late:
        batcher([0], 0.01)
    assert late.value.status == 408
    model.go.set()
    assert batcher([5], 600) == [{"double": 10}]


def test_a_bug_is_an_error_of_its_request(batcher: Batcher, model: DoublingModel) -> None:
    model.go.set()
    with pytest.raises(TypeError):
        batcher(["a"], 600)
    assert batcher([1], 600) == [{"double": 2}]


def test_the_end_is_told_to_those_who_wait(model: DoublingModel) -> None:
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
    model: DoublingModel, batcher: Batcher, monkeypatch: pytest.MonkeyPatch
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
