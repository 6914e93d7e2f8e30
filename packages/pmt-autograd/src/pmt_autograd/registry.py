"""The registry of primitives: samples, composed forms and FLOP counters beside each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from pmt_autograd.alternatives import name_alternative
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

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Sample
        >>> sample = Sample((np.ones((2, 3)),), {"axis": 0}, note="first axis")
        >>> sample.inputs[0].shape, sample.settings
        ((2, 3), {'axis': 0})
    """

    inputs: tuple[Any, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    float32_rtol: float = 1e-4
    float32: bool = True


C = TypeVar("C", bound=Callable[..., Any])

SampleMaker = Callable[[np.random.Generator], Iterator[Sample]]


def _not_made(*inputs: Any, **settings: Any) -> Tensor:
    raise StateError("the primitive has no operation yet")


@dataclass
class Primitive:
    """An entry of the registry; its name is unique.

    Attributes:
        name: of the function; with its module in front if another module has the name, see
            `register`.
        function: the array function; returns `(value, backward)`.
        operation: the operation on tensors, recorded on the tape.
        sample_maker, kinks, analytic: see `samples`; without samples the registry test fails.
        composed: the same function in plain operations, if it has a composed form.
        count_flops: FLOPs of one call, see `counts_flops`; None for one per element.

    Examples:
        >>> from pmt_autograd import REGISTRY
        >>> entry = REGISTRY["relu"]
        >>> entry.name, entry.kinks
        ('relu', 'x = 0: 0')
        >>> entry.operation([-1.0, 2.0]).data
        array([0., 2.])
    """

    name: str
    function: Callable[..., Any]
    operation: Callable[..., Tensor] = _not_made
    sample_maker: SampleMaker | None = None
    kinks: str = ""
    analytic: bool = False
    composed: Callable[..., Tensor] | None = None
    count_flops: Callable[..., int] | None = None


REGISTRY: dict[str, Primitive] = {}
"""All primitives by name."""


def register(entry: Primitive) -> None:
    """Add a primitive, under a name that no primitive of another module has.

    A function that is defined again in its module replaces the earlier one. If another module has
    the name, pmt's own primitive keeps it, whichever came first, and the other is named
    "module.name". Raises StateError if both are pmt's.
    """
    plain = entry.name
    known = REGISTRY.get(plain)
    if known is not None and known.function.__module__ != entry.function.__module__:
        if _is_of_pmt(known) and _is_of_pmt(entry):
            raise StateError(
                f"two primitives are named {plain!r}: one in {known.function.__module__}, "
                f"one in {entry.function.__module__}; rename one of them"
            )
        renamed = known if _is_of_pmt(entry) else entry
        renamed.name = f"{renamed.function.__module__}.{plain}"
        REGISTRY[renamed.name] = renamed
    REGISTRY[entry.name] = entry
    name_alternative(Tensor, plain, f"the operation {plain}(x, ...)")


def _is_of_pmt(entry: Primitive) -> bool:
    return entry.function.__module__.startswith("pmt_")


def entry_of(operation: Callable[..., Any]) -> Primitive:
    """Return the entry of an operation. Raises StateError for other functions."""
    entry = getattr(operation, "entry", None)
    if not isinstance(entry, Primitive):
        name = getattr(operation, "__name__", operation)
        raise StateError(f"{name!r} is no primitive; decorate it with @primitive first")
    return entry


def primitives_of(package: str) -> list[Primitive]:
    """Return the registered primitives that a package defines, e.g. `primitives_of("pmt_nn")`.

    Examples:
        >>> from pmt_autograd import primitives_of
        >>> [entry.name for entry in primitives_of("pmt_autograd")][:3]
        ['absolute', 'add', 'arccos']
    """
    entries = (REGISTRY[name] for name in sorted(REGISTRY))
    return [entry for entry in entries if entry.function.__module__.split(".")[0] == package]


def samples(
    *operations: Callable[..., Any], kinks: str = "", analytic: bool = False
) -> Callable[[SampleMaker], SampleMaker]:
    """Register the samples that the gradients of one or several primitives are checked with.

    The function is called only by the check, so it adds nothing to the time of an import.

    Args:
        operations: primitives.
        kinks: points where the function has no derivative, and the gradient there.
        analytic: True if it accepts complex numbers, so that it is checked by the complex step,
            exact to rounding.

    Examples:
        >>> from pmt_autograd import REGISTRY, Sample, check_primitive, primitive, samples
        >>> @primitive
        ... def cubed(x):
        ...     return x**3, lambda grad: grad * 2 * x**2  # wrong: 3 x^2
        >>> @samples(cubed)
        ... def _(rng):
        ...     yield Sample((rng.normal(size=(2, 3)),))
        >>> check_primitive(REGISTRY["cubed"])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        pmt_core.errors.GradientError: cubed, sample 0: GradientError: wrong gradient: input ...
    """

    def decorate(maker: SampleMaker) -> SampleMaker:
        for operation in operations:
            entry = entry_of(operation)
            entry.sample_maker, entry.kinks, entry.analytic = maker, kinks, analytic
        return maker

    return decorate


def composed_form(operation: Callable[..., Any]) -> Callable[[C], C]:
    """Attach the composed form of a fused operation as `operation.composed`.

    The composed form takes the same arguments and consists of plain operations, for reading.
    `check_composed` compares the two on the samples of the operation.

    Examples:
        >>> from pmt_autograd import Tensor, composed_form, primitive
        >>> @primitive
        ... def scaled_square(x):
        ...     return 3 * x * x, lambda grad: 6 * grad * x
        >>> @composed_form(scaled_square)
        ... def scaled_square_composed(x):
        ...     return x**2 * 3
        >>> x = Tensor([1.0, 2.0])
        >>> scaled_square(x).data, scaled_square.composed(x).data
        (array([ 3., 12.], dtype=float32), array([ 3., 12.], dtype=float32))
    """

    def decorate(composed: C) -> C:
        entry_of(operation).composed = composed
        operation.composed = composed  # type: ignore[attr-defined]
        return composed

    return decorate


# --- floating-point operations --------------------------------------------------------------------


def counts_flops(*operations: Callable[..., Any]) -> Callable[[C], C]:
    """Register the FLOP counter of one or several primitives.

    The counter receives the value, the input arrays and the settings of a call (`needs_grad`
    among them, so accept `**settings`) and returns a number. A multiplication and its addition
    count as two.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import counts_flops, flops_of, primitive
        >>> @primitive
        ... def fourth_power(x):
        ...     return x**4, lambda grad: grad * 4 * x**3
        >>> @counts_flops(fourth_power)
        ... def _(value, x, **settings):
        ...     return 2 * x.size  # the square of a square
        >>> flops_of("fourth_power", np.ones(5), (np.ones(5),), {})
        10
    """

    def decorate(counter: C) -> C:
        for operation in operations:
            entry_of(operation).count_flops = counter
        return counter

    return decorate


def no_flops(*operations: Callable[..., Any]) -> None:
    """Register primitives that only move or view numbers: 0 FLOPs a call.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import flops_of, no_flops, primitive
        >>> @primitive
        ... def last(x):
        ...     return x[-1:], lambda grad: np.concatenate((np.zeros(x.size - 1, x.dtype), grad))
        >>> no_flops(last)
        >>> flops_of("last", np.ones(1), (np.ones(5),), {})
        0
    """
    counts_flops(*operations)(lambda value, *arrays, **settings: 0)


def flops_of(name: str, value: Any, arrays: tuple[Any, ...], settings: dict[str, Any]) -> int:
    """Return the FLOPs of one call of a primitive in forward.

    Uses the counter of the primitive (see `counts_flops`). If it has none, the estimate is one
    operation per element that it reads or returns, whichever are more.

    Args:
        name: of the primitive.
        value: what the call returned.
        arrays: inputs of the call.
        settings: keyword arguments of the call.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import flops_of
        >>> a, b = np.ones((2, 3)), np.ones((3, 4))
        >>> flops_of("matmul", a @ b, (a, b), {})  # 2 * 2 * 3 * 4
        48
        >>> flops_of("exp", np.exp(a), (a,), {})  # no counter: one for each element
        6
    """
    entry = REGISTRY.get(name)
    if entry is not None and entry.count_flops is not None:
        return int(entry.count_flops(value, *arrays, **settings))
    returned = sum(np.size(output) for output in (value if isinstance(value, tuple) else (value,)))
    read = [x.size for x in arrays if isinstance(x, np.ndarray) and x.dtype.kind == "f"]
    return max([returned, *read])
