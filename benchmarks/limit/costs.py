"""What a call, a byte, a node of the tape and a parallel section cost on this machine, now."""

from __future__ import annotations

import statistics
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from benchmarks.limit.numpy_calls import Call, recorded, replay

from pmt_autograd import Tensor
from pmt_train import Workers

Clock = Callable[[], float]
SIZES = [1 << n for n in range(12, 27, 2)]  # bytes moved by a call: 4 KiB ... 64 MiB
_LOOP = 500  # calls of a measurement
_NODES = 200


@dataclass(frozen=True)
class Costs:
    """Costs in seconds; `bandwidths` in bytes per second, for calls that move `SIZES` bytes."""

    calls: dict[str, float]
    bandwidths: list[float]
    node: float
    section: float

    def fixed(self, calls: Iterable[Call]) -> float:
        """Return the fixed cost of calls, without products, which are measured themselves."""
        return sum(self.calls[call.kind] for call in calls if call.kind != "product")

    def traffic(self, calls: Iterable[Call]) -> float:
        """Return the time in which the bytes of calls pass, without those of products."""
        return sum(
            call.moved / self.bandwidths[min(bisect_left(SIZES, call.moved), len(SIZES) - 1)]
            for call in calls
            if call.kind != "product" and call.moved
        )


def examples() -> dict[str, list[Callable[[], object]]]:
    """Return calls of each kind that do next to nothing."""
    rng = np.random.default_rng(0)
    a, b, out = (rng.random((2, 2), np.float32) for _ in range(3))
    ids = np.array([1, 0])
    return {
        "product": [lambda: np.matmul(a, b, out), lambda: a @ b],
        "elementwise": [lambda: np.add(a, b, out), lambda: a * b, lambda: np.multiply(a, 2.0, out)],
        "reduction": [lambda: a.sum(axis=-1), lambda: np.add.reduce(a, axis=0), lambda: a.max(1)],
        "copy": [lambda: np.copyto(out, a), lambda: a.copy(), lambda: a[ids]],
        "random": [lambda: rng.random(out=out, dtype=np.float32), lambda: rng.integers(0, 9, 4)],
        "allocation": [lambda: np.empty((2, 2), np.float32), lambda: np.empty_like(a)],
        "view": [lambda: a.reshape(4), lambda: a[1:], lambda: a.transpose(1, 0)],
        "other": [lambda: np.may_share_memory(a, b), lambda: np.result_type(a, b)],
    }


def fixed_costs(clock: Clock, rounds: int) -> dict[str, float]:
    """Return the seconds of a call of each kind, without those of an empty Python function."""
    kinds = examples()
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        empty = _seconds_of_each(lambda: None, clock)
        for kind, functions in kinds.items():
            total = sum(_seconds_of_each(function, clock) for function in functions)
            times[kind].append(total / len(functions) - empty)
    return {kind: max(statistics.median(results), 0.0) for kind, results in times.items()}


def _seconds_of_each(function: Callable[[], object], clock: Clock) -> float:
    start = clock()
    for _ in range(_LOOP):
        function()
    return (clock() - start) / _LOOP


def bandwidths(clock: Clock, rounds: int, call: float) -> list[float]:
    """Return the bytes per second of `a + b` by bytes moved; `call` is its fixed cost.

    Small arrays stay in a cache, so each size has a bandwidth of its own.
    """
    results = []
    for size in SIZES:
        a, b, out = (np.full(size // 12, 1.0, np.float32) for _ in range(3))
        loops = max((1 << 22) // size, 1)
        times = []
        for _ in range(rounds):
            start = clock()
            for _ in range(loops):
                np.add(a, b, out)
            times.append((clock() - start) / loops)
        typical = statistics.median(times)
        results.append(size / max(typical - call, typical / 10))
    return results


def cost_of_node(clock: Clock, rounds: int) -> float:
    """Return the seconds that the tape adds to an operation, forward and backward.

    A chain of tiny additions, without the time of its NumPy calls.
    """
    x, c = (np.ones((4, 4), np.float32) for _ in range(2))

    def chain() -> None:
        y, leaf = Tensor(x, requires_grad=True), Tensor(c)
        for _ in range(_NODES):
            y = y + leaf
        y.sum().backward()

    recorder = recorded(chain)
    runs = [chain, lambda: replay(recorder.calls)]
    whole, numpy = medians(runs, clock, rounds, recorder.restore)
    return (whole - numpy) / (_NODES + 1)


def cost_of_section(workers: Workers, clock: Clock, rounds: int) -> float:
    """Return the seconds of a parallel section with nothing to do: threads wake, threads wait."""
    items = range(workers.count)

    def sections() -> None:
        for _ in range(20):
            workers.map(abs, items)

    return medians([sections], clock, rounds)[0] / 20


def medians(
    runs: Sequence[Callable[[], Any]],
    clock: Clock,
    rounds: int,
    before: Callable[[], object] = lambda: None,
) -> list[float]:
    """Return the median seconds of each function; they take turns, after one round of warming.

    before: is called before each, outside of the measurement.
    """
    times: list[list[float]] = [[] for _ in runs]
    for number in range(rounds + 1):
        for run, results in zip(runs, times, strict=True):
            before()
            start = clock()
            run()
            if number:
                results.append(clock() - start)
    return [statistics.median(results) for results in times]


def measure_costs(workers: Workers, clock: Clock, rounds: int) -> Costs:
    """Measure all costs."""
    calls = fixed_costs(clock, rounds)
    return Costs(
        calls,
        bandwidths(clock, rounds, calls["elementwise"]),
        cost_of_node(clock, rounds),
        cost_of_section(workers, clock, rounds),
    )
