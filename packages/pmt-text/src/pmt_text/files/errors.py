"""Checks of the first bytes of a text, warnings about dropped lines, and a check of settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pmt_core import DataError, SettingsError

_OTHER_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


def check_text(path: str, sample: bytes) -> None:
    """Raise DataError if the first bytes of a file show that it is not UTF-8 text in LF lines."""
    if not sample:
        raise DataError(f"{path} is empty: give a file with text in it")
    if b"\0" in sample and not sample.startswith(_OTHER_BYTE_ORDER_MARKS):
        raise DataError(f"{path} is a binary file: give a text file (UTF-8)")
    check_line_ends(path, sample)


def check_line_ends(path: str, sample: bytes) -> None:
    """Raise DataError if the first bytes of a text show that it is UTF-16, or not in LF lines."""
    if sample.startswith(_OTHER_BYTE_ORDER_MARKS):
        raise DataError(f"{path} is UTF-16 text: save it as UTF-8")
    returns = sample.count(b"\r") - sample.count(b"\r\n")
    if returns > sample.count(b"\n"):
        raise DataError(
            f"{path} has CR line ends (\\r, as in classic Mac OS), expected LF or CRLF: "
            f"convert it, e.g. by `tr '\\r' '\\n' < OLD > NEW`"
        )


_LINES_NAMED = 10


def dropped_warning(path: str, reason: str, lines: Sequence[int], thing: str) -> str:
    """Return one line that names the file, the reason and the first lines (numbers from 1).

    thing: what was dropped for each line, in the singular: "row", "sentence".
    """
    if len(lines) == 1:
        return f"{path}:{lines[0]}: {reason}; {thing} dropped"
    named = ", ".join(map(str, lines[:_LINES_NAMED]))
    more = len(lines) - _LINES_NAMED
    tail = f" and {more} more" if more > 0 else ""
    return f"{path}:{lines[0]}: {reason}; {len(lines)} {thing}s dropped, on lines {named}{tail}"


def dropped_warnings(path: str, dropped: Mapping[str, Sequence[int]], thing: str) -> list[str]:
    """Return the `dropped_warning` of each reason; `dropped` maps reasons to lines."""
    return [dropped_warning(path, reason, lines, thing) for reason, lines in dropped.items()]


def check_at_least(minimum: int, **values: int | None) -> None:
    """Raise SettingsError unless each named value is a whole number of at least the minimum.

    None is allowed. Integers of NumPy are whole numbers; booleans and floats are not, not even 3.0.
    """
    for name, value in values.items():
        is_whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if value is not None and not (is_whole and value >= minimum):
            raise SettingsError(f"{name} must be a whole number, {minimum} or more, not {value!r}")
