"""Run the blocks of chapters of the development log and show what they print.

hatch run log_chapter 05                the chapter with this number
hatch run log_chapter appendix-speed    the page whose name begins so

The blocks run in order in one namespace, as the tests run them. If a block prints something else
than the page says, the difference is shown and the exit code is 1.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

LOG = Path(__file__).resolve().parent / "log"
sys.path.insert(0, str(LOG.parents[1]))

from docs.log_blocks import Run, run_page  # noqa: E402


def page_of(name: str) -> Path:
    """Return the page of a chapter by its number or by the beginning of its name."""
    beginning = f"{int(name):02d}-" if name.isdecimal() else name
    found = sorted(path for path in LOG.glob("*.md") if path.name.startswith(beginning))
    if len(found) != 1:
        pages = ", ".join(path.stem for path in sorted(LOG.glob("*.md")))
        raise SystemExit(f"{name!r} is the beginning of {len(found)} pages; there are: {pages}")
    return found[0]


def show(run: Run) -> None:
    """Print each block and below it what it printed."""
    for block, statements in zip(run.blocks, run.statements):
        print(f"--- line {block.line}")
        print(block.code.rstrip())
        for statement in statements:
            for line in statement.printed:
                print(f"    | {line}".rstrip())


if __name__ == "__main__":
    if not sys.argv[1:]:
        raise SystemExit(__doc__)
    failed = False
    for path in map(page_of, sys.argv[1:]):
        start = time.perf_counter()
        result = run_page(path)
        print(f"=== {path.name}")
        show(result)
        problems = result.problems()
        failed = failed or bool(problems)
        print(f"=== {len(result.blocks)} blocks, {time.perf_counter() - start:.1f} s")
        for problem in problems:
            print(f"DIFFERENT: {problem}")
    sys.exit(failed)
