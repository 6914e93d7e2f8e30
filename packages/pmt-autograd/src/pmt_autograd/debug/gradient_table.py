"""The gradient ledger: every primitive with the error of its gradient, as a table.

`python docs/gradient_ledger.py` writes it into the docs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pmt_autograd.debug.check_primitive import PrimitiveReport, check_primitive, primitives_of

_HEAD = """# The gradient ledger

Every primitive, checked with every one of its samples. Written by

    python docs/gradient_ledger.py

**method**: how the numerical derivative was taken in float64: *complex* is the complex step, exact
to rounding, where the operation is analytic; *central* is central differences, extrapolated where
one step is not enough. Both along single coordinates and along random directions, with a random
cotangent.
**float64**: the worst relative error against it, which is mostly the error of the differences.
**float32**: the worst difference between the float32 and the float64 gradient, relative to the
gradient's largest element.
**kinks**: where there is no derivative, and what the gradient is there.
"""


def gradient_ledger(*packages: str) -> str:
    """The table, as Markdown, of the primitives of packages that are imported already.

    Raises GradientError for a wrong gradient, StateError for a primitive without samples.
    """
    lines = [_HEAD]
    for package in packages:
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
