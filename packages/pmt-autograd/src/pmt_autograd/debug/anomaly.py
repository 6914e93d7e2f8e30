"""Finding the operation where the first nan or infinity arose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from pmt_autograd.debug.call_site import call_site
from pmt_autograd.grad_mode import operation_hook
from pmt_core import GradientError, RowSparse


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Within this context the first value that is not finite is an error, where it arises.

    Raises GradientError that names the operation, the shapes of its inputs, and the line of your
    program that called it: in forward where a value is nan or infinite, in backward (also after
    the context's end) where a gradient is. It looks at every element, so it costs time.
    """
    with operation_hook(_checked):
        yield


def _checked(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*arrays: Any, **settings: Any) -> tuple[Any, Any]:
        line = call_site()
        shapes = ", ".join(str(np.shape(array)) for array in arrays)
        value, backward = function(*arrays, **settings)
        for part in value if type(value) is tuple else (value,):
            if _bad(part):
                raise GradientError(
                    f"{name!r} gave {_count(part)}; its inputs have the shapes {shapes}"
                    f"{_already_bad(arrays)}; called at {line}"
                )

        def checked_backward(grad: Any) -> Any:
            found = backward(grad)
            for i, gradient in enumerate(found if type(found) is tuple else (found,)):
                dense = gradient.values if isinstance(gradient, RowSparse) else gradient
                if _bad(dense):
                    raise GradientError(
                        f"the gradient of {name!r} by input {i} has {_count(dense)}; its inputs "
                        f"have the shapes {shapes}{_already_bad(arrays)}; called at {line}"
                    )
            return found

        return value, checked_backward

    return run


def _bad(item: Any) -> bool:
    return (
        isinstance(item, (np.ndarray, np.generic))
        and item.dtype.kind == "f"
        and not bool(np.isfinite(item).all())
    )


def _count(array: Any) -> str:
    nans, infinite = int(np.isnan(array).sum()), int(np.isinf(array).sum())
    return f"{nans} nan and {infinite} infinite elements of {np.size(array)}"


def _already_bad(arrays: tuple[Any, ...]) -> str:
    bad = [str(i) for i, array in enumerate(arrays) if _bad(array)]
    return f" (input {', '.join(bad)} was not finite before)" if bad else ""
