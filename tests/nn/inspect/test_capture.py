"""Capturing attention weights and outputs, and hooks around modules: the results never change."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from inputs import stream

from pmt_autograd import Tensor, gradients, operation_hook
from pmt_nn import (
    Sequential,
    Tanh,
    TransformerConfig,
    TransformerEncoder,
    capture,
    module_hook,
)

MASK = np.array([[True, True, True], [True, False, False]])


def encoder(n: int = 2) -> TransformerEncoder:
    return TransformerEncoder(
        TransformerConfig(width=8, heads=2, hidden=16, layers=n, dropout=0.2), stream()
    )


def batch() -> Tensor:
    return Tensor(stream(1).normal(size=(2, 3, 8)).astype(np.float32), requires_grad=True)


def test_attention_weights_by_dotted_name() -> None:
    model = encoder().eval()
    with capture(model) as captured:
        model(batch(), MASK)
    assert list(captured) == [f"layers.{i}.attention.weights" for i in (0, 1)]
    weights = captured["layers.1.attention.weights"]
    assert weights.shape == (2, 2, 3, 3)
    np.testing.assert_allclose(weights[MASK[:, np.newaxis].repeat(2, axis=1)].sum(axis=-1), 1, 1e-5)
    assert (weights[1, :, :, 1:] == 0).all()


def test_outputs_of_an_unpadded_batch_are_padded() -> None:
    model = encoder().eval()
    with capture(model, outputs=True) as captured:
        y = model(batch(), MASK).data
    for name, array in captured.items():
        if name.endswith("output"):
            assert array.shape[:2] == (2, 3), name
            assert (array[~MASK] == 0).all(), name
    np.testing.assert_array_equal(captured["output"], y)
    np.testing.assert_array_equal(captured["norm.output"], y)


@pytest.mark.parametrize("positions", ["none", "tener"])
@pytest.mark.parametrize("mask", [None, MASK], ids=["no mask", "mask"])
def test_looking_changes_no_bit_and_stores_nothing(positions: str, mask) -> None:
    """Values and gradients of a training pass: plain, captured, with hooks."""
    model = TransformerEncoder(
        TransformerConfig(width=8, heads=2, hidden=16, layers=2, dropout=0.2, positions=positions),
        stream(),
    )
    x = batch()

    def results():
        y = model(x, mask, rng=stream(2))
        grads = gradients((y * y).sum())
        return [y.data, grads[x], *(grads[p] for p in model.parameters())]

    plain = results()
    attributes = {name: dict(vars(module)) for name, module in model.named_modules()}
    looks = (
        capture(model, outputs=True),
        module_hook(lambda module, run: run()),
        operation_hook(lambda name, function: function),
    )
    for look in looks:
        with look:
            for looked_at, expected in zip(results(), plain, strict=True):
                np.testing.assert_array_equal(looked_at, expected)
    assert {name: dict(vars(module)) for name, module in model.named_modules()} == attributes


def test_after_the_context_nothing_is_captured() -> None:
    model = encoder().eval()
    with capture(model) as captured:
        pass
    with pytest.raises(ZeroDivisionError), capture(model) as failed:
        _ = 1 / 0
    model(batch(), MASK)
    assert captured == failed == {}


def test_only_the_calling_thread_is_captured() -> None:
    model = encoder().eval()
    with capture(model) as captured:
        thread = threading.Thread(target=lambda: model(batch(), MASK))
        thread.start()
        thread.join()
        assert captured == {}


def test_captures_nest() -> None:
    model, other = encoder().eval(), encoder(1).eval()
    with capture(model) as outer, capture(other) as inner, capture(model) as again:
        other(batch(), MASK)
        model(batch(), MASK)
    assert list(inner) == ["layers.0.attention.weights"]
    assert list(outer) == list(again) == [f"layers.{i}.attention.weights" for i in (0, 1)]


def test_module_hooks_nest_with_the_innermost_first() -> None:
    seen = []

    def hook(name):
        def around(module, run):
            seen.append(f"{name} {type(module).__name__}")
            return run()

        return around

    model = Sequential(Tanh())
    with module_hook(hook("outer")):
        with module_hook(hook("inner")):
            model(batch())
        with pytest.raises(ZeroDivisionError), module_hook(hook("failed")):
            _ = 1 / 0
        model.parts[0](batch())
    model(batch())
    names = ["inner Sequential", "outer Sequential", "inner Tanh", "outer Tanh", "outer Tanh"]
    assert seen == names
