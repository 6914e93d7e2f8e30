"""How a loader tells which lines of a file it could not use."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["dropped_warning"]

_LINES_NAMED = 10


def dropped_warning(path: str, reason: str, lines: Sequence[int], thing: str) -> str:
    """One line that names the file, the reason and the first lines (numbers from 1).

    thing: what was dropped for every line, in the singular: "row", "sentence".
    """
    if len(lines) == 1:
        return f"{path}:{lines[0]}: {reason}; {thing} dropped"
    named = ", ".join(map(str, lines[:_LINES_NAMED]))
    more = len(lines) - _LINES_NAMED
    tail = f" and {more} more" if more > 0 else ""
    return f"{path}:{lines[0]}: {reason}; {len(lines)} {thing}s dropped, on lines {named}{tail}"
