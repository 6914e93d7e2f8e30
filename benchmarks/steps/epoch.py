"""One epoch over real question pairs, reading to weights: pmt beside an idiomatic PyTorch program.

    hatch run bench:epoch [--data FILE] [--limit N] [--rounds 7]

Both programs (`qqp_pmt.py`, `qqp_torch.py`) run in processes of their own, alternating; the figure
is the median of the rounds of the wall time of the whole process. The same model, batch size and
optimizer. torch runs with the better of one thread and all, found on 300 pairs first.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
DATA = HERE.parents[2] / "shared" / "data" / "qqp" / "train.tsv"


def run(part: str, *args: str, threads: int | None = None) -> dict[str, float]:
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.models.qqp_{part}", *args],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | ({"OMP_NUM_THREADS": str(threads)} if threads else {}),
    )
    return {**json.loads(done.stdout), "all_s": time.perf_counter() - start}


def best_torch_threads(data: Path, out: str) -> int:
    results = {
        threads: run("torch", "train", str(data), out, "300", threads=threads)["train_s"]
        for threads in (1, os.cpu_count() or 1)
    }
    return min(results, key=results.__getitem__)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--limit", type=int, help="use only the first N pairs")
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    limit = [str(chosen.limit)] if chosen.limit else []
    results: dict[str, list[dict[str, float]]] = {"pmt": [], "torch": []}
    with tempfile.TemporaryDirectory() as folder:
        threads = {"torch": best_torch_threads(chosen.data, str(Path(folder) / "torch"))}
        print(f"torch: {threads['torch']} thread(s)", flush=True)
        for i in range(chosen.rounds):
            for part, rounds in results.items():
                out = str(Path(folder) / part)
                n = threads.get(part)
                rounds.append(run(part, "train", str(chosen.data), out, *limit, threads=n))
            print(
                f"round {i + 1}: "
                + ", ".join(f"{s} {r[-1]['all_s']:.1f} s" for s, r in results.items())
            )
    middle = {
        part: {key: statistics.median(r[key] for r in rounds) for key in rounds[0]}
        for part, rounds in results.items()
    }
    print(f"\n{'':>8}  whole s   read s  train s  peak MiB     loss    pairs")
    for part, m in middle.items():
        print(
            f"{part:>8} {m['all_s']:8.1f} {m['read_s']:8.1f} {m['train_s']:8.1f} "
            f"{m['peak_mib']:9.0f} {m['loss']:8.4f} {m['pairs']:8.0f}"
        )
    ours, theirs = middle["pmt"], middle["torch"]
    for what, key, aim in [("time", "all_s", 0.6), ("peak memory", "peak_mib", 0.5)]:
        print(f"{what}, pmt/torch: {ours[key] / theirs[key]:.2f} (aim: at most {aim})")


if __name__ == "__main__":
    main()
