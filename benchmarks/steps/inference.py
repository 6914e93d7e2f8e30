"""Answers from a saved run: one pair at a time, batches of 64, and from process start to answer.

    hatch run bench:inference [--data FILE] [--limit 2000] [--rounds 7]
    OMP_NUM_THREADS=1 hatch run bench:inference --processor --rounds 21

Both sides train briefly (`qqp_pmt.py`, `qqp_torch.py`) and save. Then, alternating and each time
in a new process: the latency from text to probability, and the time from the start of a process to
its first answer. Medians of the rounds; torch with the better of one thread and all.

--processor: the processor time of the same answers with untrained weights, both sides in turns in
one process, on one thread; for a machine that is busy with other programs.
"""

from __future__ import annotations

import argparse
import functools
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


def processor_times(data: Path, limit: int, rounds: int) -> None:
    """Print milliseconds of the processor for one pair and for 64, and their ratio."""
    import torch
    from benchmarks.models import qqp_pmt, qqp_sizes, qqp_torch

    from pmt_text import PairEncoder, Vocabulary, load_qqp, tokenize

    torch.set_num_threads(1)
    pairs = load_qqp(str(data)).pairs[:limit]
    texts = [text for pair in pairs for text in (pair.question1, pair.question2)]
    vocabulary = Vocabulary.build(map(tokenize, texts), min_count=qqp_sizes.MIN_COUNT)
    encoder = PairEncoder(vocabulary, qqp_sizes.LENGTH)
    ids = {token: i for i, token in enumerate(vocabulary.to_json())}
    model, other = qqp_pmt.make_model(len(ids)).eval(), qqp_torch.Classifier(len(ids)).eval()
    sides = {
        "pmt": functools.partial(qqp_pmt.answer, model, encoder),
        "torch": functools.partial(qqp_torch.answer, other, ids),
    }
    one_each = [[pair] for pair in qqp_sizes.PAIRS]
    for what, questions, calls in (
        ("one pair", one_each, 25),
        ("64 pairs", [qqp_sizes.PAIRS * 16], 5),
    ):
        times: dict[str, list[float]] = {side: [] for side in sides}
        for _ in range(rounds + 2):
            for side, answer in sides.items():
                start = time.process_time()
                for asked in questions * calls:
                    answer(asked)
                times[side].append((time.process_time() - start) / len(questions * calls) * 1e3)
        ours, theirs = (times[side][2:] for side in sides)
        ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
        print(
            f"{what}: pmt {statistics.median(ours):.3f} ms, torch "
            f"{statistics.median(theirs):.3f} ms, ratio of the turns {ratio:.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--limit", type=int, default=2000, help="pairs to train on")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--processor", action="store_true", help="processor time, one process")
    chosen = parser.parse_args()
    if chosen.processor:
        processor_times(chosen.data, chosen.limit, chosen.rounds)
        return
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
