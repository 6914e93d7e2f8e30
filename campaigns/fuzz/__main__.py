"""The program of the campaign: `hatch run fuzz --minutes 30`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

# Before NumPy is imported: a process per core, each with one thread of BLAS.
os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"))
os.environ.setdefault("MPLBACKEND", "Agg")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests/shared/apps"))  # json_states

from campaigns.fuzz.campaign import Plan, run_campaign
from campaigns.fuzz.measure import USUAL_LIMITS, Meter, limited_process
from campaigns.fuzz.readers.reader import Reader
from campaigns.fuzz.readers.registry import ALL_READERS, READERS
from campaigns.fuzz.report import Report
from campaigns.fuzz.worker import try_folder, try_input
from pmt_train import core_count, progress_bar, say

_DESCRIPTION = """\
Give damaged and hostile files to every reader, in processes with limits.

An input is a valid sample in which bits, numbers, lengths, lines, fields, types of JSON or parts of
an archive were changed, or which was packed to expand without end. Each is read (ok) or refused by
a PmtError. Failures are: another exception (other), more than 10 s of processor time (slow), more
than 200 MB of memory (large). They are saved in --out with the command that repeats them. Exit
code 1: there were failures.

  hatch run fuzz --minutes 30
  hatch run fuzz --reader qqp --inputs 2000
  hatch run fuzz --reader qqp --number 1234        (one input, with the traceback)
  hatch run fuzz --reader qqp --folder runs/fuzz/qqp-1-1234
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the campaign; return the exit code."""
    options = _parser().parse_args(argv)
    readers = [ALL_READERS[name] for name in options.reader or READERS]
    if options.number is not None or options.folder is not None:
        return _repeat(readers[0], options)
    minutes = 1 if options.minutes is None and options.inputs is None else options.minutes
    seconds = None if minutes is None else 60 * minutes
    plan = Plan(readers, options.seed, seconds, options.inputs, options.processes)
    report = Report(readers, options.seed, options.out)
    try:
        _run(plan, report)
    except KeyboardInterrupt:
        say("stopped")
    say(report.table())
    say("")
    say(report.findings())
    say(f"{report.inputs:,} inputs, {report.failures:,} failures")
    return int(report.failures > 0)


def _run(plan: Plan, report: Report) -> None:
    total = len(plan.readers) * plan.inputs if plan.inputs is not None else None
    started, elapsed = time.monotonic(), 0.0
    unit = "input" if plan.seconds is None else "s"
    length = total if plan.seconds is None else round(plan.seconds)
    with progress_bar(length, "fuzz", unit, delay=0) as bar:
        for outcome in run_campaign(plan):
            if text := report.add(outcome):
                say(text)
            now = time.monotonic() - started
            bar.set_postfix_str(
                f"{report.inputs:,} inputs, {report.failures:,} failures", refresh=False
            )
            bar.update(1 if plan.seconds is None else max(min(now, plan.seconds) - elapsed, 0))
            elapsed = now


def _repeat(reader: Reader, options: argparse.Namespace) -> int:
    """Try one input in this process, and print what happens."""
    meter = Meter(USUAL_LIMITS)
    with limited_process(), tempfile.TemporaryDirectory(prefix="pmt-fuzz-") as folder:
        if options.folder is not None:
            outcome = try_folder(reader, -1, options.folder, meter, show=True)
        else:
            outcome = try_input(
                reader, options.seed, options.number, Path(folder), meter, show=True
            )
    say(f"{outcome.kind}: {outcome.seconds:.2f} s, {outcome.growth / 1e6:.0f} MB {outcome.reason}")
    return int(outcome.is_failure)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hatch run fuzz",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--minutes", type=float, help="end after this time (default: 1)")
    parser.add_argument("--inputs", type=int, help="of each reader, instead of a time")
    parser.add_argument("--reader", action="append", choices=sorted(ALL_READERS), metavar="NAME")
    parser.add_argument("--seed", type=int, default=1, help="of the inputs (default: 1)")
    parser.add_argument("--processes", type=int, default=core_count(), help="default: the cores")
    parser.add_argument("--out", type=Path, default=Path("runs/fuzz"), help="of failures")
    parser.add_argument("--number", type=int, help="try one input of --reader")
    parser.add_argument("--folder", type=Path, help="try the files of a folder with --reader")
    return parser


if __name__ == "__main__":
    sys.exit(main())
