"""The program of the campaign: `hatch run kills --times 200`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

# Before NumPy is imported: processes are forked from these, and workers are threads of pmt.
os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"))

from campaigns.kills.cases import CASES, ROOT
from campaigns.kills.pool import run_trials
from campaigns.kills.summary import summary_table
from campaigns.kills.trial import Trial
from pmt_train import core_count, progress_bar, say

_DESCRIPTION = """\
Kill (SIGKILL) the applications at random moments, resume them until they end, and compare weights,
history and metrics with an uninterrupted run, bit by bit.

The moments are accesses to files (before each, and in the middle of each write) and instants of
the processor time. Some runs write a checkpoint after every step, some begin by replacing another
run (--overwrite), and of word2vec with two processes a worker is killed too. Temporary folders,
shared memory and processes are looked through for what is left. Exit code 1: something was wrong.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the campaign; return the exit code."""
    options = _parser().parse_args(argv)
    cases = [case for case in CASES if not options.case or case.name in options.case]
    numbers = options.trial or range(1, options.times + 1)
    folder = Path(tempfile.mkdtemp(prefix="pmt-kills-"))
    trials: list[Trial] = []
    try:
        with progress_bar(len(numbers), "trials", "trial", delay=0) as bar:
            for trial in run_trials(folder, options.seed, cases, numbers, options.jobs):
                trials.append(trial)
                bar.update(1)
                if trial.problems:
                    _report(trial, options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    wrong = sum(bool(trial.problems) for trial in trials)
    say(summary_table(cases, trials))
    say(f"{len(trials) - wrong} of {len(trials)} runs are right")
    return int(wrong > 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hatch run kills",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    names = [case.name for case in CASES]
    parser.add_argument("--times", type=int, default=200, metavar="N", help="number of runs (200)")
    parser.add_argument("--seed", type=int, default=1, help="of all random choices (1)")
    parser.add_argument("--jobs", type=int, default=core_count(), help="processes (the cores)")
    parser.add_argument("--case", action="append", choices=names, help="only this one")
    parser.add_argument("--trial", type=int, action="append", help="only the run of this number")
    parser.add_argument(
        "--keep", type=Path, default=ROOT / "runs" / "kills", metavar="DIR",
        help="folder for runs that are wrong (runs/kills)",
    )  # fmt: skip
    return parser


def _report(trial: Trial, options: argparse.Namespace) -> None:
    """Keep the folder of a trial, and print what is wrong and how to repeat it."""
    target: Path = options.keep / f"seed-{options.seed}-trial-{trial.number}"
    if trial.folder is not None:
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(trial.folder, target, symlinks=True)
    case = "".join(f" --case {name!r}" for name in options.case or ())
    say(f"trial {trial.number} ({trial.case}), killed: {', '.join(map(str, trial.moments))}")
    for problem in trial.problems:
        say(f"  {problem}")
    say(f"  folder: {target}")
    say(f"  repeat: hatch run kills --seed {options.seed} --trial {trial.number}{case}\n")


if __name__ == "__main__":
    sys.exit(main())
