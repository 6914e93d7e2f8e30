"""Runs of one sample of a primitive on the tape, in several memory layouts, and comparisons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from pmt_autograd.backward import gradients
from pmt_autograd.ops.join_split import concat
from pmt_autograd.tensor import Tensor
from pmt_autograd.types import Array
from pmt_core import GradientError, RowSparse


class SampleRun(NamedTuple):
    """The result of an operation on one sample."""

    value: Array  # of several outputs the floating ones, flat and joined
    gradients: dict[int, Array]  # dense, by the position of the input, for a cotangent of 1 ... 3


def run_sample(
    operation: Callable[..., Any],
    arrays: Sequence[Any],
    settings: dict[str, Any],
    only: int | None = None,
) -> SampleRun:
    """Run an operation on tensors forward and backward; GradientError if an input was changed.

    Floating arrays become leaves. only: position of the only input to require a gradient; all
    floating ones if None.
    """
    before = [np.array(item) for item in arrays]
    leaves = {
        i: Tensor(item, requires_grad=only in (None, i))
        for i, item in enumerate(arrays)
        if is_float(item)
    }
    inputs = [leaves.get(i, item) for i, item in enumerate(arrays)]
    result = joined(operation(*inputs, **settings))
    cotangent = 1 + np.arange(result.size, dtype=result.dtype).reshape(result.shape) % 3
    grads = gradients(result, cotangent)
    for i, (item, copy) in enumerate(zip(arrays, before, strict=True)):
        if not np.array_equal(item, copy, equal_nan=is_float(item)):
            raise GradientError(f"input {i} was changed")
    dense = {i: _dense(grads.get(leaf), leaf) for i, leaf in leaves.items() if leaf.requires_grad}
    return SampleRun(result.data, dense)


def joined(result: Any) -> Tensor:
    """Return one tensor that depends on all floating outputs."""
    if not isinstance(result, tuple):
        return result
    return concat(*[output.reshape(-1) for output in result if output.dtype.kind == "f"])


def compare_runs(
    name: str, expected: SampleRun, actual: SampleRun, rtol: float = 1e-5, atol: float = 0.0
) -> None:
    """Raise GradientError if the value, or a gradient that `actual` has, differs from `expected`.

    name: what is special about `actual`, for the message. rtol: relative to the largest element.
    atol: for what would be 0 without rounding.
    """
    pairs = [("the value", expected.value, actual.value)]
    for i, gradient in actual.gradients.items():
        pairs.append((f"the gradient of input {i}", expected.gradients[i], gradient))
    for label, want, got in pairs:
        finite = np.isfinite(want)
        scale = np.abs(want).max(initial=1e-30, where=finite)
        if want.shape != got.shape or not np.allclose(
            got, want, rtol=rtol, atol=atol + rtol * scale, equal_nan=True
        ):
            raise GradientError(f"{label} differs for {name}{_largest_difference(want, got)}")


def _largest_difference(want: Array, got: Array) -> str:
    if want.shape != got.shape:
        return f": expected shape {want.shape}, got {got.shape}"
    with np.errstate(invalid="ignore"):
        difference = np.nan_to_num(np.abs(got - want), nan=np.inf)
    index = tuple(int(k) for k in np.unravel_index(difference.argmax(), want.shape))
    return f": expected {want[index]:.8g} at {index}, got {got[index]:.8g}"


def is_float(item: Any) -> bool:
    """Return whether an input is a floating array or NumPy scalar."""
    return isinstance(item, (np.ndarray, np.generic)) and item.dtype.kind == "f"


def cast(item: Any, dtype: type[np.floating[Any]]) -> Any:
    """Return a floating input in another dtype, and anything else unchanged."""
    if isinstance(item, np.generic):  # arithmetic on 0-d arrays gives these
        item = np.asarray(item)
    return item.astype(dtype) if is_float(item) else item


def non_contiguous(item: Any) -> Any:
    """Return the same values with a gap after each element."""
    if not isinstance(item, np.ndarray):
        return item
    spaced = np.empty((*item.shape, 2), item.dtype)[..., 0]
    spaced[...] = item
    return spaced


def fortran_order(item: Any) -> Any:
    """Return the same values in Fortran order."""
    return np.asfortranarray(item) if isinstance(item, np.ndarray) and item.ndim else item


def _dense(gradient: Any, leaf: Tensor) -> Array:
    if gradient is None:
        return np.zeros(leaf.shape, leaf.dtype)
    return gradient.to_dense() if isinstance(gradient, RowSparse) else gradient
