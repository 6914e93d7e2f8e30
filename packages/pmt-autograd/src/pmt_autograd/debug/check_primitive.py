"""Checks of a primitive with its samples: its gradient, and its composed form."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pmt_autograd.debug import sample_run
from pmt_autograd.debug.sample_run import SampleRun, cast, compare_runs, is_float, run_sample
from pmt_autograd.grad_mode import no_grad
from pmt_autograd.registry import Primitive, Sample
from pmt_autograd.types import Array
from pmt_core import GradientError, StateError, check_gradient


@dataclass(frozen=True, slots=True)
class PrimitiveReport:
    """The results of `check_primitive`.

    Attributes:
        name, kinks: of the `Primitive`.
        samples: number of samples.
        method: "complex" (the complex step) or "central" (central differences).
        error: largest relative error of a float64 gradient against the numerical one.
        float32_error: largest error of a float32 gradient, relative to its largest element.

    Examples:
        >>> from pmt_autograd import REGISTRY, check_primitive
        >>> report = check_primitive(REGISTRY["tanh"])
        >>> report.name, report.samples, report.method
        ('tanh', 4, 'complex')
        >>> report.error < 1e-10, report.float32_error < 1e-4
        (True, True)
    """

    name: str
    samples: int
    method: str
    error: float
    float32_error: float
    kinks: str


def check_primitive(entry: Primitive, *, seed: int = 0) -> PrimitiveReport:
    """Check a primitive with all of its samples.

    For each sample the gradient is compared with numerical derivatives in float64, and the
    float32 gradient with the float64 one (`pmt_core.check_gradient`, with read-only arrays). On
    the tape: float32 inputs give float32 values and gradients; gradients have the shapes of their
    inputs; inputs are not changed. Inputs that are not contiguous or in Fortran order give the same
    results, as do the gradient of one input alone, and the value under `no_grad`.

    Args:
        entry: of the registry.
        seed: of the samples and of the random directions.

    Raises:
        GradientError: names the primitive, the sample and what is wrong.
        StateError: if the primitive has no samples.

    Examples:
        >>> from pmt_autograd import REGISTRY, check_primitive
        >>> report = check_primitive(REGISTRY["relu"])
        >>> report.samples, report.kinks
        (2, 'x = 0: 0')
        >>> report.error < 1e-6
        True
    """
    errors = []
    for number, sample in enumerate(_samples(entry, seed)):
        with _naming(entry, number, sample):
            errors.append(_check_numerically(entry, sample, np.random.default_rng([seed, number])))
            _check_on_tape(entry, sample)
    error, float32_error = (max(column) for column in zip(*errors, strict=True))
    method = _method(entry)
    return PrimitiveReport(entry.name, len(errors), method, error, float32_error, entry.kinks)


def check_composed(entry: Primitive, *, seed: int = 0) -> int:
    """Compare a primitive with its composed form on all of its samples; return their number.

    Values and the gradients of all floating inputs must be equal, up to rounding, in float64 and
    in float32.

    Args:
        entry: of the registry.
        seed: of the samples.

    Raises:
        GradientError: names the primitive, the sample, the dtype and the first difference.
        StateError: if the primitive has no composed form or no samples.

    Examples:
        >>> from pmt_autograd import REGISTRY, Sample, primitive, samples
        >>> from pmt_autograd import check_composed, composed_form
        >>> @primitive
        ... def doubled(x):
        ...     return 2 * x, lambda grad: 2 * grad
        >>> @samples(doubled)
        ... def _(rng):
        ...     yield Sample((rng.normal(size=4),))
        >>> _ = composed_form(doubled)(lambda x: x * x)  # not the same function
        >>> check_composed(REGISTRY["doubled"])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        pmt_core.errors.GradientError: doubled, sample 0: GradientError: the value differs ...
    """
    if entry.composed is None:
        raise StateError(
            f"the primitive {entry.name!r} has no composed form; attach one with @composed_form"
        )
    samples = _samples(entry, seed)
    for number, sample in enumerate(samples):
        for dtype, rtol in ((np.float64, 1e-9), (np.float32, sample.float32_rtol)):
            arrays = [cast(item, dtype) for item in sample.inputs]
            with _naming(entry, number, sample):
                fused = run_sample(entry.operation, arrays, sample.settings)
                composed = run_sample(entry.composed, arrays, sample.settings)
                label = f"the composed form in {dtype.__name__}"
                compare_runs(label, fused, composed, rtol, atol=64 * float(np.finfo(dtype).eps))
    return len(samples)


def _samples(entry: Primitive, seed: int) -> list[Sample]:
    if entry.sample_maker is None:
        raise StateError(
            f"the primitive {entry.name!r} of {entry.function.__module__} has no samples, so it "
            "cannot be checked; give it some with @samples beside its definition"
        )
    samples = list(entry.sample_maker(np.random.default_rng(seed)))
    if not samples:
        raise StateError(f"the samples of {entry.name!r} yield nothing; yield at least one Sample")
    return samples


@contextmanager
def _naming(entry: Primitive, number: int, sample: Sample) -> Iterator[None]:
    """Name the primitive and the sample in any error."""
    try:
        yield
    except Exception as error:
        label = f"{entry.name}, sample {number}" + (f" ({sample.note})" if sample.note else "")
        raise GradientError(f"{label}: {type(error).__name__}: {error}") from error


def _method(entry: Primitive) -> Literal["complex", "central"]:
    return "complex" if entry.analytic else "central"


def _check_numerically(
    entry: Primitive, sample: Sample, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the largest float64 and float32 errors."""
    settings = dict(sample.settings)
    if "needs_grad" in inspect.signature(entry.function).parameters:
        settings["needs_grad"] = [
            is_float(item) or isinstance(item, float) for item in sample.inputs
        ]
    report = check_gradient(
        lambda *inputs: _joined_outputs(*entry.function(*inputs, **settings)),
        *sample.inputs,
        rng=rng,
        method=_method(entry),
        float32=sample.float32,
        float32_rtol=sample.float32_rtol,
    )
    return report.error, report.float32_error or 0.0


