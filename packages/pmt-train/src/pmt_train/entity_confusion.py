"""Which types of entities are taken for which, and which are missed or invented."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError, Span, tag_spans

NO_ENTITY = "none"


def entity_confusion(
    predicted: Sequence[Sequence[str]], labels: Sequence[Sequence[str]]
) -> tuple[list[str], NDArray[np.int64]]:
    """Counts (classes, classes): row what is there, column what was found; and the classes' names.

    predicted, labels: sequences of tags, one per sentence, see `tag_spans`. The classes are the
    types that occur, and last "none". An entity that is there is paired with the one found that
    shares most words with it (its ends may be wrong); without any it was missed (column "none"),
    and what is found beside is invented (row "none").
    Raises ShapeError where numbers of sentences differ.
    """
    if len(predicted) != len(labels):
        raise ShapeError(f"{len(predicted)} sentences were predicted and {len(labels)} are there")
    pairs: list[tuple[str, str]] = []
    for first, second in zip(predicted, labels, strict=True):
        pairs += _pairs(tag_spans(first), tag_spans(second))
    classes = [*sorted({name for pair in pairs for name in pair} - {NO_ENTITY}), NO_ENTITY]
    place = {name: i for i, name in enumerate(classes)}
    counts = np.zeros((len(classes), len(classes)), np.int64)
    for there, found in pairs:
        counts[place[there], place[found]] += 1
    return classes, counts


def _pairs(found: list[Span], there: list[Span]) -> list[tuple[str, str]]:
    """(type there, type found) of a sentence; each entity stands in one pair."""
    shared = sorted(
        (
            (-_overlap(a, b), a.type != b.type, i, j)
            for i, a in enumerate(there)
            for j, b in enumerate(found)
            if _overlap(a, b) > 0
        ),
    )
    left, right = dict(enumerate(there)), dict(enumerate(found))
    pairs = []
    for _, _, i, j in shared:
        if i in left and j in right:
            pairs.append((left.pop(i).type, right.pop(j).type))
    pairs += [(span.type, NO_ENTITY) for span in left.values()]
    return pairs + [(NO_ENTITY, span.type) for span in right.values()]


def _overlap(a: Span, b: Span) -> int:
    return min(a.stop, b.stop) - max(a.start, b.start)
