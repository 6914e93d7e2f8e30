"""Every primitive of pmt_autograd, with every sample, in every form an input can take."""

from __future__ import annotations

import numpy as np
import pytest

import pmt_autograd as ag
from pmt_autograd import (
    REGISTRY,
    Primitive,
    Sample,
    Tensor,
    check_composed,
    check_primitive,
    composed_form,
    counts_flops,
    gradients,
    primitive,
    primitives_of,
    profile,
    samples,
)
from pmt_core import GradientError, StateError

ENTRIES = primitives_of("pmt_autograd")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_gradient(entry: Primitive) -> None:
    report = check_primitive(entry)
    assert report.samples
    assert report.error < 1e-6
    assert report.float32_error < 1e-2


def test_registry_is_not_empty() -> None:
    assert len(ENTRIES) > 25


@pytest.fixture
def scaled():
    """A primitive whose gradient is `claimed` where it should be 3, taken out again at the end."""

    def make(claimed: float, dtype: type | None = None, spoil: bool = False):
        @primitive
        def scaled_for_test(x):
            def backward(grad):
                if spoil:
                    x[...] = 0
                return (grad * claimed).astype(dtype or grad.dtype)

            return x * 3, backward

        return scaled_for_test

    yield make
    REGISTRY.pop("scaled_for_test", None)


def _with_sample(operation, name="scaled_for_test"):
    @samples(operation)
    def _(rng):
        yield Sample((rng.normal(size=(2, 3)),))

    return REGISTRY[name]


def test_a_right_gradient_passes(scaled) -> None:
    assert check_primitive(_with_sample(scaled(3.0))).samples == 1


def test_a_gradient_wrong_by_a_thousandth_is_refused(scaled) -> None:
    with pytest.raises(GradientError, match="scaled_for_test, sample 0"):
        check_primitive(_with_sample(scaled(3.003)))


def test_a_gradient_in_float64_is_refused(scaled) -> None:
    with pytest.raises(GradientError, match="float64"):
        check_primitive(_with_sample(scaled(3.0, dtype=np.float64)))


def test_a_backward_that_writes_to_its_input_is_refused(scaled) -> None:
    with pytest.raises(GradientError, match="written to"):
        check_primitive(_with_sample(scaled(3.0, spoil=True)))


def test_no_samples_is_an_error(scaled) -> None:
    scaled(3.0)
    with pytest.raises(StateError, match="has no samples"):
        check_primitive(REGISTRY["scaled_for_test"])


def test_samples_that_yield_nothing_are_an_error(scaled) -> None:
    operation = scaled(3.0)
    samples(operation)(lambda rng: iter(()))
    with pytest.raises(StateError, match="yield nothing"):
        check_primitive(REGISTRY["scaled_for_test"])


def test_a_name_that_pmt_has_may_be_used_again() -> None:
    """Both are known, under two names: values, gradients, samples, FLOPs, profile."""
    ours = REGISTRY["tanh"]

    @primitive
    def tanh(x):
        return 5 * x, lambda grad: 5 * grad

    counts_flops(tanh)(lambda value, x, **settings: 1000)
    name = f"{__name__}.tanh"
    try:
        assert check_primitive(_with_sample(tanh, name)).samples == 1
        assert REGISTRY["tanh"] is ours
        assert ours.sample_maker is not REGISTRY[name].sample_maker
        x = Tensor([0.25], requires_grad=True)
        with profile() as measured:
            y = tanh(x) + ag.tanh(x)
        assert y.data == pytest.approx(1.25 + np.tanh(0.25))
        assert gradients(y.sum())[x] == pytest.approx(5 + 1 - np.tanh(0.25) ** 2)
        flops = {row.operation: row.flops for row in measured.by_operation()}
        assert flops[name] == 1000
        assert flops["tanh"] < 1000
    finally:
        REGISTRY.pop(name)


def test_two_primitives_of_pmt_with_one_name_are_an_error() -> None:
    def tanh(x):
        return x, lambda grad: grad

    tanh.__module__ = "pmt_autograd.other"
    with pytest.raises(StateError, match="two primitives are named 'tanh'"):
        primitive(tanh)
    assert isinstance(REGISTRY["tanh"].operation(1.0), Tensor)


def test_what_is_no_primitive_has_no_samples() -> None:
    with pytest.raises(StateError, match="'len' is no primitive"):
        samples(len)(lambda rng: iter(()))


def test_a_composed_form_that_is_equal_passes(scaled) -> None:
    operation = scaled(3.0)
    composed_form(operation)(lambda x: x + x + x)
    assert check_composed(_with_sample(operation)) == 1
    assert operation.composed is REGISTRY["scaled_for_test"].composed


@pytest.mark.parametrize(
    ("composed", "difference"),
    [
        (lambda x: x * 3.001, "the value differs .* float64: expected"),
        (lambda x: x.detach() * 2 + x, "the gradient of input 0 differs"),
        (lambda x: (x * 3)[None], "expected shape"),
    ],
)
def test_a_composed_form_that_differs_is_an_error(scaled, composed, difference: str) -> None:
    operation = scaled(3.0)
    composed_form(operation)(composed)
    with pytest.raises(GradientError, match=f"scaled_for_test, sample 0.*{difference}"):
        check_composed(_with_sample(operation))


def test_no_composed_form_is_an_error() -> None:
    with pytest.raises(StateError, match="'tanh' has no composed form"):
        check_composed(REGISTRY["tanh"])
