"""`Form`: the executable form of a card, and the check of its gradient.

A file docs/cards/forms/NAME.py holds NumPy functions: a forward function and beside it the
function of its gradients, `f_gradients(grad, ...)`, which takes the slopes of the loss by the
value and the inputs of the forward function, and returns the slopes by the inputs. `FORMS` names
the pairs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from pmt_autograd import Tensor, gradients
from pmt_core import RowSparse, check_gradient

SEEDS = (0, 1, 2)  # of the samples that are checked
PMT_TOLERANCE = 1e-9  # relative, in float64


class FormError(ValueError):
    """The gradient of a form is wrong: its shape, its type, or not that of pmt."""


@dataclass(frozen=True)
class Form:
    """A function and its gradient, as a card shows them.

    Attributes:
        name: of the function, e.g. "dense".
        forward: takes the inputs and returns the value, an array or a scalar.
        gradients: takes `grad`, of the shape of the value, and the inputs; returns the gradient of
        the one
            differentiable input, or a tuple with one for each.
        sample: makes inputs {parameter: array or setting} from a random generator. Arrays of
        floats are
            float64; away from kinks.
        differentiable: names of the inputs that have a gradient, in the order of `gradients`.
        pmt: the same value by pmt: takes the inputs by name, the differentiable ones as `Tensor`.
        primitives: the rows of docs/gradients.md for pmt's own operation.
    """

    name: str
    forward: Callable[..., Any]
    gradients: Callable[..., Any]
    sample: Callable[[np.random.Generator], dict[str, Any]]
    differentiable: tuple[str, ...]
    pmt: Callable[..., Tensor]
    primitives: tuple[str, ...] = ()

    def inputs(self, seed: int) -> dict[str, Any]:
        """Return a sample, in the order of the parameters of the forward function."""
        sample = self.sample(np.random.default_rng(seed))
        names = [name for name in inspect.signature(self.forward).parameters if name in sample]
        if set(names) != set(sample):
            raise FormError(f"{self.name}: {set(sample) - set(names)} are no parameters")
        return {name: sample[name] for name in names}

    def slopes(self, grad: np.ndarray, inputs: dict[str, Any]) -> tuple[np.ndarray, ...]:
        """Return one gradient for each differentiable input, of its shape and type."""
        result = self.gradients(grad, **inputs)
        slopes = result if isinstance(result, tuple) else (result,)
        if len(slopes) != len(self.differentiable):
            raise FormError(f"{self.name}: {len(slopes)} gradients for {self.differentiable}")
        for name, slope in zip(self.differentiable, slopes):
            if np.shape(slope) != np.shape(inputs[name]):
                shapes = f"{np.shape(slope)} for an input {np.shape(inputs[name])}"
                raise FormError(f"{self.name}: the gradient of {name} has shape {shapes}")
        return tuple(np.asarray(slope) for slope in slopes)


@dataclass(frozen=True)
class Errors:
    """The largest relative errors of a form, from central differences and from pmt's gradients."""

    differences: float
    pmt: float


def check(form: Form, seeds: tuple[int, ...] = SEEDS) -> Errors:
    """Compare a form with central differences and with pmt, in float64; return the largest errors.

    Raises:
        FormError: a gradient has the wrong shape or is not that of pmt, or the value is not.
        GradientError: a gradient is not the numerical derivative.
    """
    from_differences = [_error_of_differences(form, seed) for seed in seeds]
    return Errors(max(from_differences), max(_error_of_pmt(form, seed) for seed in seeds))


def _error_of_differences(form: Form, seed: int) -> float:
    inputs = form.inputs(seed)
    names = list(inputs)

    def function(*arrays: Any) -> tuple[np.ndarray, Callable[[np.ndarray], Any]]:
        given = dict(zip(names, arrays))

        def backward(grad: np.ndarray) -> tuple[np.ndarray | None, ...]:
            slopes = dict(zip(form.differentiable, form.slopes(grad, given)))
            return tuple(slopes.get(name) for name in names)

        return np.asarray(form.forward(**given)), backward

    positions = [names.index(name) for name in form.differentiable]
    rng = np.random.default_rng(seed)
    report = check_gradient(function, *inputs.values(), rng=rng, wrt=positions, float32=False)
    return report.error


def _error_of_pmt(form: Form, seed: int) -> float:
    inputs = form.inputs(seed)
    value = np.asarray(form.forward(**inputs))
    grad = np.random.default_rng(seed).uniform(0.5, 1.5, value.shape)
    leaves = {name: Tensor(inputs[name], requires_grad=True) for name in form.differentiable}
    result = form.pmt(**{**inputs, **leaves})
    if result.shape != value.shape:
        raise FormError(f"{form.name}: the value has shape {value.shape}, pmt's {result.shape}")
    by_pmt = gradients(result, grad)
    pairs = [("value", value, result.data)]
    for name, slope in zip(form.differentiable, form.slopes(grad, inputs)):
        other = by_pmt[leaves[name]]
        dense = other.to_dense() if isinstance(other, RowSparse) else np.asarray(other)
        pairs.append((name, slope, dense))
    errors = {name: _relative(mine, other) for name, mine, other in pairs}
    worst = max(errors, key=lambda name: errors[name])
    if not errors[worst] <= PMT_TOLERANCE:
        raise FormError(f"{form.name}: {worst} differs from pmt's by {errors[worst]:.1e}")
    return errors[worst]


def _relative(one: np.ndarray, other: np.ndarray) -> float:
    scale = float(np.max(np.abs(other), initial=0.0)) or 1.0
    return float(np.max(np.abs(one - other), initial=0.0)) / scale


def forms_of(source: str, name: str) -> list[Form]:
    """Run the text of a form file and return its `FORMS`."""
    module = ModuleType(name)
    exec(compile(source, f"{name}.py", "exec"), module.__dict__)
    return list(module.__dict__["FORMS"])
