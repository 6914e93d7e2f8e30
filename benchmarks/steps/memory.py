"""What an element of an array costs, by the size of the array: caches, and the price of a call.

    hatch run bench:memory [--rounds 15]

Times `np.multiply(x, 1.5, out=y)` on float32 arrays from 1 KiB to 64 MiB: nanoseconds per element,
the least of the rounds. Small arrays pay for the call, large ones for memory.
"""

from __future__ import annotations

import argparse
import time

import numpy as np


def nanoseconds_per_element(size: int, rounds: int) -> float:
    x, y = np.ones(size, np.float32), np.empty(size, np.float32)
    repeats = max((1 << 21) // size, 1)
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter_ns()
        for _ in range(repeats):
            np.multiply(x, 1.5, out=y)
        best = min(best, (time.perf_counter_ns() - start) / repeats / size)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    chosen = parser.parse_args()
    print("kib,nanoseconds")
    for power in range(17):
        kib = 1 << power
        print(f"{kib},{nanoseconds_per_element(kib * 256, chosen.rounds):.4f}", flush=True)


if __name__ == "__main__":
    main()
