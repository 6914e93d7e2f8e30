"""Entity spans in sequences of IOB1, IOB2 or IOBES tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pmt_core.errors import DataError

_KINDS = frozenset("BIES")


class Span(NamedTuple):
    """An entity: its type, and its tokens start, start + 1, ..., stop - 1.

    Examples:
        >>> from pmt_core import Span
        >>> words = ["Ada", "Lovelace", "wrote", "it"]
        >>> entity = Span("PER", 0, 2)
        >>> words[entity.start : entity.stop]
        ['Ada', 'Lovelace']
    """

    type: str
    start: int
    stop: int


def tag_spans(tags: Sequence[str]) -> list[Span]:
    """Return the entities in one sequence of tags: "O", "B-PER", "I-PER", ...

    Follows the rules of seqeval's `get_entities` (its default mode), also for invalid sequences: an
    entity begins at B and S, after E and S, after O, and if the type changes; it ends before B, S
    and O, after E and S, and if the type changes. So "O I-PER" begins an entity.

    On B, I and O these are the rules of the CoNLL evaluation script conlleval. It differs on the
    other tags: it has no S, and no rule for B after E, so "E-PER B-PER" is one entity to it.

    Raises:
        DataError: if a string is not a tag.

    Examples:
        >>> from pmt_core import tag_spans
        >>> tag_spans(["B-PER", "I-PER", "O", "B-LOC"])
        [Span(type='PER', start=0, stop=2), Span(type='LOC', start=3, stop=4)]
        >>> tag_spans(["O", "I-PER", "I-LOC"])  # no valid IOB2, read as seqeval does
        [Span(type='PER', start=1, stop=2), Span(type='LOC', start=2, stop=3)]
    """
    spans: list[Span] = []
    parts = {"O": ("O", "")}  # of the tags so far: there are many tokens and few tags
    before, type_before, start = "O", "", 0
    for i, tag in enumerate([*tags, "O"]):
        if tag not in parts:
            parts[tag] = _parts(tag, i)
        kind, type_after = parts[tag]
        changed = type_after != type_before
        if before != "O" and (kind in "OBS" or before in "ES" or changed):
            spans.append(Span(type_before, start, i))
        if kind != "O" and (kind in "BS" or before in "OES" or changed):
            start = i
        before, type_before = kind, type_after
    return spans


def _parts(tag: str, index: int) -> tuple[str, str]:
    kind, dash, type_ = tag.partition("-")
    if kind not in _KINDS or not dash or not type_:
        raise DataError(
            f"expected a tag like 'O', 'B-PER', 'I-PER', 'E-PER' or 'S-PER', "
            f"got {tag!r} at token {index + 1}"
        )
    return kind, type_
