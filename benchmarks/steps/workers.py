"""Speed of 1 and 2 workers, of 1, 2, 4 ranks, and the cost of the sum over ranks.

    hatch run bench:workers

First, whole training steps of one process with 1 and 2 workers, alternating: medians, ratio.
Then, where there is mpiexec, steps of 1 and 2 real ranks with one worker each, on the same batches.
Then, simulated ranks: what one rank of R computes is measured alone (its shard of the batch, one
worker), and the all-reduce of its gradients between R threads of this process by itself. From
these a projection to R machines is made, for a network of a given bandwidth and latency:

    step(R) = step of a shard of b/R rows + 2 (R-1)/R bytes / bandwidth + 2 log2(R) latency

(an all-reduce that moves every byte twice; the rows of tables are gathered: R-1 times their bytes).
"""

from __future__ import annotations

import argparse
import functools
import math
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from benchmarks.models import encoder_model

from pmt_train import (
    AdamW,
    ProcessGroup,
    SingleProcess,
    Trainer,
    core_count,
    launched_process_group,
    run_thread_group,
)
from pmt_train.trainer.batches import shard_of

SIZE = encoder_model.SIZES[2]


def trainer(workers: int, ranks: ProcessGroup) -> Trainer:
    return Trainer(
        encoder_model.Classifier(SIZE, 0.1),
        encoder_model.loss,
        optimizer=functools.partial(AdamW, weight_decay=0.01),
        workers=workers,
        process_group=ranks,
    )


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def by_workers(rounds: int) -> dict[int, float]:
    """Median seconds of a step with 1 and with 2 workers."""
    batch = encoder_model.make_batch(SIZE)
    teams = {n: trainer(n, SingleProcess()) for n in (1, 2)}
    times: dict[int, list[float]] = {n: [] for n in teams}
    for i in range(rounds + 2):
        for n, team in teams.items():
            with team.workers:
                taken = seconds(lambda team=team: team.step(batch))
            if i >= 2:
                times[n].append(taken)
    return {n: statistics.median(results) for n, results in times.items()}


def of_mpi(rounds: int) -> None:
    """Run by mpiexec: rank 0 prints the median seconds of a step."""
    ranks = launched_process_group()
    team = trainer(1, ranks)
    batch = encoder_model.make_batch(SIZE)
    with team.workers:
        team.step(batch), team.step(batch)
        results = [seconds(lambda: team.step(batch)) for _ in range(rounds)]
    if ranks.rank == 0:
        print(statistics.median(results))


def by_mpi(rounds: int) -> dict[int, float]:
    """Median seconds of a step with 1 and 2 real ranks, one worker each; empty without MPI."""
    mpiexec = shutil.which("mpiexec", path=str(Path(sys.executable).parent)) or shutil.which(
        "mpiexec"
    )
    if mpiexec is None:
        return {}
    times: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(3):
        for n, results in times.items():
            command = [
                mpiexec,
                "-n",
                str(n),
                sys.executable,
                "-m",
                "benchmarks.steps.workers",
                "--mpi",
                "--rounds",
                str(rounds),
            ]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            results.append(float(done.stdout.split()[0]))
    return {n: statistics.median(results) for n, results in times.items()}


def of_shard(size: int, rounds: int) -> float:
    """Median seconds of what one rank of `size` computes in a step, but for the sum."""
    batch = shard_of(encoder_model.make_batch(SIZE), 0, size)
    team = trainer(1, SingleProcess())
    with team.workers:
        team.step(batch)
        return statistics.median(seconds(lambda: team.step(batch)) for _ in range(rounds))


def of_sum(size: int, elements: int, rounds: int) -> float:
    """Median seconds of the all-reduce of float32 numbers between threads."""

    def work(ranks: ProcessGroup) -> float:
        array = np.ones(elements, np.float32)
        ranks.all_reduce_sum(array)
        return statistics.median(
            seconds(lambda: ranks.all_reduce_sum(array)) for _ in range(rounds)
        )

    return max(run_thread_group(size, work))


def traffic() -> tuple[int, int]:
    """Bytes of dense gradients, and of the rows of tables, of one step."""
    team = trainer(1, SingleProcess())
    results = {}
    update = team.optimizer.step

    def listen(gradients, *args, **kwargs):
        results["dense"] = sum(slot.size for slot in gradients.dense) * 4
        results["rows"] = sum(rows.values.nbytes + rows.rows.nbytes for _, rows in gradients.sparse)
        update(gradients, *args, **kwargs)

    team.optimizer.step = listen
    team.step(encoder_model.make_batch(SIZE))
    return results["dense"], results["rows"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--gbit", type=float, default=10.0, help="bandwidth of the network")
    parser.add_argument("--latency", type=float, default=30.0, help="of a message, microseconds")
    parser.add_argument("--mpi", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.mpi:
        of_mpi(chosen.rounds)
        return
    print(f"encoder (d,heads,layers,f,b,t) = {SIZE}, dropout 0.1, {core_count()} cores\n")
    for what, results in [
        ("workers", by_workers(chosen.rounds)),
        ("MPI ranks", by_mpi(chosen.rounds)),
    ]:
        for n, taken in results.items():
            print(f"{n} {what}: {taken * 1e3:.1f} ms a step")
        if results:
            print(
                f"2 {what} are {results[1] / results[2]:.2f} times as fast as 1 "
                "(aim: at least 1.6)\n"
            )
        else:
            print(f"{what}: no mpiexec here (pip install mpi4py mpich)\n")
    dense, rows = traffic()
    print(
        f"a step sums {dense / 2**20:.2f} MiB of dense gradients and {rows / 2**20:.2f} MiB of rows"
    )
    print(f"network: {chosen.gbit:g} Gbit/s, {chosen.latency:g} µs\n")
    print("  ranks  shard ms  sum ms (threads)  sum ms (network)  step ms  times as fast")
    alone = of_shard(1, chosen.rounds)
    for size in (1, 2, 4, 8, 16, 32):
        shard = of_shard(size, chosen.rounds)
        threads = of_sum(size, dense // 4, chosen.rounds) if size <= 4 else math.nan
        moved = 2 * (size - 1) / size * dense + (size - 1) * rows / size
        network = moved * 8 / (chosen.gbit * 1e9) + 2 * math.log2(size) * chosen.latency * 1e-6
        step = shard + network
        print(
            f"{size:7} {shard * 1e3:9.1f} {threads * 1e3:17.2f} {network * 1e3:17.2f} "
            f"{step * 1e3:8.1f} {alone / step:14.2f}"
        )


if __name__ == "__main__":
    main()
