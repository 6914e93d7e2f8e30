"""Finding arrays that were changed in place while the tape still needed them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from pmt_autograd.debug.call_site import call_site
from pmt_autograd.debug.saved_arrays import saved_arrays
from pmt_autograd.grad_mode import operation_hook
from pmt_autograd.types import Array
from pmt_core import StateError


@contextmanager
def in_place_guard() -> Iterator[None]:
    """What is recorded within this context has its arrays checked again in backward.

        with in_place_guard():
            loss = model(x)
        x[0] = 5                 # an array that a gradient needs
        loss.backward()          # StateError: names the operation, the array, and your line

    Results of operations cannot be written to anyway (`Tensor.data` is read-only while the tape
    needs it). This guard covers the rest: leaves, parameters, arrays given as constants, and views
    of them. It takes a checksum of each array a gradient needs, so it costs time: for tests and
    for the search of an error, in the calling thread.
    """
    with operation_hook(_guarded):
        yield


def _guarded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*arrays: Any, **settings: Any) -> tuple[Any, Any]:
        value, backward = function(*arrays, **settings)
        line = call_site()
        kept = [(what, array, _checksum(array)) for what, array in saved_arrays(backward)]

        def checked_backward(grad: Any) -> Any:
            for what, array, before in kept:
                if _checksum(array) != before:
                    raise StateError(
                        f"an array that the gradient of {name!r} needs was changed in place after "
                        f"it was recorded: {what!r} of shape {array.shape}, {array.dtype}; "
                        f"recorded at {line}; write to a copy, or after backward()"
                    )
            return backward(grad)

        return value, checked_backward

    return run


def _checksum(array: Array) -> int:
    return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
