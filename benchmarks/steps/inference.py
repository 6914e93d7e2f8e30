"""Answers from a saved run: one pair at a time, batches of 64, and from process start to answer.

    hatch run bench:inference [--data FILE] [--limit 2000] [--rounds 7]

Both sides train briefly (`qqp_pmt.py`, `qqp_torch.py`) and save. Then, alternating and each time
in a new process: the latency from text to probability, and the time from the start of a process to
its first answer. Medians of the rounds; torch with the better of one thread and all.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.steps.epoch import DATA, run


def first_answer(part: str, out: str) -> float:
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.models.qqp_{part}", "answer", out],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdin.write("How do I swim?\tHow can I learn swimming?\n")
        process.stdin.flush()
        process.stdout.readline()
        seconds = time.perf_counter() - start
        process.stdin.close()
    return seconds * 1e3


def latency(part: str, out: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.models.qqp_{part}", "latency", out],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--limit", type=int, default=2000, help="pairs to train on")
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    results: dict[str, dict[str, list[float]]] = {"pmt": {}, "torch": {}}
    with tempfile.TemporaryDirectory() as folder:
        for part in results:
            run(part, "train", str(chosen.data), str(Path(folder) / part), str(chosen.limit))
        for _ in range(chosen.rounds):
            for part, rounds in results.items():
                out = str(Path(folder) / part)
                for key, value in {**latency(part, out), "start": first_answer(part, out)}.items():
                    rounds.setdefault(key, []).append(value)
    print(f"{'median ms':>24}      pmt    torch  pmt/torch")
    for key, what, aim in [
        ("1", "one pair", "at most 0.8"),
        ("64", "64 pairs", "at most 0.8"),
        ("start", "start to first answer", "at most 0.25"),
    ]:
        ours, theirs = (statistics.median(results[part][key]) for part in ("pmt", "torch"))
        print(f"{what:>24} {ours:8.2f} {theirs:8.2f} {ours / theirs:10.2f}  (aim: {aim})")


if __name__ == "__main__":
    main()
