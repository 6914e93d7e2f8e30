"""The registry of primitives: samples, composed forms and FLOP counters beside each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from pmt_autograd.tensor import Tensor
from pmt_core import StateError


@dataclass(frozen=True)
class Sample:
    """One call that a primitive is checked with: positional inputs, and keyword settings.

    Floating inputs are float64; `check_primitive` makes the float32, read-only and non-contiguous
    ones itself. Integer and boolean arrays are indices and masks. The inputs are away from kinks,
    where a difference quotient is not the derivative.

    Attributes:
        note: what is special about the sample, for the message of a failing test.
        float32_rtol: tolerance of the float32 gradient, relative to its largest element. Larger
            than the default only if the inputs themselves lose digits, e.g. 100 + noise.
        float32: False if the operation changes the dtype, so float32 need not give float32.
    """

    inputs: tuple[Any, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    float32_rtol: float = 1e-4
    float32: bool = True


C = TypeVar("C", bound=Callable[..., Any])

SampleMaker = Callable[[np.random.Generator], Iterator[Sample]]


@dataclass
class Primitive:
    """An entry of the registry; its name is unique.

    Attributes:
        function: the array function; returns `(value, backward)`.
        operation: the operation on tensors, recorded on the tape.
        sample_maker, kinks, analytic: see `samples`; without samples the registry test fails.
        composed: the same function in plain operations, if it has a composed form.
        count_flops: FLOPs of one call, see `counts_flops`; None for one per element.
    """

    name: str
    function: Callable[..., Any]
    operation: Callable[..., Tensor]
    sample_maker: SampleMaker | None = None
    kinks: str = ""
    analytic: bool = False
    composed: Callable[..., Tensor] | None = None
    count_flops: Callable[..., int] | None = None


REGISTRY: dict[str, Primitive] = {}


def register(entry: Primitive) -> None:
    """Add a primitive. Raises StateError if a primitive of another module has the same name."""
    known = REGISTRY.get(entry.name)
    if known is not None and known.function.__module__ != entry.function.__module__:
        raise StateError(
            f"two primitives are named {entry.name!r}: one in {known.function.__module__}, "
            f"one in {entry.function.__module__}; names are unique: rename one of them"
        )
    REGISTRY[entry.name] = entry


def primitives_of(package: str) -> list[Primitive]:
    """Return the registered primitives that a package defines, e.g. `primitives_of("pmt_nn")`."""
    entries = (REGISTRY[name] for name in sorted(REGISTRY))
    return [entry for entry in entries if entry.function.__module__.split(".")[0] == package]


def samples(
    *operations: Callable[..., Any], kinks: str = "", analytic: bool = False
) -> Callable[[SampleMaker], SampleMaker]:
    """Register the samples that the gradients of one or several primitives are checked with.

        @samples(tanh)
        def _(rng):
            yield Sample((rng.normal(size=(2, 3)),))

    The function is called only by the check, so it adds nothing to the time of an import. kinks:
    points where the function has no derivative, and the gradient there. analytic: True if it
    accepts complex numbers, so that it is checked by the complex step, exact to rounding.
    """

    def decorate(maker: SampleMaker) -> SampleMaker:
        for operation in operations:
            entry = REGISTRY[operation.__name__]
            entry.sample_maker, entry.kinks, entry.analytic = maker, kinks, analytic
        return maker

    return decorate


def composed_form(operation: Callable[..., Any]) -> Callable[[C], C]:
    """Attach the composed form of a fused operation as `operation.composed`.

        @composed_form(layer_norm)
        def layer_norm_composed(x, weight, bias, *, eps=1e-5):
            ...

    The composed form takes the same arguments and consists of plain operations, for reading.
    `check_composed` compares the two on the samples of the operation.
    """

    def decorate(composed: C) -> C:
        REGISTRY[operation.__name__].composed = composed
        operation.composed = composed  # type: ignore[attr-defined]
        return composed

    return decorate


# --- floating-point operations --------------------------------------------------------------------


def counts_flops(*operations: Callable[..., Any]) -> Callable[[C], C]:
    """Register the FLOP counter of one or several primitives.

        @counts_flops(matmul)
        def _(value, a, b, **settings):
            return 2 * value.size * a.shape[-1]

    The counter receives the value, the input arrays and the settings of a call (`needs_grad`
    among them, so accept `**settings`) and returns a number. A multiplication and its addition
    count as two.
    """

    def decorate(counter: C) -> C:
        for operation in operations:
            REGISTRY[operation.__name__].count_flops = counter
        return counter

    return decorate


def no_flops(*operations: Callable[..., Any]) -> None:
    """Register primitives that only move or view numbers: 0 FLOPs a call."""
    counts_flops(*operations)(lambda value, *arrays, **settings: 0)


def flops_of(name: str, value: Any, arrays: tuple[Any, ...], settings: dict[str, Any]) -> int:
    """Return the FLOPs of one call of a primitive in forward; `value` is what it returned.

    Uses the counter of the primitive (see `counts_flops`). If it has none, the estimate is one
    operation per element that it reads or returns, whichever are more.
    """
    entry = REGISTRY.get(name)
    if entry is not None and entry.count_flops is not None:
        return int(entry.count_flops(value, *arrays, **settings))
    returned = sum(np.size(output) for output in (value if isinstance(value, tuple) else (value,)))
    read = [x.size for x in arrays if isinstance(x, np.ndarray) and x.dtype.kind == "f"]
    return max([returned, *read])
