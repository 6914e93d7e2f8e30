"""Every primitive of pmt_nn, found by walking the registry, with its own samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from pmt_autograd import Primitive, Sample, Tensor, check_primitive, gradients, primitives_of
from pmt_core import RowSparse

OURS = primitives_of("pmt_nn")
each = pytest.mark.parametrize("entry", OURS, ids=lambda entry: entry.name)


def samples_of(entry: Primitive) -> Iterator[Sample]:
    assert entry.sample_maker is not None, f"{entry.name} has no samples: give it some"
    yield from entry.sample_maker(np.random.default_rng(7))


def is_float(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def dense(gradient: Any) -> np.ndarray:
    return gradient.to_dense() if isinstance(gradient, RowSparse) else np.asarray(gradient)


def run(entry: Primitive, inputs: tuple[Any, ...], settings: dict[str, Any]) -> list[np.ndarray]:
    """The value, and the gradients of sum(value * fixed numbers) by all floating inputs."""
    leaves = [Tensor(x, requires_grad=True) if is_float(x) else x for x in inputs]
    value = entry.operation(*leaves, **settings)
    cotangent = np.random.default_rng(1).normal(size=value.shape).astype(value.dtype)
    results = gradients(value, cotangent)
    floating = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
    return [
        value.data,
        *(dense(results[x]) if x in results else np.zeros_like(x.data) for x in floating),
    ]


def test_there_are_primitives() -> None:
    assert {"attention", "layer_norm", "linear", "cross_entropy"} <= {e.name for e in OURS}


@each
def test_gradient_in_every_form(entry: Primitive) -> None:
    check_primitive(entry)


@each
def test_values_and_gradients_are_finite(entry: Primitive) -> None:
    for sample in samples_of(entry):
        inputs = tuple(x.astype(np.float32) if is_float(x) else x for x in sample.inputs)
        for array in run(entry, inputs, sample.settings):
            assert np.isfinite(array).all(), sample.note


@each
def test_the_gradient_handed_back_may_have_any_layout(entry: Primitive) -> None:
    """A broadcast, read-only cotangent, as the backward of sum() gives it, equals a plain one."""
    for sample in samples_of(entry):
        value, backward = entry.function(*sample.inputs, **sample.settings)
        ones = np.ones(np.shape(value))
        plain = backward(ones)
        value, backward = entry.function(*sample.inputs, **sample.settings)
        given = backward(np.broadcast_to(np.ones(()), np.shape(value)))
        if not isinstance(plain, tuple):
            plain, given = (plain,), (given,)
        for a, b in zip(plain, given, strict=True):
            if a is not None:
                np.testing.assert_allclose(dense(a), dense(b), rtol=1e-9, atol=1e-12)


@each
def test_nothing_is_recorded_for_plain_arrays(entry: Primitive) -> None:
    sample = next(samples_of(entry))
    assert entry.operation(*sample.inputs, **sample.settings).node is None
