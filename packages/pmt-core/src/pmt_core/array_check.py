"""`check_arrays`: whether named arrays fit the places they are loaded into."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pmt_core.errors import DataError, DtypeError, ShapeError

_PROBLEMS_NAMED = 12


class ArrayLayout(Protocol):
    """Anything with a shape and an element type, e.g. an array or a tensor."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Element type."""


class ArrayType(NamedTuple):
    """A shape and an element type.

    Examples:
        >>> import numpy as np
        >>> from pmt_core import ArrayType
        >>> ArrayType((2, 3), np.dtype(np.float32))
        ArrayType(shape=(2, 3), dtype=dtype('float32'))
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


_Pair = tuple[str, NDArray[Any], ArrayLayout]


def check_arrays(
    arrays: Mapping[str, object],
    expected: Mapping[str, ArrayLayout],
    class_name: str,
    *,
    optional: Container[str] = (),
    cure: str = "build the model with the settings it was saved with",
) -> dict[str, NDArray[Any]]:
    """Return named arrays if they can be loaded; call it before the first of them is assigned.

    An array fits if it has the expected shape, if NumPy's rule "same_kind" allows the cast (wide
    floats to narrow ones and integers to floats; no complex numbers to floats, no floats to
    integers, no text), and if all its numbers are finite after the cast.

    Args:
        arrays: arrays by name.
        expected: what they are to replace, by name.
        class_name: name of what loads them, for messages.
        optional: names that may be missing.
        cure: end of the message.

    Raises:
        ShapeError: `arrays` is no dictionary, or a name is missing, unknown or of another shape.
        DtypeError: an array is of another kind.
        DataError: a number is not finite.

    Examples:
        >>> import numpy as np
        >>> from pmt_core import check_arrays
        >>> expected = {"weight": np.zeros((2, 3), np.float32), "bias": np.zeros(3, np.float32)}
        >>> state = {"weight": np.ones((2, 3)), "bias": np.ones(3)}
        >>> sorted(check_arrays(state, expected, "Linear"))
        ['bias', 'weight']
        >>> state["bias"] = np.ones(4)
        >>> check_arrays(state, expected, "Linear")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        pmt_core.errors.ShapeError: ...: bias: expected shape (3,), got (4,); build the ...
    """
    if not isinstance(arrays, Mapping):
        raise ShapeError(f"expected arrays by name, got {type(arrays).__name__}")
    given = {name: _as_array(array) for name, array in arrays.items()}
    pairs = [(name, given[name], layout) for name, layout in expected.items() if name in given]
    missing = [name for name in expected if name not in given and name not in optional]
    problems = _wrong_names(missing, [str(name)[:200] for name in given if name not in expected])
    message = f"the state does not fit this {class_name}: "
    if problems := problems + _wrong_shapes(pairs):
        raise ShapeError(f"{message}{_joined(problems)}; {cure}")
    if problems := _wrong_kinds(pairs):
        raise DtypeError(f"{message}{_joined(problems)}; {cure}")
    for name, array, layout in pairs:
        check_finite(name, array, layout.dtype)
    return given


def _wrong_shapes(pairs: list[_Pair]) -> list[str]:
    return [
        f"{name}: expected shape {layout.shape}, got {array.shape}"
        for name, array, layout in pairs
        if array.shape != layout.shape
    ]


def _wrong_kinds(pairs: list[_Pair]) -> list[str]:
    return [
        f"{name}: expected {layout.dtype}, got {array.dtype}"
        for name, array, layout in pairs
        if not np.can_cast(array.dtype, layout.dtype, "same_kind")
    ]


def _wrong_names(missing: list[str], unexpected: list[str]) -> list[str]:
    return [
        f"{what} {', '.join(names[:_PROBLEMS_NAMED])}"
        for what, names in (("missing", missing), ("unexpected", unexpected))
        if names
    ]


def check_finite(name: str, array: NDArray[Any], dtype: np.dtype[Any] | None = None) -> None:
    """Raise DataError if an array holds nan or an infinity, or does so when cast to `dtype`.

    Args:
        name: of the array, for the message.
        array: of any shape; numbers that are not floating pass.
        dtype: floating dtype that the array will be cast to; None: its own.

    Raises:
        DataError: names the first such number and its index.

    Examples:
        >>> import numpy as np
        >>> from pmt_core import check_finite
        >>> weight = np.array([1.0, 1e300])
        >>> check_finite("weight", weight)
        >>> check_finite("weight", weight, np.dtype(np.float32))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        pmt_core.errors.DataError: weight holds 1e+300 at [1], expected finite numbers of ...
    """
    dtype = array.dtype if dtype is None else dtype
    if dtype.kind not in "fc" or array.dtype.kind not in "fc" or not array.size:
        return
    largest = np.finfo(dtype).max
    if array.dtype.kind == "f":  # needs no memory; a nan is neither above nor below
        with np.errstate(invalid="ignore"):
            if -largest <= array.min() and array.max() <= largest:
                return
    with np.errstate(invalid="ignore", over="ignore"):
        bad = np.flatnonzero(~np.isfinite(array.astype(dtype, copy=False)))
    if not bad.size:
        return
    index = tuple(map(int, np.unravel_index(bad[0], array.shape)))
    raise DataError(
        f"{name} holds {array[index]} at {list(index)}, expected finite numbers of {dtype}; the "
        "file is damaged, or saved after the training diverged"
    )


def _as_array(value: object) -> NDArray[Any]:
    try:
        return np.asarray(value)
    except (ValueError, TypeError, OverflowError):  # e.g. lists of different lengths
        return np.array(None)


def _joined(problems: list[str]) -> str:
    more = len(problems) - _PROBLEMS_NAMED
    return "; ".join([*problems[:_PROBLEMS_NAMED], *([f"{more} more"] if more > 0 else [])])
