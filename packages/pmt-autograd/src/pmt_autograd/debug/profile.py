"""Where the time and the memory of a pass go: per operation and per module."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from pmt_autograd.debug.saved_arrays import base_of, saved_arrays
from pmt_autograd.flops import flops_of
from pmt_autograd.grad_mode import operation_hook
from pmt_autograd.types import Array


@dataclass(slots=True)
class ProfileRow:
    """One operation within one module.

    Attributes:
        operation: name of the operation.
        module: names of the modules it ran in, outermost first, joined by "/"; "" outside of any.
        calls: number of calls.
        forward: seconds in forward.
        backward: seconds in backward.
        kept: bytes kept for the backward pass that nothing before it kept already.
        flops: floating-point operations in forward, by `counts_flops`.
    """

    operation: str
    module: str = ""
    calls: int = 0
    forward: float = 0.0
    backward: float = 0.0
    kept: int = 0
    flops: int = 0

    @property
    def seconds(self) -> float:
        """Forward and backward together."""
        return self.forward + self.backward

    @property
    def gflops(self) -> float:
        """10^9 floating-point operations per second of forward."""
        return self.flops / self.forward / 1e9 if self.forward else 0.0


@dataclass
class Profile:
    """What `profile()` saw; rows per operation and module, filled while it runs."""

    rows: dict[tuple[str, str], ProfileRow] = field(default_factory=dict)
    _known: dict[int, weakref.ref[Array]] = field(default_factory=dict)

    def by_operation(self) -> list[ProfileRow]:
        """One row per operation, the most expensive first."""
        return _merged(self.rows.values(), lambda row: (row.operation, ""))

    def by_module(self) -> list[ProfileRow]:
        """One row per module, the most expensive first; its inner modules have their own."""
        return _merged(self.rows.values(), lambda row: ("", row.module))

    def by_operation_and_module(self) -> list[ProfileRow]:
        """All rows, the most expensive first."""
        return sorted(self.rows.values(), key=lambda row: -row.seconds)

    def __str__(self) -> str:
        parts = [_table("operation", self.by_operation(), lambda row: row.operation)]
        if any(row.module for row in self.rows.values()):
            parts.append(_table("module", self.by_module(), lambda row: row.module or "(none)"))
        return "\n\n".join(parts)

    def measure(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Measure an operation; an `OperationHook`."""
        module = "/".join(_profiling.scopes or ())
        row = self.rows.setdefault((name, module), ProfileRow(name, module))

        def run(*arrays: Any, **settings: Any) -> tuple[Any, Any]:
            start = perf_counter()
            value, backward = function(*arrays, **settings)
            row.forward += perf_counter() - start
            row.calls += 1
            row.flops += flops_of(name, value, arrays, settings)
            row.kept += self._newly_kept(backward)

            def timed_backward(grad: Any) -> Any:
                start = perf_counter()
                found = backward(grad)
                row.backward += perf_counter() - start
                return found

            return value, timed_backward

        return run

    def _newly_kept(self, backward: Callable[..., Any]) -> int:
        total = 0
        for _, view in saved_arrays(backward):
            array = base_of(view)
            known = self._known.get(id(array))
            if known is None or known() is not array:
                self._known[id(array)] = weakref.ref(array)
                total += array.nbytes
        return total


class _Profiling(threading.local):
    """The modules that the calling thread is in, None where it is not profiled."""

    scopes: list[str] | None = None


_profiling = _Profiling()


def module_scopes() -> list[str] | None:
    """The names of the modules that are running, where this thread is profiled; else None.

    The cheapest way for a module to ask whether it should name itself: push its name before it
    runs and pop it afterwards; `profile_scope` does the same as a context manager.
    """
    return _profiling.scopes


@contextmanager
def profile_scope(name: str) -> Iterator[None]:
    """Operations within this context are listed under `name`; nothing where nobody profiles."""
    scopes = _profiling.scopes
    if scopes is None:
        yield
        return
    scopes.append(name)
    try:
        yield
    finally:
        scopes.pop()


@contextmanager
def profile() -> Iterator[Profile]:
    """Measure all operations of the calling thread within this context.

        with profile() as seen:
            loss = model(x).sum()
            loss.backward()
        print(seen)

    Time, calls, bytes kept for backward (parameters that a gradient needs included, every array
    once) and 10^9 floating-point operations per second. The measuring itself takes some
    microseconds for each call.
    """
    seen = Profile()
    before = _profiling.scopes
    _profiling.scopes = []
    try:
        with operation_hook(seen.measure):
            yield seen
    finally:
        _profiling.scopes = before


def _merged(
    rows: Iterable[ProfileRow], key: Callable[[ProfileRow], tuple[str, str]]
) -> list[ProfileRow]:
    merged: dict[tuple[str, str], ProfileRow] = {}
    for row in rows:
        total = merged.setdefault(key(row), ProfileRow(*key(row)))
        total.calls += row.calls
        total.forward += row.forward
        total.backward += row.backward
        total.kept += row.kept
        total.flops += row.flops
    return sorted(merged.values(), key=lambda row: -row.seconds)


def _table(title: str, rows: list[ProfileRow], name: Callable[[ProfileRow], str]) -> str:
    whole = sum(row.seconds for row in rows) or 1.0
    width = max([len(title), *(len(name(row)) for row in rows)])
    lines = [
        f"{title:{width}}  {'calls':>6} {'forward ms':>11} {'backward ms':>12} {'share':>6} "
        f"{'kept kB':>10} {'GFLOP/s':>8}"
    ]
    lines += [
        f"{name(row):{width}}  {row.calls:6} {1e3 * row.forward:11.2f} {1e3 * row.backward:12.2f} "
        f"{row.seconds / whole:6.1%} {row.kept / 1e3:10.1f} {row.gflops:8.2f}"
        for row in rows
    ]
    return "\n".join(lines)
