"""The gradient ledger: every primitive with the error of its gradient, as a table.

python -m pmt_autograd.ledger pmt_autograd pmt_nn --out docs/gradients.md
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator, Sequence

from pmt_autograd.registry_walk import PrimitiveReport, check_primitive, primitives_of
from pmt_core import atomic_file

_HEAD = """# The gradient ledger

Every primitive, checked with every one of its samples. Written by

    {command}

**method**: how the numerical derivative was taken in float64: *complex* is the complex step, exact
to rounding, where the operation is analytic; *central* is central differences, extrapolated where
one step is not enough. Both along single coordinates and along random directions, with a random
cotangent.
**float64**: the worst relative error against it, which is mostly the error of the differences.
**float32**: the worst difference between the float32 and the float64 gradient, relative to the
gradient's largest element.
**kinks**: where there is no derivative, and what the gradient is there.
"""


def ledger(packages: Sequence[str]) -> str:
    """The table, as Markdown, of the primitives that the packages define; imports them."""
    command = "python -m pmt_autograd.ledger " + " ".join(packages) + " --out docs/gradients.md"
    lines = [_HEAD.format(command=command)]
    for package in packages:
        importlib.import_module(package)
        reports = [check_primitive(entry) for entry in primitives_of(package)]
        lines += [f"## {package}: {len(reports)} primitives\n", *_table(reports), ""]
    return "\n".join(lines)


def _table(reports: Sequence[PrimitiveReport]) -> Iterator[str]:
    yield "| primitive | samples | method | float64 | float32 | kinks |"
    yield "| --- | ---: | --- | ---: | ---: | --- |"
    for report in reports:
        yield (
            f"| `{report.name}` | {report.samples} | {report.method} | {_error(report.error)} "
            f"| {_error(report.float32_error)} | {report.kinks.replace('|', chr(92) + '|')} |"
        )


def _error(error: float) -> str:
    """To one digit: the rest depends on the machine."""
    return f"{error:.0e}" if error else "0"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the ledger to a file, or to standard output."""
    parser = argparse.ArgumentParser(description="Check all gradients and write a table of them.")
    parser.add_argument("packages", nargs="*", default=["pmt_autograd"])
    parser.add_argument("--out", help="file to write; standard output by default")
    options = parser.parse_args(arguments)
    text = ledger(options.packages)
    if options.out is None:
        sys.stdout.write(text)
        return 0
    with atomic_file(options.out, "w") as file:
        file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
