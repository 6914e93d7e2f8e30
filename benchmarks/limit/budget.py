"""Where the time of a step goes: matrix products, memory, NumPy's calls, and what is left.

    hatch run bench:limit [--rounds 11] [--workers 1] [--only tagging] [--csv FILE]

For each configuration of the benchmarks, all NumPy calls of one step are recorded with their
arrays (`instrument.py`). Then, in turns, the step runs as always, its matrix products alone, all of
its NumPy calls alone, and those of the optimizer alone; printed are medians. See
docs/performance.md for what each column is. With one worker the time is the processor's, so that
it does not count what other programs take away; with several it is the clock's.
"""

from __future__ import annotations

import argparse
import csv
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.limit.cases import Case, make_cases
from benchmarks.limit.costs import SIZES, Clock, Costs, measure_costs, medians
from benchmarks.limit.numpy_calls import KINDS, Call, Recorder, recorded, replay

from pmt_train import Trainer, Workers, keep_freed_memory

OPTIMIZER = "optimizer"


@dataclass(frozen=True)
class Budget:
    """A row: milliseconds of a step, its parts, which add up to it, and what was counted."""

    name: str
    step: float
    products: float
    memory: float
    calls: float
    kernels: float
    tape: float
    optimizer: float
    locks: float
    python: float
    numpy_calls: int
    product_calls: int
    nodes: int
    python_calls: int
    megabytes: float


PARTS = [field.name for field in fields(Budget)][2:10]


def measure(case: Case, costs: Costs, workers: Workers, clock: Clock, rounds: int) -> Budget:
    """Return the budget of a case."""
    run, n = case.run, case.count
    for _ in range(2):
        run()
    recorder = _recorded_with_optimizer(case)
    optimizer = [call for call in recorder.calls if call.part == OPTIMIZER]
    with _timed(case.trainer, clock) as seconds:
        step, products, numpy, optimizer_numpy = medians(
            [
                run,
                _replay_by_threads(workers, [c for c in recorder.calls if c.kind == "product"]),
                _replay_by_threads(workers, recorder.calls),
                _replay_by_threads(workers, optimizer),
            ],
            clock,
            rounds,
            recorder.restore,
        )
        update = float(np.median(seconds[1:])) if seconds else 0.0
    threads = _by_thread(recorder.calls)
    memory = max(map(costs.traffic, threads))
    calls = max(map(costs.fixed, threads))
    tape = recorder.nodes * costs.node / workers.count
    locks = recorder.maps * costs.section
    own = max(update - optimizer_numpy, 0.0)
    left = step - numpy - tape - own - locks
    times = [step, products, memory, calls, numpy - products - memory - calls, tape, own, locks]
    kinds = recorder.counts()
    return Budget(
        case.name,
        *[t / n * 1e3 for t in (*times, left)],
        (kinds.total() - kinds["product"]) // n,
        kinds["product"] // n,
        recorder.nodes // n,
        recorder.python // n,
        sum(call.moved for call in recorder.calls if call.kind != "product") / n / 1e6,
    )


def _replay_by_threads(workers: Workers, calls: Sequence[Call]) -> Callable[[], object]:
    groups = _by_thread(calls)
    return lambda: workers.map(replay, groups)


def _by_thread(calls: Sequence[Call]) -> list[list[Call]]:
    groups: dict[int, list[Call]] = {}
    for call in calls:
        groups.setdefault(call.thread, []).append(call)
    return list(groups.values()) or [[]]


def _recorded_with_optimizer(case: Case) -> Recorder:
    """Return the calls of a run; those of the optimizer have this part."""
    recorder = Recorder()

    def enter() -> None:
        recorder.part = OPTIMIZER

    def leave() -> None:
        recorder.part = ""

    with _around(case.trainer, enter, leave):
        return recorded(case.run, recorder=recorder)


@contextmanager
def _timed(trainer: Trainer[Any, Any] | None, clock: Clock) -> Iterator[list[float]]:
    """Collect the seconds of gathering gradients and updating parameters, by step."""
    seconds: list[float] = []
    start = part = 0.0

    def enter() -> None:
        nonlocal start
        start = clock()

    def leave() -> None:
        nonlocal part
        part += clock() - start

    def leave_step() -> None:
        nonlocal part
        leave()
        seconds.append(part)
        part = 0.0

    with _around(trainer, enter, leave, leave_step):
        yield seconds


