"""What a thread switches off or runs is its own; leaves can be shared."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import pmt_autograd as ag
from pmt_autograd import Tensor, enable_grad, gradients, is_recording, no_grad
from pmt_autograd.grad_mode import contexts


def test_no_grad_records_nothing_and_ends() -> None:
    x = Tensor([1.0], requires_grad=True)
    with no_grad():
        assert not is_recording()
        assert not (x * x).requires_grad
        assert not ag.exp(x).requires_grad
        with enable_grad():
            assert ag.exp(x).requires_grad
        assert not is_recording()
    assert (x * x).requires_grad


def test_no_grad_ends_with_an_error() -> None:
    try:
        with no_grad():
            raise KeyError
    except KeyError:
        pass
    assert is_recording()


def test_no_grad_counts_for_its_thread_alone() -> None:
    inside, done = threading.Event(), threading.Event()

    def predict() -> None:
        with no_grad():
            inside.set()
            done.wait(600)

    thread = threading.Thread(target=predict)
    thread.start()
    inside.wait(600)
    try:
        assert (Tensor([1.0], requires_grad=True) * 2).requires_grad
    finally:
        done.set()
        thread.join()


def test_contexts_of_all_threads_are_counted_until_they_end() -> None:
    assert contexts.count == 0
    with no_grad(), enable_grad():
        assert contexts.count == 2
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: [_enter_and_leave() for _ in range(200)], range(4)))
    assert contexts.count == 0


def _enter_and_leave() -> None:
    with no_grad():
        pass


def test_several_threads_share_leaves() -> None:
    rng = np.random.default_rng(0)
    w = Tensor(rng.normal(size=(8, 8)), requires_grad=True)
    shards = rng.normal(size=(16, 4, 8))

    def shard_gradient(x: np.ndarray) -> np.ndarray:
        return gradients(ag.tanh(ag.tanh(x @ w) @ w).sum())[w]

    alone = [shard_gradient(x) for x in shards]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(shard_gradient, np.concatenate([shards] * 8)))
    for expected, got in zip(alone * 8, together, strict=True):
        np.testing.assert_array_equal(got, expected)
    assert w.grad is None
