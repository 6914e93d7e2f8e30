"""Steps of 1 to 4 ranks over a slow network, beside a model of them.

    hatch run bench:network [--ranks 2 4] [--mbit 100 400] [--rounds 9]

Needs Linux, root, `ip` and `tc`, and mpi4py with MPICH. Each rank runs in a network namespace of
its own; they are connected by a bridge, and each sends at a limited rate (a token bucket). The
ranks share the cores of the machine, so the computation is not that of as many machines: the model
is given its time, as it is measured on all ranks at once.

Three steps alternate on each rank: one with an `Echo` in place of the network, which logs what is
sent and when; one that sums all gradients at its end; one that sums them in buckets during the
backward pass. The model replays the log of the first. A sum or a gather of n bytes takes
a + b n, of which a and b are measured alone, with 1 KiB and 1 MiB. A sum in a bucket begins when
the bucket is complete and the one before is summed; the step goes on after the backward pass when
all buckets are summed. If there are fewer than two cores a rank, the thread that waits for a sum
(MPI polls) takes half of the time of the backward pass.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.models import encoder_model

from pmt_train import AdamW, ProcessGroup, Trainer, launched_process_group

ROOT = Path(__file__).resolve().parents[2]
SIZE = encoder_model.SIZES[2]
BUCKET = 1 << 19
WARM_UP = 2
# MPICH must not see that the ranks share a machine, and use TCP.
MPICH = {"MPIR_CVAR_NOLOCAL": "1", "UCX_TLS": "tcp,self", "UCX_NET_DEVICES": "eth0"}
LAUNCHER = """#!/bin/bash
while [[ $1 == -* ]]; do shift; done
host=$1; shift
exec ip netns exec pmt${host##*.} bash -c "$*"
"""

# --- what one rank does ---


class Echo(ProcessGroup):
    """A group whose other ranks answer at once, with what this one sent; logs every message."""

    def __init__(self, rank: int, size: int) -> None:
        self.rank, self.size, self.bucket_bytes = rank, size, BUCKET
        self.log: list[tuple[float, str, int, bool]] = []  # time, kind, bytes, in a bucket

    def all_reduce_sum(self, array: Any) -> None:
        in_bucket = threading.current_thread() is not threading.main_thread()
        self.log.append((time.perf_counter(), "sum", array.nbytes, in_bucket))

    def all_gather(self, array: Any) -> list[Any]:
        self.log.append((time.perf_counter(), "gather", array.nbytes, False))
        return [array.copy() for _ in range(self.size)]

    def broadcast(self, value: Any) -> Any:
        return value


def make_trainer(group: ProcessGroup) -> Trainer[Any, Any]:
    optimizer = functools.partial(AdamW, weight_decay=0.01)
    model = encoder_model.Classifier(SIZE, 0.1)
    return Trainer(model, encoder_model.loss, optimizer=optimizer, workers=1, process_group=group)


def message_costs(group: ProcessGroup, comm: Any) -> dict[str, tuple[float, float]]:
    """Return seconds of an empty message and seconds a byte, of a sum and of a gather."""
    costs = {}
    for kind, operation in (("sum", group.all_reduce_sum), ("gather", group.all_gather)):
        seconds = {}
        for size in (1 << 10, 1 << 20):
            message, results = np.zeros(size // 4, np.float32), []
            for _ in range(7):
                comm.Barrier()
                start = time.perf_counter()
                operation(message)
                results.append(comm.allreduce(time.perf_counter() - start, max_of_ranks()))
            seconds[size] = statistics.median(results)
        per_byte = max(seconds[1 << 20] - seconds[1 << 10], 0) / ((1 << 20) - (1 << 10))
        costs[kind] = (seconds[1 << 10], per_byte)
    return costs


def max_of_ranks() -> Any:
    from mpi4py import MPI

    return MPI.MAX


def predicted(
    log: Sequence[tuple[float, str, int, bool]], end: float, cost: Any, waiting: float
) -> float:
    """Return the seconds of a step, from the log of an `Echo` (times from its start).

    waiting: share of the time of a sum that the backward pass loses.
    """
    summed = late = 0.0  # when the buckets are summed; by how much the step is behind its log
    for start, kind, size, in_bucket in log:
        seconds = cost(kind, size)
        if in_bucket:
            summed = max(summed, start + late) + seconds
            late += seconds * waiting
        else:
            late = max(late, summed - start) + seconds
    return end + late


def run_rank(rounds: int) -> None:
    """Run by mpiexec: rank 0 prints a line of JSON."""
    from mpi4py import MPI

    group, comm = launched_process_group(), MPI.COMM_WORLD
    echo = Echo(group.rank, group.size)
    costs = message_costs(group, comm)

    def cost(kind: str, size: int) -> float:
        return costs[kind][0] + costs[kind][1] * size

    # The thread that waits for a sum polls: of a core of its rank alone, it takes a half.
    waiting = 0.5 if (os.cpu_count() or 1) < 2 * group.size else 0.0
    batch = encoder_model.make_batch(SIZE)
    teams = {
        name: make_trainer(g) for name, g in (("echo", echo), ("end", group), ("buckets", group))
    }
    seconds: dict[str, list[float]] = {name: [] for name in (*teams, "model end", "model buckets")}
    for i in range(rounds + WARM_UP):
        for name, team in teams.items():
            group.bucket_bytes = BUCKET if name == "buckets" else 0
            echo.log = []
            comm.Barrier()
            start = time.perf_counter()
            team.step(batch)
            end = time.perf_counter()
            slowest = comm.allreduce(end - start, MPI.MAX)
            if i >= WARM_UP:
                seconds[name].append(slowest)
            if name == "echo" and i >= WARM_UP:
                log = [(t - start, *rest) for t, *rest in echo.log]
                at_end = [(*item[:3], False) for item in log]
                for way, messages in (("end", at_end), ("buckets", log)):
                    mine = predicted(messages, end - start, cost, waiting)
                    seconds[f"model {way}"].append(comm.allreduce(mine, MPI.MAX))
    if group.rank == 0:
        medians = {name: statistics.median(times) for name, times in seconds.items()}
        print(json.dumps({**medians, "costs": costs}))


# --- the parent ---


def run(*command: str) -> None:
    subprocess.run(command, check=True)


@contextmanager
def network(ranks: int, mbit: int) -> Iterator[None]:
    """Namespaces pmt1, pmt2, ... with the addresses 10.77.0.1, ... on a bridge."""
    try:
        run("ip", "link", "add", "pmtbr", "type", "bridge")
        run("ip", "addr", "add", "10.77.0.254/24", "dev", "pmtbr")
        run("ip", "link", "set", "pmtbr", "up")
        for i in range(1, ranks + 1):
            name = f"pmt{i}"
            run("ip", "netns", "add", name)
            peer = ("peer", "name", "eth0", "netns", name)
            run("ip", "link", "add", f"pmtv{i}", "type", "veth", *peer)
            run("ip", "link", "set", f"pmtv{i}", "master", "pmtbr", "up")
            run("ip", "-n", name, "addr", "add", f"10.77.0.{i}/24", "dev", "eth0")
            run("ip", "-n", name, "link", "set", "eth0", "up")
            run("ip", "-n", name, "link", "set", "lo", "up")
            bucket = ("tbf", "rate", f"{mbit}mbit", "burst", "32kb", "latency", "200ms")
            run("ip", "netns", "exec", name, "tc", "qdisc", "add", "dev", "eth0", "root", *bucket)
        yield
    finally:
        for i in range(1, ranks + 1):
            subprocess.run(["ip", "netns", "del", f"pmt{i}"], check=False)
        subprocess.run(["ip", "link", "del", "pmtbr"], check=False)


def measured(mpiexec: str, ranks: int, mbit: int, rounds: int) -> dict[str, Any]:
    """Return the medians of one network."""
    hosts = ",".join(f"10.77.0.{i}" for i in range(1, ranks + 1))
    with tempfile.TemporaryDirectory() as folder, network(ranks, mbit):
        launcher = Path(folder, "launch.sh")
        launcher.write_text(LAUNCHER)
        launcher.chmod(0o755)
        options = ["-hosts", hosts, "-ppn", "1", "-launcher", "ssh", "-iface", "pmtbr"]
        options += ["-launcher-exec", str(launcher), "-n", str(ranks), sys.executable]
        program = ["-m", "benchmarks.steps.network", "--rank", "--rounds", str(rounds)]
        done = subprocess.run(
            [mpiexec, *options, *program],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **MPICH, "OPENBLAS_NUM_THREADS": "1"},
        )
    results: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ranks", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--mbit", type=int, nargs="+", default=[100, 400])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--rank", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.rank:
        run_rank(chosen.rounds)
        return
    beside = str(Path(sys.executable).parent)
    mpiexec = shutil.which("mpiexec", path=beside) or shutil.which("mpiexec")
    if os.geteuid() != 0 or not all(map(shutil.which, ("ip", "tc"))) or mpiexec is None:
        raise SystemExit("this needs root, ip, tc, and mpiexec (pip install mpi4py mpich)")
    print(f"encoder (d,heads,layers,f,b,t) = {SIZE}, dropout 0.1; milliseconds of a step\n")
    print(f"{'':45}  {'summed at the end':>26}  {'in buckets':>26}")
    head = f"{'measured':>9} {'model':>8} {'ratio':>7}"
    print(f"ranks  Mbit/s  sum of 1 KiB  1 MiB  no network  {head}  {head}", flush=True)
    for mbit in chosen.mbit:
        for ranks in chosen.ranks:
            r = measured(mpiexec, ranks, mbit, chosen.rounds)
            least, per_byte = r["costs"]["sum"]
            row = f"{ranks:5} {mbit:7} {least * 1e3:13.1f} {(least + per_byte * 2**20) * 1e3:6.0f}"
            row += f" {r['echo'] * 1e3:11.0f}"
            for way in ("end", "buckets"):
                real, model = r[way], r[f"model {way}"]
                row += f"  {real * 1e3:9.0f} {model * 1e3:8.0f} {model / real:7.2f}"
            print(row, flush=True)


if __name__ == "__main__":
    main()
