"""`pmt compare`: a table of runs side by side, and a page with their curves.

  pmt compare runs/*                            all runs of a folder
  pmt compare runs/a runs/b --out both.html

The table has the scores of each run with their confidence intervals, seconds, parameters and the
settings that differ. The page, one HTML file, has the same and pictures: the learning curves of all
runs over each other, one picture for each metric. Runs of different tasks are grouped. A run that
cannot be read is named and left out; the exit code is then 2.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from pmt_apps.comparison.page import check_page, write_page
from pmt_apps.comparison.run_record import RunRecord, run_labels
from pmt_apps.comparison.tables import (
    by_task,
    comparison_text,
    difference_rows,
    run_rows,
    score_rows,
)
from pmt_apps.kit.command_line import OptionParser
from pmt_apps.kit.main import BAD_INPUT, exit_code_of, make_streams_usable
from pmt_apps.kit.program import command
from pmt_core import FileProblem, PmtError
from pmt_train import say, warn

_WIDTH = 100  # characters of a line, where standard output is no terminal


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code. argv: None is that of the process."""
    make_streams_usable()
    skipped: list[Path] = []
    code = exit_code_of(lambda: skipped.extend(compare(argv)))
    return BAD_INPUT if code == 0 and skipped else code


def compare(argv: Sequence[str] | None) -> list[Path]:
    """Print the table and write the page; return the folders that could not be read."""
    parser = OptionParser((__doc__ or "").replace("pmt compare", command()))
    parser.add_argument(
        "runs", nargs="*", type=Path, metavar="RUN",
        help="folder of a run, or folder of such folders (default: runs)",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, default=Path("compare.html"), metavar="FILE",
        help="the page (default: compare.html)",
    )  # fmt: skip
    options = parser.parse_args(argv)
    check_page(options.out)
    records: list[RunRecord] = []
    skipped: list[Path] = []
    for path in run_folders(options.runs or [Path("runs")]):
        try:
            records.append(RunRecord.read(path))
        except PmtError as error:
            warn(f"left out: {path}: {error}")
            skipped.append(path)
    if not records:
        raise FileProblem("there is no run to compare; name the folders of runs")
    labels = run_labels(records)
    print_tables(records, labels)
    write_page(options.out, records, labels)
    say(f"\npage: {options.out}")
    return skipped


def run_folders(paths: Sequence[Path]) -> list[Path]:
    """Return the folders of runs: those given, and those in a given folder that is no run.

    Files among them (`runs/*`) are left out, and a folder that is named twice is one.
    """
    folders: list[Path] = []
    for path in paths:
        inside = []
        if path.is_dir() and not (path / "config.json").exists():
            inside = sorted(config.parent for config in path.glob("*/config.json"))
        if not path.is_file():
            folders += inside or [path]
    return list({folder.resolve(): folder for folder in folders}.values())


def print_tables(records: Sequence[RunRecord], labels: Sequence[str]) -> None:
    """Print a table for the runs of each task."""
    width = shutil.get_terminal_size((_WIDTH, 24)).columns if sys.stdout.isatty() else _WIDTH
    for i, (task, indices) in enumerate(by_task(records).items()):
        runs, names = [records[j] for j in indices], [labels[j] for j in indices]
        count = "1 run" if len(runs) == 1 else f"{len(runs)} runs"
        rows = [*score_rows(runs), *run_rows(runs), *difference_rows(runs)]
        gap = "\n" if i else ""
        say(f"{gap}{task}: {count}\n\n{comparison_text(names, rows, width)}")
