"""Table of all primitives with the errors of their gradients, a section of docs/gradients.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pmt_autograd.debug.check_primitive import PrimitiveReport, check_primitive
from pmt_autograd.registry import primitives_of

_HEAD = """## The gradient table

Every primitive, checked with every one of its samples. Written by

    python docs/gradient_table.py

- **method**: how the numerical derivative is computed, in float64. *complex*: the complex step,
  exact to rounding, for analytic functions. *central*: central differences, extrapolated if one
  step is not enough. Both are taken along single coordinates and along random directions, with a
  random cotangent.
- **float64**: the worst relative error against it, which is mostly the error of the differences.
- **float32**: the worst difference between the float32 and the float64 gradient, relative to the
  largest element of the gradient.
- **kinks**: points without a derivative, and the gradient there.
"""


def gradient_table(*packages: str) -> str:
    """Check every primitive of imported packages, e.g. "pmt_autograd"; return a table in Markdown.

    Raises GradientError if a gradient is wrong, and StateError if a primitive has no samples.

    Examples:
        >>> from pmt_autograd import gradient_table
        >>> print(gradient_table()[:21])  # of no package: the heading alone
        ## The gradient table
    """
    lines = [_HEAD]
    for package in packages:
        reports = [check_primitive(entry) for entry in primitives_of(package)]
        lines += [f"### {package}: {len(reports)} primitives\n", *_table(reports), ""]
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
    """Return an error to one digit: the others depend on the machine."""
    return f"{error:.0e}" if error else "0"
