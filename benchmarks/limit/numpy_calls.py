"""The NumPy calls of a computation: what kind each is, how many bytes it moves, and a replay."""

from __future__ import annotations

import math
import operator
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FunctionType, MethodType, ModuleType
from typing import Any, ClassVar

import numpy as np
from benchmarks.limit.instrument import observed

from pmt_autograd.record import record
from pmt_train import Workers

PACKAGES = ("pmt_core", "pmt_autograd", "pmt_nn", "pmt_text", "pmt_train", "pmt_apps")
KINDS = ("product", "elementwise", "reduction", "copy", "random", "allocation", "view", "other")
"""Kinds of calls; each has a fixed cost, measured in `costs.py`."""

_PRODUCTS = {"matmul", "imatmul", "dot", "einsum", "tensordot", "inner", "vecdot", "matvec"}
_REDUCTIONS = {"reduce", "reduceat", "accumulate", "sum", "mean", "max", "min", "amax", "amin"}
_REDUCTIONS |= {"any", "all", "argmax", "argmin", "prod", "cumsum", "bincount", "count_nonzero"}
_REDUCTIONS |= {"std", "var", "norm"}
_COPIES = {"copyto", "copy", "astype", "concatenate", "stack", "setitem", "fill", "take", "put"}
_COPIES |= {"repeat", "tile", "tolist", "compress", "take_along_axis", "put_along_axis", "tobytes"}
_COPIES |= {"pad", "roll", "sort", "argsort", "unique", "hstack", "vstack", "append", "flatten"}
_COPIES |= {"ascontiguousarray", "array", "flatnonzero", "nonzero", "searchsorted", "isin"}
_ALLOCATIONS = {"empty", "empty_like", "zeros", "zeros_like", "ones", "ones_like", "full"}
_ALLOCATIONS |= {"full_like", "arange", "frombuffer"}
_VIEWS = {"getitem", "reshape", "transpose", "swapaxes", "view", "squeeze", "ravel", "asarray"}
_VIEWS |= {
    "broadcast_to",
    "expand_dims",
    "moveaxis",
    "atleast_1d",
    "atleast_2d",
    "split",
    "diagonal",
}
_VIEWS |= {"as_strided", "sliding_window_view", "asanyarray", "item"}
_ELEMENTWISE = {"where", "clip", "round", "nan_to_num", "isfinite", "at"}


@dataclass(frozen=True, slots=True)
class Call:
    """A call of NumPy, which can be repeated: its arrays are those of the computation."""

    function: Any
    args: tuple[Any, ...]
    settings: dict[str, Any]
    kind: str
    moved: int
    thread: int
    part: str


