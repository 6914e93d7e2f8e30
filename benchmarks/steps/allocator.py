"""What keeping freed memory is worth: the same training pass with and without it.

    hatch run bench:allocator

Each side runs in processes of its own, alternating, as the setting lasts as long as a process.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

from pmt_autograd import gradients
from pmt_nn import TransformerConfig, TransformerEncoder
from pmt_train import keep_freed_memory

ROUNDS = 7


def measure(keep: bool) -> dict[str, float]:
    """Median seconds of CPU, and page faults, of a forward and backward pass."""
    if keep:
        keep_freed_memory()
    rng = np.random.default_rng(0)
    encoder = TransformerEncoder(
        TransformerConfig(width=128, heads=4, hidden=512, layers=4, dropout=0.1), rng
    )
    x = rng.normal(size=(32, 64, 128)).astype(np.float32)
    times = []
    for i in range(18):
        if i == 3:
            faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        start = time.process_time()
        gradients(encoder(x, rng=rng).sum())
        times.append(time.process_time() - start)
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
    return {"seconds": statistics.median(times[3:]), "faults": faults / 15}


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1] == "keep")))
        return
    values: dict[str, list[dict[str, float]]] = {"keep": [], "give back": []}
    for _ in range(ROUNDS):
        for part, results in values.items():
            run = subprocess.run(
                [sys.executable, "-m", "benchmarks.steps.allocator", part],
                capture_output=True,
                text=True,
                check=True,
            )
            results.append(json.loads(run.stdout))
    medians = {
        part: {key: statistics.median(r[key] for r in results) for key in results[0]}
        for part, results in values.items()
    }
    for part, result in medians.items():
        print(f"{part:>10}: {result['seconds'] * 1e3:6.1f} ms, {result['faults']:8.0f} page faults")
    print(f"ratio {medians['keep']['seconds'] / medians['give back']['seconds']:.2f}")


if __name__ == "__main__":
    main()
