"""The registry walked: every primitive checked with every one of its samples.

The tests of each package and the gradient ledger use this one walk.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pmt_autograd.backward import gradients
from pmt_autograd.grad_mode import no_grad
from pmt_autograd.ops.join_split import concat
from pmt_autograd.registry import REGISTRY, Primitive, Sample
from pmt_autograd.tensor import Tensor
from pmt_autograd.types import Array
from pmt_core import GradientError, RowSparse, StateError, check_gradient


@dataclass(frozen=True, slots=True)
class PrimitiveReport:
    """What the walk found for one primitive.

    Attributes:
        name: the primitive's name.
        samples: how many samples it was checked with.
        method: "complex" (the complex step) or "central" (central differences).
        error: worst relative error of a float64 gradient against the numerical one.
        float32_error: worst error of a float32 gradient, relative to the gradient's largest
            element.
        kinks: where there is no derivative, and what the gradient is there.
    """

    name: str
    samples: int
    method: str
    error: float
    float32_error: float
    kinks: str


def primitives_of(package: str) -> list[Primitive]:
    """The registered primitives that a package defines, e.g. `primitives_of("pmt_nn")`."""
    return [
        entry
        for name, entry in sorted(REGISTRY.items())
        if entry.function.__module__.split(".")[0] == package
    ]


def check_primitive(entry: Primitive, *, seed: int = 0) -> PrimitiveReport:
    """Check one primitive with all its samples, in every form an input can take.

    Per sample: the gradient against numerical derivatives in float64, and float32 against float64
    (`pmt_core.check_gradient`, which hands over read-only arrays); on the tape: float32 in gives
    float32 out, for value and gradients; gradients have the shapes of their inputs; inputs stay
    unchanged; inputs that are read-only, not contiguous or in Fortran order give the same; so
    does asking for the gradient of one input alone; and under `no_grad` the value is the same.

    Raises GradientError naming the primitive, the sample and the form; StateError for a primitive
    without samples.
    """
    if entry.sample_maker is None:
        raise StateError(
            f"the primitive {entry.name!r} of {entry.function.__module__} has no samples, so its "
            "gradient cannot be checked; give it some with @samples beside its definition"
        )
    found = list(entry.sample_maker(np.random.default_rng(seed)))
    if not found:
        raise StateError(f"the samples of {entry.name!r} yield nothing; yield at least one Sample")
    errors = [_check_sample(entry, sample, number, seed) for number, sample in enumerate(found)]
    return PrimitiveReport(
        name=entry.name,
        samples=len(found),
        method=_method(entry),
        error=max(error for error, _ in errors),
        float32_error=max(error for _, error in errors),
        kinks=entry.kinks,
    )


def _method(entry: Primitive) -> str:
    return "complex" if entry.analytic else "central"


def _check_sample(entry: Primitive, sample: Sample, number: int, seed: int) -> tuple[float, float]:
    """Worst float64 and float32 error."""
    where = f"{entry.name}, sample {number}" + (f" ({sample.note})" if sample.note else "")
    settings = dict(sample.settings)
    if "needs_grad" in inspect.signature(entry.function).parameters:
        settings["needs_grad"] = [
            _is_float(item) or isinstance(item, float) for item in sample.inputs
        ]
    try:
        report = check_gradient(
            lambda *inputs: _joined(*entry.function(*inputs, **settings)),
            *sample.inputs,
            rng=np.random.default_rng([seed, number]),
            method="complex" if entry.analytic else "central",
            float32=sample.float32,
            float32_rtol=sample.float32_rtol,
        )
        _check_on_tape(entry, sample)
    except Exception as error:
        raise GradientError(f"{where}: {type(error).__name__}: {error}") from error
    return report.error, report.float32_error or 0.0


def _joined(value: Any, backward: Any) -> tuple[Array, Any]:
    """Several floating outputs as one flat array, with the backward that goes with it."""
    if type(value) is not tuple:
        return value, backward
    floating = [part for part in value if part.dtype.kind in "fc"]
    ends = np.cumsum([part.size for part in floating])

    def backward_of_joined(grad: Array) -> Any:
        pieces = iter(np.split(grad, ends[:-1]))
        return backward(
            tuple(
                next(pieces).reshape(part.shape)
                if part.dtype.kind in "fc"
                else np.zeros(part.shape)
                for part in value
            )
        )

    return np.concatenate([part.reshape(-1) for part in floating]), backward_of_joined


def _check_on_tape(entry: Primitive, sample: Sample) -> None:
    """The same sample through `Tensor`s, in all forms."""
    dtype = np.float32 if sample.float32 else np.float64
    single = [_cast(item, dtype) for item in sample.inputs]
    value, found = _run(entry, single, sample)
    _check_forms(single, value, found, np.dtype(dtype))
    for form in (_read_only, _strided, _fortran):
        other_value, other_found = _run(entry, [form(item) for item in single], sample)
        _check_same(form.__name__.strip("_"), value, found, other_value, other_found)
    floating = [i for i, item in enumerate(single) if _is_float(item)]
    if len(floating) > 1:
        for i in floating:
            alone_value, alone = _run(entry, single, sample, only=i)
            _check_same(f"gradient of input {i} alone", value, {i: found[i]}, alone_value, alone)
    with no_grad():
        unrecorded = entry.operation(*single, **sample.settings)
    _check_same("no_grad", value, {}, _single(unrecorded).data, {})


def _run(
    entry: Primitive, arrays: Sequence[Any], sample: Sample, only: int | None = None
) -> tuple[Array, dict[int, Array]]:
    """Value and dense gradients by input position, with a cotangent of ones to threes."""
    before = [np.array(item) for item in arrays]
    leaves = {
        i: Tensor(item, requires_grad=only in (None, i))
        for i, item in enumerate(arrays)
        if _is_float(item)
    }
    result = _single(
        entry.operation(*(leaves.get(i, item) for i, item in enumerate(arrays)), **sample.settings)
    )
    cotangent = 1 + np.arange(result.size, dtype=result.dtype).reshape(result.shape) % 3
    found = gradients(result, cotangent)
    for i, (item, copy) in enumerate(zip(arrays, before, strict=True)):
        if not np.array_equal(item, copy):
            raise GradientError(f"input {i} was changed")
    return result.data, {
        i: _dense(found.get(leaf), leaf) for i, leaf in leaves.items() if leaf.requires_grad
    }


def _single(result: Any) -> Tensor:
    """One tensor that depends on all floating outputs."""
    if not isinstance(result, tuple):
        return result
    flat = [part.reshape(-1) for part in result if part.dtype.kind == "f"]
    return concat(*flat)


def _dense(gradient: Any, leaf: Tensor) -> Array:
    if gradient is None:
        return np.zeros(leaf.shape, leaf.dtype)
    return gradient.to_dense() if isinstance(gradient, RowSparse) else gradient


def _check_forms(
    inputs: Sequence[Any], value: Array, found: dict[int, Array], dtype: np.dtype[Any]
) -> None:
    if value.dtype != dtype:
        raise GradientError(f"inputs of {dtype} gave a value of {value.dtype}")
    for i, gradient in found.items():
        if gradient.dtype != dtype or gradient.shape != np.shape(inputs[i]):
            raise GradientError(
                f"the gradient of input {i} is {gradient.dtype} {gradient.shape}, "
                f"expected {dtype} {np.shape(inputs[i])}"
            )


def _check_same(
    form: str,
    value: Array,
    found: dict[int, Array],
    other_value: Array,
    other_found: dict[int, Array],
) -> None:
    """Equal up to the order of sums."""
    pairs = [("value", value, other_value)]
    pairs += [(f"gradient of input {i}", found[i], other_found[i]) for i in found]
    for what, expected, got in pairs:
        scale = np.abs(expected).max(initial=1e-30, where=np.isfinite(expected))
        if not np.allclose(got, expected, rtol=1e-5, atol=1e-5 * scale, equal_nan=True):
            raise GradientError(f"{what} differs for inputs that are {form}")


def _is_float(item: Any) -> bool:
    return isinstance(item, (np.ndarray, np.generic)) and item.dtype.kind == "f"


def _cast(item: Any, dtype: type[np.floating[Any]]) -> Any:
    if isinstance(item, np.generic):  # arithmetic on 0-d arrays gives these
        item = np.asarray(item)
    return item.astype(dtype) if _is_float(item) else item


def _read_only(item: Any) -> Any:
    if not isinstance(item, np.ndarray):
        return item
    view = item.view()
    view.flags.writeable = False
    return view


def _strided(item: Any) -> Any:
    """The same values with a gap behind each element."""
    if not isinstance(item, np.ndarray):
        return item
    spaced = np.empty((*item.shape, 2), item.dtype)[..., 0]
    spaced[...] = item
    return spaced


def _fortran(item: Any) -> Any:
    return np.asfortranarray(item) if isinstance(item, np.ndarray) and item.ndim else item
