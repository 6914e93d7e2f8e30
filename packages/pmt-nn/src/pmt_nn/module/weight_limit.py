"""`weight_limit`: no model larger than the file whose weights it is to load."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from pmt_core import SettingsError, ShapeError

_SPARE = 1 << 18  # beyond the file: `load_state_dict` names small differences
_SPARE_CONSTANTS = 1 << 24
_LARGEST = 1 << 48  # of an axis


@dataclass(slots=True)
class _Left:
    """How many numbers the modules that are built may still have."""

    given: int
    weights: int
    constants: int


_left: ContextVar[_Left | None] = ContextVar("weight_limit", default=None)


@contextmanager
def weight_limit(state: Mapping[str, NDArray[Any]] | int) -> Iterator[None]:
    """Limit the modules that are built within this context to the number of weights in `state`.

    Settings that were read from a file may ask for a model that does not fit into the memory. The
    weights beside them say how large it can be. A quarter more is allowed, and 260,000 weights; for
    constants (sinusoids), as many as the file has weights, and 16 million. The limit is that of the
    calling thread, and of the initializers in pmt_nn.

    state: the weights by name, or their number.

    Raises:
        ShapeError: a module was built that is larger.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear, weight_limit
        >>> rng = np.random.default_rng(0)
        >>> weights = Linear(10, 10, rng).state_dict()
        >>> with weight_limit(weights):
        ...     layer = Linear(10, 10, rng)
        >>> with weight_limit(weights):
        ...     layer = Linear(100_000, 100_000, rng)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        pmt_core.errors.ShapeError: the settings ask for a larger model than the file holds: ...
    """
    given = state if isinstance(state, int) else sum(array.size for array in state.values())
    token = _left.set(_Left(given, given + given // 4 + _SPARE, given + _SPARE_CONSTANTS))
    try:
        yield
    finally:
        _left.reset(token)


def claim_weights(shape: tuple[int, ...], *, trained: bool = True) -> None:
    """Count an array before its memory is allocated.

    Raises:
        ShapeError: it exceeds the limit of `weight_limit`.
        SettingsError: it has a negative or an impossible size.
    """
    if any(not 0 <= size < _LARGEST for size in shape):
        raise SettingsError(f"the sizes of a model are 0 or more, got an array of shape {shape}")
    left = _left.get()
    if left is None:
        return
    size = math.prod(shape)
    if size > (left.weights if trained else left.constants):
        raise ShapeError(
            f"the settings ask for a larger model than the file holds: an array of shape {shape} "
            f"beside {left.given:,} numbers in the file; restore the settings it was saved with"
        )
    if trained:
        left.weights -= size
    else:
        left.constants -= size
