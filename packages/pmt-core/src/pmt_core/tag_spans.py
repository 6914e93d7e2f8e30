"""Entities in sequences of tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pmt_core.errors import DataError

__all__ = ["Span", "tag_spans"]

_KINDS = frozenset("BIES")


class Span(NamedTuple):
    """An entity: its type and the tokens start, start + 1, ..., stop - 1."""

    type: str
    start: int
    stop: int


def tag_spans(tags: Sequence[str]) -> list[Span]:
    """The entities in one sequence of tags, IOB1, IOB2 or IOBES: "O", "B-PER", "I-PER", ...

    The rules are those of the CoNLL evaluation (conlleval), for broken sequences, too: an entity
    begins at B and S, after E and S, after O, and wherever the type changes; it ends before B, S
    and O, after E and S, and wherever the type changes. So "O I-PER" begins an entity.
    Raises DataError for what is not a tag.
    """
    spans: list[Span] = []
    start = 0
    before, type_before = "O", ""
    for i, tag in enumerate([*tags, "O"]):
        kind, type_now = _parts(tag, i)
        changed = type_now != type_before
        if before != "O" and (kind in "OBS" or before in "ES" or changed):
            spans.append(Span(type_before, start, i))
        if kind != "O" and (kind in "BS" or before in "OES" or changed):
            start = i
        before, type_before = kind, type_now
    return spans


def _parts(tag: str, place: int) -> tuple[str, str]:
    kind, dash, type_ = tag.partition("-")
    if tag == "O":
        return "O", ""
    if kind not in _KINDS or not dash or not type_:
        raise DataError(
            f"expected a tag like 'O', 'B-PER', 'I-PER', 'E-PER' or 'S-PER', "
            f"got {tag!r} at token {place + 1}"
        )
    return kind, type_
