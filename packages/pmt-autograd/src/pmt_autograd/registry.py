"""Every primitive there is, with the inputs its gradient is checked with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from pmt_autograd.tensor import Tensor
from pmt_core import StateError


@dataclass(frozen=True)
class Sample:
    """One call with which a primitive is checked.

    Inputs are given in float64 (the walk makes the float32, read-only and non-contiguous forms
    itself); integer and boolean arrays stand for indices and masks. They lie away from kinks,
    where a difference quotient says nothing.

    Attributes:
        inputs: positional arguments.
        settings: keyword arguments.
        note: what is special about the sample, for a failing test's message.
        float32_rtol: the error allowed to a float32 gradient, relative to its largest element;
            more than the usual only where the inputs themselves lose digits, e.g. 100 + noise.
        float32: False for the rare operation that is there to change the dtype: it is then not
            required that float32 stays float32.
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
    """An entry of the registry.

    Attributes:
        name: the operation's name, unique.
        function: the array function; returns `(value, backward)`.
        operation: the same on tensors, recorded on the tape.
        sample_maker: yields the samples; None makes the registry test fail.
        kinks: where the function has no derivative and what the gradient is there.
        analytic: True where the function computes with complex numbers too, so that its gradient
            is checked by the complex step, exact to rounding.
        composed: the same function in plain operations, if it has such a form.
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
    """Add a primitive. Raises StateError where another module's primitive has the name."""
    known = REGISTRY.get(entry.name)
    if known is not None and known.function.__module__ != entry.function.__module__:
        raise StateError(
            f"two primitives are named {entry.name!r}: one in {known.function.__module__}, "
            f"one in {entry.function.__module__}; names are unique: rename one of them"
        )
    REGISTRY[entry.name] = entry


def samples(
    operation: Callable[..., Any], *, kinks: str = "", analytic: bool = False
) -> Callable[[SampleMaker], SampleMaker]:
    """Give an operation the samples its gradient is checked with.

        @samples(tanh)
        def _(rng):
            yield Sample((rng.normal(size=(2, 3)),))

    They are made only when the registry is walked, so they cost an import nothing.
    """

    def decorate(maker: SampleMaker) -> SampleMaker:
        entry = REGISTRY[operation.__name__]
        entry.sample_maker = maker
        entry.kinks = kinks
        entry.analytic = analytic
        return maker

    return decorate


def composed_form(operation: Callable[..., Any]) -> Callable[[C], C]:
    """Attach the composed form of a fused operation, as `operation.composed`.

        @composed_form(layer_norm)
        def layer_norm_composed(x, weight, bias, *, eps=1e-5):
            ...

    The composed form takes the same arguments and is made of plain operations: the text to read.
    A test holds the two equal on the samples of the operation.
    """

    def decorate(composed: C) -> C:
        REGISTRY[operation.__name__].composed = composed
        operation.composed = composed  # type: ignore[attr-defined]
        return composed

    return decorate
