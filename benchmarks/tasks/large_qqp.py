"""Does a large file of question pairs cost more per pair than a small one, and what memory?

    hatch run bench:large-qqp [--data FILE] [--rows 400000] [--steps 300] [--rounds 3] [OPTIONS]

The large file is the small one, repeated and shuffled (in a temporary folder). For either, a
process of its own goes the way of `apps/train_qqp.py` with the app's own functions: read, learn
the words, encode, make the first steps of training on the labels, train the baselines of the
report. All other OPTIONS are the app's (e.g. `--preset best`). Rounds alternate; the rates are
medians of pairs per second of CPU time, so that they bear other work on the machine; the memory is
the highest of all rounds.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import islice, pairwise
from pathlib import Path

HERE = Path(__file__).parent
DATA = HERE.parents[2] / "shared" / "data" / "qqp"
PARTS = ("read", "encode", "train", "baselines")
LIMIT_MIB, SLOWER = 2048, 0.9


def repeat(source: Path, target: Path, rows: int) -> None:
    """Write the rows of `source`, repeated and shuffled, below its header if it has one."""
    lines = source.read_text(encoding="utf-8").splitlines()
    has_header = "is_duplicate" in lines[0]
    head, body = lines[:has_header], lines[has_header:]
    order = random.Random(1)
    places = [i % len(body) for i in range(rows)]
    order.shuffle(places)
    with target.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in head)
        file.writelines(f"{body[i]}\n" for i in places)


def part(train: str, dev: str, out: str, steps: str, *options: str) -> None:
    """The work of one process; prints a line of JSON."""
    from pmt_apps.kit.command_line import parse_settings
    from pmt_apps.kit.metrics_file import peak_rss_mb
    from pmt_apps.kit.run import Run
    from pmt_apps.qqp.data.settings import Settings
    from pmt_apps.qqp.data.splits import labels_of, read_splits, texts_of
    from pmt_apps.qqp.models.baselines import BASELINES
    from pmt_apps.qqp.models.registry import make_pair_model
    from pmt_apps.qqp.training.stage import label_stage, trained_baseline
    from pmt_text import TokenCache
    from pmt_train import Workers

    argv = ["--train", train, "--dev", dev, "--out", out, *options]
    settings = parse_settings(Settings, argv, task="qqp")
    run = Run(settings, "qqp", "")
    run.say = lambda text: None  # type: ignore[method-assign]
    clock = [time.process_time()]
    tokenize = TokenCache()
    splits = read_splits(run, tokenize)
    clock.append(time.process_time())
    workers = Workers(settings.workers)
    model = make_pair_model(settings, splits, tokenize)
    train, dev = (
        model.encode(texts_of(splits[name]), labels_of(splits[name])) for name in ("train", "dev")
    )
    phases = [("train", train, settings.epochs)]
    stage = label_stage(model, phases, dev, settings, workers)
    clock.append(time.process_time())
    seen = 0
    with workers:
        for batch in islice(stage.batches.epoch(0), int(steps)):
            stage.trainer.step(batch)
            seen += len(batch)
    clock.append(time.process_time())
    for kind in BASELINES:
        trained_baseline(kind, splits["train"], settings, workers, tokenize)
    clock.append(time.process_time())
    rows = len(splits["train"])
    seconds = [after - before for before, after in pairwise(clock)]
    counts = (sum(map(len, splits.values())), rows, seen, rows)
    rates = {name: n / s for name, n, s in zip(PARTS, counts, seconds, strict=True)}
    print(json.dumps({**rates, "peak_mib": peak_rss_mb() * 1e6 / 2**20, "rows": rows}))


def measured(*args: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.tasks.large_qqp", "--part", *args],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    results: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--data", type=Path, default=DATA / "train.tsv")
    parser.add_argument("--dev", type=Path, default=DATA / "dev.tsv")
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    chosen, options = parser.parse_known_args()  # the others are those of apps/train_qqp.py
    results: dict[str, list[dict[str, float]]] = {"small": [], "large": []}
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder) / "large.tsv"
        repeat(chosen.data, large, chosen.rows)
        files = {"small": chosen.data, "large": large}
        out = str(Path(folder) / "run")
        for i in range(chosen.rounds):
            for name, rounds in results.items():
                rounds.append(
                    measured(str(files[name]), str(chosen.dev), out, str(chosen.steps), *options)
                )
            print(f"round {i + 1} of {chosen.rounds}", file=sys.stderr, flush=True)
    rates = {
        name: {part: statistics.median(r[part] for r in rounds) for part in PARTS}
        for name, rounds in results.items()
    }
    peak = {name: max(r["peak_mib"] for r in rounds) for name, rounds in results.items()}
    print(f"\n{'':>6} {'rows':>8}  " + "  ".join(f"{part:>9}/s" for part in PARTS) + "  peak MiB")
    for name, rate in rates.items():
        row = "  ".join(f"{rate[part]:11,.0f}" for part in PARTS)
        print(f"{name:>6} {results[name][0]['rows']:8,.0f}  {row}  {peak[name]:8,.0f}")
    for part_name in PARTS:
        ratio = rates["large"][part_name] / rates["small"][part_name]
        print(f"{part_name}: large/small {ratio:.2f} (aim: at least {SLOWER})")
    print(f"memory: {peak['large']:,.0f} MiB (aim: below {LIMIT_MIB:,})")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--part"]:
        part(*sys.argv[2:])
    else:
        main()
