"""Splitting a text at matches: what becomes of the matches."""

from __future__ import annotations

from collections.abc import Iterator

from pmt_core import DataError, value_text

BEHAVIORS = ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")


def check_behavior(behavior: str, where: str) -> str:
    """Return a behavior if it is known. Raises DataError."""
    if behavior not in BEHAVIORS:
        raise DataError(
            f"{where}: behavior is one of {', '.join(BEHAVIORS)}, got {value_text(behavior)}"
        )
    return behavior


def split_at(
    text: str, spans: Iterator[tuple[int, int]], behavior: str, *, invert: bool = False
) -> list[str]:
    """Return the parts of a text, without empty ones.

    spans: start and end of each match, in order. behavior: matches are "Removed", or parts of
    their own ("Isolated"; "Contiguous": adjacent ones are joined), or they are joined with the
    part before or after. invert: what is between the matches counts as the matches.
    """
    parts: list[tuple[str, bool]] = []
    end = 0
    for start, stop in spans:
        if end < start:
            parts.append((text[end:start], invert))
        parts.append((text[start:stop], not invert))
        end = stop
    if end < len(text):
        parts.append((text[end:], invert))
    if behavior == "Removed":
        return [part for part, is_match in parts if not is_match]
    if behavior == "Isolated":
        return [part for part, _ in parts]
    if behavior == "MergedWithNext":
        return [part[::-1] for part in _merged([(p[::-1], m) for p, m in parts[::-1]])][::-1]
    if behavior == "MergedWithPrevious":
        return _merged(parts)
    joined: list[str] = []
    previous: bool | None = None
    for part, is_match in parts:
        if is_match == previous:
            joined[-1] += part
        else:
            joined.append(part)
        previous = is_match
    return joined


def _merged(parts: list[tuple[str, bool]]) -> list[str]:
    """Join each match with the part before it, unless that is a match too."""
    joined: list[str] = []
    after_match = False
    for part, is_match in parts:
        if is_match and not after_match and joined:
            joined[-1] += part
        else:
            joined.append(part)
        after_match = is_match
    return joined
