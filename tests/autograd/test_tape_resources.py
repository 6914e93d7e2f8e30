"""Long tapes: no recursion, linear time, falling memory, no reference cycles."""

from __future__ import annotations

import gc
import tracemalloc
import weakref

import numpy as np
import pytest
from processor_time import growth

import pmt_autograd as ag
from pmt_autograd import Tensor, no_grad


def additions(length: int, size: int = 1) -> tuple[Tensor, Tensor]:
    x = Tensor(np.ones(size, np.float32), requires_grad=True)
    y = x
    for _ in range(length):
        y = y + 0.0
    return x, y.sum()


def test_backward_of_200_000_operations() -> None:
    x, loss = additions(200_000)
    loss.backward()
    np.testing.assert_array_equal(x.grad, [1.0])


def test_dropping_an_unused_tape_of_200_000_operations() -> None:
    _, loss = additions(200_000)
    alive = weakref.ref(loss)
    del loss
    gc.collect()
    assert alive() is None


def test_time_is_linear_in_the_length() -> None:
    gc.disable()  # its pauses are not those of backward
    try:
        assert growth(lambda length: additions(length)[1].backward) < 6
    finally:
        gc.enable()


def test_memory_falls_while_the_tape_is_walked() -> None:
    length, size = 50, 20_000  # 80 kB an operation
    levels: list[int] = []

    @ag.primitive
    def probe_for_test(x):
        def backward(grad):
            levels.append(tracemalloc.get_traced_memory()[0])
            return grad

        return x.copy(), backward

    tracemalloc.start()
    try:
        y = Tensor(np.ones(size, np.float32), requires_grad=True)
        for _ in range(length):
            y = ag.tanh(probe_for_test(y))
        loss = y.sum()
        del y
        loss.backward()
    finally:
        tracemalloc.stop()
        ag.REGISTRY.pop("probe_for_test")
    falls = -np.diff(levels)
    assert (falls > 0.9 * 4 * size).all()
    assert levels[-1] < 0.2 * levels[0]


def test_an_activation_that_no_gradient_needs_is_freed_in_forward() -> None:
    x = Tensor(np.ones(1000, np.float32), requires_grad=True)
    middle = x + 1.0
    freed = weakref.ref(middle.data.base)
    result = middle + 1.0
    del middle
    assert freed() is None
    result.sum().backward()


def test_a_step_makes_no_reference_cycles() -> None:
    def step() -> None:
        x = Tensor(np.ones((3, 4), np.float32), requires_grad=True)
        w = Tensor(np.ones((4, 2), np.float32), requires_grad=True)
        h = ag.tanh(x @ w + 1.0)
        parts = h.split(2, axis=1)
        values, _ = ag.top_k(h, k=1)
        loss = ag.logsumexp(h).sum() + parts[0].sum() + values.sum() + h[0, 0] * h.max()
        loss = loss + ag.recompute(lambda t: ag.exp(t * w.sum()), x).sum()
        loss.backward()
        ag.exp(x)  # recorded and dropped
        with no_grad():
            ag.exp(x)

    step()
    gc.collect()
    gc.disable()
    try:
        step()
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize("width", [1, 50])
def test_a_wide_tape(width: int) -> None:
    """Many operations of one leaf, added in a balanced and in a one-sided way."""
    x = Tensor(np.ones(2, np.float32), requires_grad=True)
    total = x * 0.0
    for i in range(width):
        total = total + x * float(i)
    total.sum().backward()
    np.testing.assert_allclose(x.grad, np.full(2, sum(range(width))), rtol=1e-6)