@contextmanager
def _around(
    trainer: Trainer[Any, Any] | None,
    enter: Callable[[], None],
    leave: Callable[[], None],
    leave_step: Callable[[], None] | None = None,
) -> Iterator[None]:
    """Call functions before and after a trainer gathers gradients and updates parameters."""
    if trainer is None:
        yield
        return
    flat, optimizer = trainer.flat, trainer.optimizer
    gather, step = flat.gather, optimizer.step

    def between(function: Any, after: Callable[[], None]) -> Any:
        def called(*args: Any, **settings: Any) -> Any:
            enter()
            try:
                return function(*args, **settings)
            finally:
                after()

        return called

    vars(flat)["gather"] = between(gather, leave)
    vars(optimizer)["step"] = between(step, leave_step or leave)
    try:
        yield
    finally:
        del vars(flat)["gather"], vars(optimizer)["step"]


def processor() -> str:
    """Return the name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def show_costs(costs: Costs) -> None:
    """Print what was measured once."""
    print("\nfixed cost of a call, microseconds:")
    print("  " + "  ".join(f"{kind} {costs.calls[kind] * 1e6:.2f}" for kind in KINDS))
    print(f"  a node of the tape {costs.node * 1e6:.2f}  a parallel section ", end="")
    print(f"{costs.section * 1e6:.2f}\nbandwidth by bytes moved by a call, GB/s:")
    pairs = zip(SIZES, costs.bandwidths, strict=True)
    print("  " + "  ".join(f"{size // 1024} KiB {speed / 1e9:.1f}" for size, speed in pairs))


def show_heading() -> None:
    """Print the names of the columns."""
    print(f"\n{'':40}{'ms a':>9}   percent of the step")
    print(f"{'':40}{'step':>9}" + "".join(f"{part:>10}" for part in PARTS), end="")
    print(f"{'calls':>8}{'(prod.)':>8}{'nodes':>7}{'MB':>8}")


def show(row: Budget) -> None:
    """Print a row."""
    values = asdict(row)
    shares = "".join(f"{100 * values[part] / row.step:10.1f}" for part in PARTS)
    print(f"{row.name:40}{row.step:9.3f}{shares}{row.numpy_calls:8,}", end="")
    print(f"{row.product_calls:8,}{row.nodes:7,}{row.megabytes:8.2f}", flush=True)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=11, help="of each configuration")
    parser.add_argument("--workers", type=int, default=1, help="pmt's threads (default: 1)")
    parser.add_argument("--only", nargs="+", default=(), help="rows whose name contains one")
    parser.add_argument("--kinds", action="store_true", help="print calls by kind and function")
    parser.add_argument("--csv", type=Path, help="write the table here, in milliseconds")
    chosen = parser.parse_args(argv)
    clock = time.process_time if chosen.workers == 1 else time.perf_counter
    keep_freed_memory()
    rows = []
    with Workers(chosen.workers) as workers:
        costs = measure_costs(workers, clock, chosen.rounds)
        print(f"{processor()}, {workers.count} worker(s), numpy {np.__version__}, ", end="")
        print(f"medians of {chosen.rounds}")
        show_costs(costs)
        show_heading()
        for case in make_cases(workers, chosen.only):
            rows.append(measure(case, costs, workers, clock, chosen.rounds))
            show(rows[-1])
            if chosen.kinds:
                show_functions(case)
    if chosen.csv:
        write_table(rows, chosen.csv)


def show_functions(case: Case) -> None:
    """Print the functions of NumPy that are called most."""
    counts = Counter((call.kind, call.function.__name__) for call in recorded(case.run).calls)
    for (kind, name), count in counts.most_common(25):
        print(f"    {kind:12}{name:20}{count / case.count:8.1f}")


def write_table(rows: Sequence[Budget], path: Path) -> None:
    """Write rows as comma-separated values; times are in milliseconds."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Budget)], lineterminator="\n")
        writer.writeheader()
        for row in rows:
            values = asdict(row)
            writer.writerow(
                {k: round(v, 5) if isinstance(v, float) else v for k, v in values.items()}
            )


if __name__ == "__main__":
    main()