@dataclass
class Recorder:
    """Observer of `instrument.observed`: collects the calls of NumPy.

    Attributes:
        calls: in order.
        nodes: operations recorded on the tape.
        python: calls of Python functions of the packages.
        maps: parallel sections, `Workers.map`.
        part: what later calls belong to ("optimizer", or "" for the rest).
        contents: the memory behind the arrays, and what was in it before its first call.
    """

    operator: ClassVar[ModuleType] = operator
    calls: list[Call] = field(default_factory=list)
    nodes: int = 0
    python: int = 0
    maps: int = 0
    part: str = ""
    contents: dict[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def call(self, function: Any, /, *args: Any, **settings: Any) -> Any:
        """Call a function, and keep the call if it is one of NumPy."""
        by_numpy = is_numpy(function, args)
        if by_numpy:
            self._keep_contents([getattr(function, "__self__", None), *args, *settings.values()])
        result = function(*args, **settings)
        if isinstance(function, (FunctionType, MethodType)):
            plain = getattr(function, "__func__", function)
            if plain.__module__.split(".")[0] in PACKAGES:
                self.python += 1
                self.nodes += plain is record
                self.maps += plain is Workers.map
                return result
        if by_numpy:
            kind = kind_of(function, args, result)
            moved = bytes_moved(function, args, settings, result, kind)
            ident = threading.get_ident()
            self.calls.append(Call(function, args, settings, kind, moved, ident, self.part))
        return result

    def _keep_contents(self, items: Sequence[Any]) -> None:
        for array in _flat(items):
            if not isinstance(array, np.ndarray):
                continue
            while isinstance(array.base, np.ndarray):
                array = array.base
            if id(array) not in self.contents and array.flags.writeable:
                plain = array.view(np.ndarray)
                self.contents[id(array)] = (plain, plain.copy())

    def restore(self) -> None:
        """Write back what was in memory before, so that a replay computes the same numbers.

        Without it, repeated `x *= 0.1` would end in denormal numbers, which are slow.
        """
        for array, content in self.contents.values():
            array[...] = content

    def counts(self) -> Counter[str]:
        """Number of calls by kind."""
        return Counter(call.kind for call in self.calls)


def recorded(
    run: Callable[[], object],
    packages: Sequence[str] = PACKAGES,
    recorder: Recorder | None = None,
) -> Recorder:
    """Run once and return the calls."""
    recorder = Recorder() if recorder is None else recorder
    with observed(recorder, packages):
        run()
    return recorder


def replay(calls: Sequence[Call]) -> None:
    """Repeat calls on the same arrays, without anything between them."""
    with np.errstate(all="ignore"):
        for call in calls:
            call.function(*call.args, **call.settings)


def is_numpy(function: Any, args: tuple[Any, ...]) -> bool:
    """Whether a call is one of NumPy: a ufunc, a function, a method, or an operator of arrays."""
    if getattr(function, "__name__", "") in ("__array_function__", "__array_ufunc__"):
        return False  # of a subclass, within a call that is counted
    if isinstance(function, np.ufunc):
        return not all(isinstance(arg, (int, float)) for arg in args)
    if isinstance(function, (type, np.errstate)):  # as a decorator it computes nothing
        return False
    owner = getattr(function, "__self__", None)
    if isinstance(owner, (np.ndarray, np.generic, np.ufunc, np.random.Generator)):
        return True
    module = getattr(function, "__module__", None) or ""
    if module == "_operator":
        return any(isinstance(arg, (np.ndarray, np.generic)) for arg in args[:2])
    return module.split(".")[0] == "numpy"


def kind_of(function: Any, args: tuple[Any, ...], result: Any) -> str:
    """Return the kind of a call of NumPy."""
    name, owner = function.__name__, getattr(function, "__self__", None)
    if isinstance(owner, np.random.Generator):
        return "random"
    if name in _PRODUCTS:
        owned = [owner, *args] if isinstance(owner, np.ndarray) else args
        widest = max((arg.ndim for arg in owned if isinstance(arg, np.ndarray)), default=0)
        return "product" if widest > 1 else "reduction"  # of two vectors: a sum
    if name in _REDUCTIONS:
        return "reduction"
    if name in _VIEWS and _is_copy(owner if isinstance(owner, np.ndarray) else args[0], result):
        return "copy"
    for kind, names in (("copy", _COPIES), ("allocation", _ALLOCATIONS), ("view", _VIEWS)):
        if name in names:
            return kind
    operators = getattr(function, "__module__", None) == "_operator"
    known = isinstance(function, np.ufunc) or operators or name in _ELEMENTWISE
    return "elementwise" if known else "other"


def _is_copy(source: Any, result: Any) -> bool:
    """Whether an index or a change of shape made a new array, as one by ids does."""
    if not isinstance(result, np.ndarray) or not isinstance(source, np.ndarray):
        return False
    return result.size > 0 and not np.may_share_memory(source, result)


def bytes_moved(
    function: Any, args: tuple[Any, ...], settings: dict[str, Any], result: Any, kind: str
) -> int:
    """Return the bytes that a call has to read and write at least; 0 if it only makes a view."""
    name = function.__name__
    if kind == "view" or name.startswith("empty"):
        return 0
    owner = getattr(function, "__self__", None)
    inputs = args[: function.nin] if isinstance(function, np.ufunc) else args
    arrays = [*inputs, *(value for key, value in settings.items() if key != "out")]
    if isinstance(owner, np.ndarray):
        arrays.append(owner)
    if name in ("take", "getitem"):  # reads only what it returns, and the ids
        return 2 * _size(result) + sum(map(_size, _flat(args[1:] if name == "getitem" else args)))
    if name == "setitem":
        return _size(args[0][args[1]]) + sum(map(_size, _flat(args[1:])))
    total = sum(map(_size, _flat(arrays)))
    if result is None:  # copyto, fill, add.at: the target is the first array
        return total
    return total + sum(map(_size, _flat([result])))


def _flat(items: Sequence[Any]) -> list[Any]:
    """Return arrays, and those of lists and tuples of arrays."""
    return [x for item in items for x in (item if isinstance(item, (list, tuple)) else [item])]


def _size(item: Any) -> int:
    """Return the bytes of the elements of an array; those that broadcasting repeats count once."""
    if not isinstance(item, np.ndarray):
        return 0
    shape = zip(item.shape, item.strides, strict=True)
    return math.prod(n for n, stride in shape if stride) * item.itemsize if item.size else 0
