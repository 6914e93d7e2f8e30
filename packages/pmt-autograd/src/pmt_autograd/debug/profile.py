"""Profiler: the time, memory and FLOPs of a pass, per operation and per module."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from pmt_autograd.debug.saved_arrays import base_of, saved_arrays
from pmt_autograd.grad_mode import operation_hook
from pmt_autograd.registry import flops_of
from pmt_autograd.types import Array


@dataclass(slots=True)
class ProfileRow:
    """One operation within one module.

    Attributes:
        module: names of the modules around the operation, outermost first, joined by "/"; "" if
            there are none.
        forward, backward: seconds.
        saved: bytes saved for backward that no earlier operation had saved.
        flops: floating-point operations in forward, see `flops_of`.

    Examples:
        >>> from pmt_autograd import ProfileRow
        >>> row = ProfileRow("matmul", calls=2, forward=0.25, backward=0.5, flops=10**9)
        >>> row.seconds, row.gflops
        (0.75, 4.0)
    """

    operation: str
    module: str = ""
    calls: int = 0
    forward: float = 0.0
    backward: float = 0.0
    saved: int = 0
    flops: int = 0

    @property
    def seconds(self) -> float:
        """Seconds in forward and backward."""
        return self.forward + self.backward

    @property
    def gflops(self) -> float:
        """10^9 floating-point operations per second in forward."""
        return self.flops / self.forward / 1e9 if self.forward else 0.0


@dataclass
class Profile:
    """The measurements of `profile()`: rows per operation and module, filled while it runs.

    Examples:
        >>> from pmt_autograd import Tensor, profile
        >>> x = Tensor([[1.0, 2.0]], requires_grad=True)
        >>> with profile() as measured:
        ...     (x @ x.T).exp().sum().backward()
        >>> sorted(row.operation for row in measured.by_operation())
        ['exp', 'matmul', 'sum', 'transpose']
        >>> row = measured.rows["matmul", ""]
        >>> row.calls, row.flops
        (1, 4)
    """

    rows: dict[tuple[str, str], ProfileRow] = field(default_factory=dict)
    _saved: dict[int, weakref.ref[Array]] = field(default_factory=dict)

    def by_operation(self) -> list[ProfileRow]:
        """Return one row per operation, the slowest first."""
        return _merged(self.rows.values(), lambda row: (row.operation, ""))

    def by_module(self) -> list[ProfileRow]:
        """Return one row per module, the slowest first; inner modules have their own."""
        return _merged(self.rows.values(), lambda row: ("", row.module))

    def __str__(self) -> str:
        tables = [_table("operation", self.by_operation(), lambda row: row.operation)]
        if any(row.module for row in self.rows.values()):
            tables.append(_table("module", self.by_module(), lambda row: row.module or "(none)"))
        return "\n\n".join(tables)

    def measure(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function of an operation, measured; an `OperationHook`."""
        module = "/".join(_scopes.names or ())
        row = self.rows.setdefault((name, module), ProfileRow(name, module))

        def run(*arrays: Any, **settings: Any) -> tuple[Any, Any]:
            start = perf_counter()
            value, backward = function(*arrays, **settings)
            row.forward += perf_counter() - start
            row.calls += 1
            row.flops += flops_of(name, value, arrays, settings)
            row.saved += self._newly_saved(backward)

            def timed_backward(grad: Any) -> Any:
                start = perf_counter()
                gradients = backward(grad)
                row.backward += perf_counter() - start
                return gradients

            return value, timed_backward

        return run

    def _newly_saved(self, backward: Callable[..., Any]) -> int:
        total = 0
        for _, view in saved_arrays(backward):
            array = base_of(view)
            reference = self._saved.get(id(array))
            if reference is None or reference() is not array:
                self._saved[id(array)] = weakref.ref(array)
                total += array.nbytes
        return total


class _Scopes(threading.local):
    """The names of the modules around the current operation; None outside of `profile()`."""

    names: list[str] | None = None


_scopes = _Scopes()


@contextmanager
def profile_scope(name: str) -> Iterator[None]:
    """List the operations within this context under `name`; no effect outside of `profile()`.

    Examples:
        >>> from pmt_autograd import Tensor, profile, profile_scope
        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> with profile() as measured:
        ...     with profile_scope("encoder"), profile_scope("norm"):
        ...         y = x * 2
        >>> list(measured.rows)
        [('multiply', 'encoder/norm')]
    """
    names = _scopes.names
    if names is None:
        yield
        return
    names.append(name)
    try:
        yield
    finally:
        names.pop()


@contextmanager
def profile() -> Iterator[Profile]:
    """Measure all operations of the calling thread within this context.

    Measures calls, seconds, bytes saved for backward (each array once, parameters included) and
    FLOPs. The measurement itself takes a few microseconds for each call.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor, profile
        >>> x = Tensor(np.ones((100, 50), np.float32), requires_grad=True)
        >>> with profile() as measured:
        ...     loss = (x * x).sum()
        ...     loss.backward()
        >>> [(row.operation, row.calls, row.saved) for row in measured.rows.values()]
        [('multiply', 1, 20000), ('sum', 1, 0)]
        >>> str(measured).split()[:3]
        ['operation', 'calls', 'forward']
    """
    measured = Profile()
    before = _scopes.names
    _scopes.names = []
    try:
        with operation_hook(measured.measure):
            yield measured
    finally:
        _scopes.names = before


def _merged(
    rows: Iterable[ProfileRow], key: Callable[[ProfileRow], tuple[str, str]]
) -> list[ProfileRow]:
    merged: dict[tuple[str, str], ProfileRow] = {}
    for row in rows:
        total = merged.setdefault(key(row), ProfileRow(*key(row)))
        for name in ("calls", "forward", "backward", "saved", "flops"):
            setattr(total, name, getattr(total, name) + getattr(row, name))
    return sorted(merged.values(), key=lambda row: -row.seconds)


def _table(title: str, rows: list[ProfileRow], name: Callable[[ProfileRow], str]) -> str:
    whole = sum(row.seconds for row in rows) or 1.0
    width = max([len(title), *(len(name(row)) for row in rows)])
    lines = [
        f"{title:{width}}  {'calls':>6} {'forward ms':>11} {'backward ms':>12} {'share':>6} "
        f"{'saved kB':>10} {'GFLOP/s':>8}"
    ]
    lines += [
        f"{name(row):{width}}  {row.calls:6} {1e3 * row.forward:11.2f} {1e3 * row.backward:12.2f} "
        f"{row.seconds / whole:6.1%} {row.saved / 1e3:10.1f} {row.gflops:8.2f}"
        for row in rows
    ]
    return "\n".join(lines)
