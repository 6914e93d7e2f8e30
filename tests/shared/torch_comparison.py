"""Comparison of a function with torch's on random configurations: values and gradients."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from difference import Configuration
from random_arrays import Draw
from torch_differences import differences_of

from pmt_autograd import Tensor, gradients
from pmt_core import RowSparse

CONFIGURATIONS = 200
SHOWN = 6

Inputs = tuple[list[Any], dict[str, Any]]
"""Arrays, of which the floating ones have gradients, and settings."""


@dataclass(frozen=True)
class Comparison:
    """A function of ours and of torch's that are to agree.

    Attributes:
        name: names the random streams, and the function in `torch_differences`.
        ours: called with tensors (and arrays of integers and booleans) and the settings.
        theirs: the same, with torch as first argument and torch's tensors.
        draw: makes the inputs of a configuration.
        tolerance: largest error, in units of 1e-6 for float32 and 1e-14 for float64.
        by_element: whether errors in arrays of the shape of the result are relative to the element;
            else, as for sums of many terms, to the largest finite element of the array.
        scales: called with the arrays and the settings; by the name of an array the size of the
            terms that cancel in it (for a gradient, with a cotangent of 1): an error relative to
            that is a rounding error too.
        edges: whether gradients of the output have edge values in some configurations.
    """

    name: str
    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    draw: Callable[[Draw], Inputs]
    tolerance: float = 4.0
    by_element: bool = False
    scales: Callable[..., dict[str, Any]] = lambda *arrays, **settings: {}
    edges: bool = True

    def __str__(self) -> str:
        return self.name


@dataclass
class Outcome:
    """What one implementation made of a configuration: arrays by name, or an error."""

    arrays: dict[str, Any] = field(default_factory=dict)
    error: Exception | None = None


class Known:
    """The deliberate differences of a comparison, and which of them no configuration has met.

    Attributes:
        unmet: their inputs; of those only that are to be met by this comparison.
    """

    def __init__(self, name: str) -> None:
        self.items = differences_of(name)
        common = [item for item in self.items if not item.rare]
        self.unmet = {item.input for item in common if item.comparisons[0] == name}

    def among(self, wrong: Any, name: str, configuration: Configuration) -> Any:
        """Return which elements of an array may differ; `wrong` are those that do."""
        total = np.False_
        for item in self.items:
            elements = item.elements(name, configuration)
            if (wrong & elements).any():
                self.unmet.discard(item.input)
            total = total | elements
        return total


def disagreements(comparison: Comparison, torch: Any, numbers: Any) -> Iterator[str]:
    """Yield a line for each array of each configuration that differs, deliberate ones aside."""
    known, refused, compared = Known(comparison.name), 0, 0
    for number in numbers:
        draw = Draw(comparison.name, number)
        arrays, settings = comparison.draw(draw)
        needs = [a.dtype.kind == "f" and not draw.chance(0.1) for a in arrays]
        ours, cotangents = _outcome_of_ours(comparison, arrays, settings, needs, draw)
        theirs = _outcome_of_theirs(comparison, torch, arrays, settings, needs, cotangents)
        configuration = Configuration(arrays, settings, cotangents)
        told = f"{number} ({draw.content}, {draw.dtype}, {[a.shape for a in arrays]}, {settings})"
        told = " ".join(told.split())
        for line in _differing(comparison, configuration, ours, theirs, known):
            yield f"{told if len(told) < 300 else told[:300] + ' ...'}: {line}"
        refused += ours.error is not None
        compared += sum(bool(np.isfinite(array).any()) for array in theirs.arrays.values())
    if numbers == range(CONFIGURATIONS):
        yield from (f"no configuration meets the difference at {name}" for name in known.unmet)
        if refused > 60 or compared < 100:
            yield f"little is compared: {refused} refused, {compared} arrays with finite elements"


def _differing(
    comparison: Comparison,
    configuration: Configuration,
    ours: Outcome,
    theirs: Outcome,
    known: Known,
) -> Iterator[str]:
    """Yield the differences of the outcomes of one configuration."""
    if ours.error or theirs.error:
        refused = isinstance(ours.error, (ValueError, IndexError)) and theirs.error
        if not refused and not known.among(np.True_, "error", configuration).any():
            yield f"ours {ours.error!r}, torch {theirs.error!r}"
        return
    scales = comparison.scales(*configuration.arrays, **configuration.settings)
    for name in theirs.arrays:
        scale = scales.get(name, 0.0)
        if name.startswith("gradient"):
            scale = scale * max((largest(y) for y in configuration.cotangents), default=0.0)
        pair = ours.arrays[name], theirs.arrays[name]
        wrong = np.True_
        if alike(*pair):
            is_sum = not comparison.by_element or pair[1].shape != theirs.arrays["output 0"].shape
            wrong = wrong_cells(*pair, comparison.tolerance, scale, by_array=is_sum)
        wrong = wrong & ~known.among(wrong, name, configuration)
        if wrong.any():
            yield f"{name} {_told(*pair, wrong)}"


def _outcome_of_ours(
    comparison: Comparison, arrays: list[Any], settings: Any, needs: list[bool], draw: Draw
) -> tuple[Outcome, list[Any]]:
    inputs = [
        Tensor(array, requires_grad=need) if array.dtype.kind == "f" else array
        for array, need in zip(arrays, needs, strict=True)
    ]
    cotangents: list[Any] = []
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
            outputs = _as_tuple(comparison.ours(*inputs, **settings))
            found = {f"output {i}": np.asarray(_data(y)) for i, y in enumerate(outputs)}
            cotangents = [
                draw.cotangent(y.shape, y.dtype, comparison.edges) for y in found.values()
            ]
            grads = _gradients(outputs, cotangents)
    except Exception as error:
        return Outcome(error=error), cotangents
    for i, (leaf, need) in enumerate(zip(inputs, needs, strict=True)):
        if need:
            found[f"gradient {i}"] = grads.get(leaf, np.zeros(leaf.shape, leaf.dtype))
    return Outcome(found), cotangents


def _gradients(outputs: tuple[Any, ...], cotangents: list[Any]) -> dict[Any, Any]:
    """Return the gradients of all leaves, dense."""
    recorded = [
        (y, grad)
        for y, grad in zip(outputs, cotangents, strict=True)
        if isinstance(y, Tensor) and y.requires_grad
    ]
    if not recorded:
        return {}
    if len(recorded) == 1:
        results = gradients(*recorded[0])
    else:
        results = gradients(sum(((y * grad).sum() for y, grad in recorded), Tensor(0.0)))
    return {
        leaf: grad.to_dense() if isinstance(grad, RowSparse) else grad
        for leaf, grad in results.items()
    }


def _outcome_of_theirs(
    comparison: Comparison,
    torch: Any,
    arrays: list[Any],
    settings: Any,
    needs: list[bool],
    cotangents: list[Any],
) -> Outcome:
    inputs = [
        torch.from_numpy(np.array(array, order="C")).requires_grad_(need)
        for array, need in zip(arrays, needs, strict=True)
    ]
    try:
        with warnings.catch_warnings(action="ignore"):
            outputs = _as_tuple(comparison.theirs(torch, *inputs, **settings))
        found = {f"output {i}": y.detach().numpy() for i, y in enumerate(outputs)}
        recorded = [i for i, y in enumerate(outputs) if y.requires_grad]
        if recorded and len(cotangents) == len(outputs):
            torch.autograd.backward(
                [outputs[i] for i in recorded],
                [torch.from_numpy(cotangents[i].reshape(outputs[i].shape)) for i in recorded],
            )
    except Exception as error:
        return Outcome(error=error)
    for i, (leaf, need) in enumerate(zip(inputs, needs, strict=True)):
        if need:
            grad = leaf.grad if leaf.grad is not None else torch.zeros_like(leaf)
            found[f"gradient {i}"] = grad.detach().numpy()
    return Outcome(found)


def alike(ours: Any, theirs: Any) -> bool:
    """Return whether two arrays have one shape and one dtype."""
    return ours.shape == theirs.shape and ours.dtype == theirs.dtype


def _told(ours: Any, theirs: Any, wrong: Any) -> str:
    """Return the first element that differs, as text."""
    if not alike(ours, theirs):
        return f"is {ours.dtype} {ours.shape}, torch's {theirs.dtype} {theirs.shape}"
    cell = tuple(int(i) for i in np.argwhere(wrong)[0])
    return f"{cell}: {ours[cell]!r}, torch {theirs[cell]!r}; {wrong.sum()} of {wrong.size}"


def wrong_cells(
    ours: Any, theirs: Any, tolerance: float, scale: float = 0.0, by_array: bool = False
) -> Any:
    """Return the elements that differ: booleans of the shape of both arrays.

    An error is relative to the element or, if that is larger, to `scale` or the largest element of
    the array. nan equals nan, and zeros of either sign are equal.
    """
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    if same.all() or ours.dtype.kind != "f":
        return ~same
    finite = np.isfinite(theirs)
    scale = max(scale, largest(theirs)) if by_array else scale
    wide = np.where(finite, theirs, 0).astype(np.longdouble)
    limit = tolerance * (1e-6 if ours.dtype == np.float32 else 1e-14)
    allowed = limit * np.maximum(np.abs(wide), scale) + 4 * np.finfo(ours.dtype).tiny
    with np.errstate(invalid="ignore"):
        near = np.abs(ours.astype(np.longdouble) - wide) <= allowed
    return ~(same | (finite & near))


def largest(array: Any) -> float:
    """Return the size of the largest finite element."""
    return float(np.abs(array, where=np.isfinite(array), out=np.zeros(array.shape)).max(initial=0))


def _as_tuple(outputs: Any) -> tuple[Any, ...]:
    return tuple(outputs) if isinstance(outputs, (tuple, list)) else (outputs,)


def _data(output: Any) -> Any:
    return output.data if isinstance(output, Tensor) else output


def hold(comparison: Comparison, count: int = CONFIGURATIONS) -> None:
    """Fail with the first disagreements of the configurations; skip where torch is missing."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    found = list(disagreements(comparison, torch, range(count)))
    assert not found, f"{len(found)} disagree:\n" + "\n".join(found[:SHOWN])