def _joined_outputs(value: Any, backward: Any) -> tuple[Array, Any]:
    """Return several floating outputs as one flat array, with its backward."""
    if type(value) is not tuple:
        return value, backward
    floating = [output for output in value if output.dtype.kind in "fc"]
    ends = np.cumsum([output.size for output in floating])

    def backward_of_joined(grad: Array) -> Any:
        parts = iter(np.split(grad, ends[:-1]))
        grads = (next(parts) if y.dtype.kind in "fc" else np.zeros(y.size) for y in value)
        return backward(tuple(part.reshape(y.shape) for part, y in zip(grads, value, strict=True)))

    return np.concatenate([output.reshape(-1) for output in floating]), backward_of_joined


def _check_on_tape(entry: Primitive, sample: Sample) -> None:
    """Check the operation on tensors: dtypes, shapes, memory layouts, single gradients."""
    dtype = np.float32 if sample.float32 else np.float64
    inputs = [cast(item, dtype) for item in sample.inputs]
    run = run_sample(entry.operation, inputs, sample.settings)
    _check_dtypes_and_shapes(inputs, run, np.dtype(dtype))
    for layout in (sample_run.non_contiguous, sample_run.fortran_order):
        other = run_sample(entry.operation, [layout(x) for x in inputs], sample.settings)
        compare_runs(f"inputs that are {layout.__name__}", run, other)
    if len(run.gradients) > 1:
        for i in run.gradients:
            other = run_sample(entry.operation, inputs, sample.settings, only=i)
            compare_runs(f"the gradient of input {i} alone", run, other)
    with no_grad():
        unrecorded = sample_run.joined(entry.operation(*inputs, **sample.settings))
    compare_runs("no_grad", run, SampleRun(unrecorded.data, {}))


def _check_dtypes_and_shapes(inputs: list[Any], run: SampleRun, dtype: np.dtype[Any]) -> None:
    if run.value.dtype != dtype:
        raise GradientError(f"inputs of {dtype} gave a value of {run.value.dtype}")
    for i, gradient in run.gradients.items():
        if gradient.dtype != dtype or gradient.shape != np.shape(inputs[i]):
            raise GradientError(
                f"the gradient of input {i} is {gradient.dtype} {gradient.shape}, "
                f"expected {dtype} {np.shape(inputs[i])}"
            )
