"""Recompute: the gradients of the plain call, less memory, the same random numbers."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import pmt_autograd as ag
from pmt_autograd import Tensor, gradients, no_grad, recompute
from pmt_core import SettingsError, StateError

RNG = np.random.default_rng(0)
W = Tensor(RNG.normal(size=(4, 4)), requires_grad=True)
X = Tensor(RNG.normal(size=(3, 4)), requires_grad=True)


def layer(x: Tensor) -> Tensor:
    return ag.tanh(x @ W) + x


def plain_and_recomputed(make) -> tuple[dict, dict]:
    return gradients(make(lambda f, *x: f(*x))), gradients(make(recompute))


@pytest.mark.parametrize(
    "make",
    [
        lambda call: call(layer, X).sum(),
        lambda call: call(layer, call(layer, X)).sum(),
        lambda call: (call(layer, X * 2.0) * X).sum(),
        lambda call: call(lambda x: call(layer, x) * x, X).sum(),  # one within another
        lambda call: call(lambda x: x * x + x, X).sum(),
        lambda call: call(lambda x, k: x**k, X * X + 1.0, 3).sum(),
    ],
    ids=["leaf", "twice", "inside a tape", "nested", "input used twice", "constant"],
)
def test_gradients_are_those_of_the_plain_call(make) -> None:
    plain, again = plain_and_recomputed(make)
    assert set(plain) == set(again)
    for leaf, expected in plain.items():
        np.testing.assert_allclose(again[leaf], expected, rtol=1e-12)


def test_tensors_of_the_outer_tape_in_the_closure() -> None:
    def make(call):
        scale = ag.exp(X.mean())
        return (call(lambda x: layer(x) * scale, X) * scale).sum()

    plain, again = plain_and_recomputed(make)
    for leaf in (W, X):
        np.testing.assert_allclose(again[leaf], plain[leaf], rtol=1e-12)


def test_backward_inside_no_grad() -> None:
    loss = recompute(layer, X).sum()
    with no_grad():
        grads = gradients(loss)
    assert set(grads) == {X, W}


def test_the_same_random_numbers_and_an_undisturbed_generator() -> None:
    def dropped(x: Tensor, rng: np.random.Generator) -> Tensor:
        return x * (rng.random(x.shape) < 0.5) * W.sum()

    def run(call, **rng):
        return gradients(call(dropped, X, **rng).sum())

    first, second = np.random.default_rng(7), np.random.default_rng(7)
    plain, again = run(lambda f, x, rng: f(x, rng), rng=first), run(recompute, rng=second)
    np.testing.assert_array_equal(again[X], plain[X])
    assert first.random() == second.random()


def test_random_numbers_behind_its_back_are_an_error() -> None:
    rng = np.random.default_rng(1)
    loss = recompute(lambda x: x * rng.random(x.shape), X).sum()
    with pytest.raises(StateError, match="another result on its second run"):
        loss.backward()


def test_nothing_to_record() -> None:
    assert not recompute(layer, Tensor(np.ones((2, 4)))).detach().requires_grad
    with no_grad():
        assert not recompute(layer, X).requires_grad
    constant = Tensor(np.ones(2))
    assert not recompute(lambda x: x * 2.0, constant).requires_grad


def test_only_one_tensor_may_come_back() -> None:
    with pytest.raises(SettingsError, match="one tensor, got tuple"):
        recompute(lambda x: (x, x), X)


def test_memory_is_less() -> None:
    def deep(x: Tensor) -> Tensor:
        for _ in range(8):
            x = ag.tanh(x * 1.01)
        return x

    def peak(call) -> int:
        x = Tensor(np.ones(20_000, np.float32), requires_grad=True)
        tracemalloc.start()
        try:
            y = x
            for _ in range(8):
                y = call(deep, y)
            y.sum().backward()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(recompute) < 0.4 * peak(lambda f, x: f(x))
