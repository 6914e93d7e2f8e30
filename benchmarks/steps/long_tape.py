"""A long chain walked back: time per operation at growing lengths, and memory as the walk goes.

python -m benchmarks.steps.long_tape
"""

from __future__ import annotations

import gc
import time
import tracemalloc

import numpy as np

import pmt_autograd as ag

LENGTHS = (2_000, 20_000, 200_000)


def crf(length: int, size: int) -> ag.Tensor:
    x = ag.Tensor(np.full(size, 0.5, np.float32), requires_grad=True)
    y = x
    for _ in range(length):
        y = ag.tanh(y)  # keeps its value for backward
    return y.sum()


def times() -> None:
    print("operations   forward us/op   backward us/op")
    for length in LENGTHS:
        gc.collect()
        start = time.process_time()
        loss = crf(length, 4)
        middle = time.process_time()
        loss.backward()
        end = time.process_time()
        forward, backward = (1e6 * t / length for t in (middle - start, end - middle))
        print(f"{length:10}{forward:16.2f}{backward:17.2f}")


def memory() -> None:
    length, size = 2_000, 25_000
    levels: list[float] = []

    @ag.primitive
    def look(x):  # type: ignore[no-untyped-def]
        def backward(grad):  # type: ignore[no-untyped-def]
            levels.append(tracemalloc.get_traced_memory()[0] / 1e6)
            return grad

        return x + 0, backward

    x = ag.Tensor(np.full(size, 0.5, np.float32), requires_grad=True)
    tracemalloc.start()
    y = x
    for i in range(length):
        y = ag.tanh(y)
        if i % (length // 10) == 0:
            y = look(y)
    loss = y.sum()
    del y
    loss.backward()
    tracemalloc.stop()
    print(f"\nMB held while {length} operations on {size} numbers are walked back:")
    print("  ".join(f"{level:.0f}" for level in levels))


if __name__ == "__main__":
    times()
    memory()
