"""Precision, recall and F1 of entities, as the CoNLL evaluation counts them.

Which types of entities are taken for which, and which are missed or invented.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError, Span, tag_spans
from pmt_train.metrics.classification import PrecisionRecallF1


@dataclass(frozen=True, slots=True)
class EntityScores:
    """How well entities are found; only those with the right type and both ends right count.

    Attributes:
        overall: all types together. by_type: of each type that occurs, by name.
        accuracy: share of tokens with the right tag.
        right, called, there: entities found rightly, found, and there to be found.
    """

    overall: PrecisionRecallF1
    by_type: Mapping[str, PrecisionRecallF1]
    accuracy: float
    right: int
    called: int
    there: int


def entity_scores(
    predicted: Sequence[Sequence[str]], labels: Sequence[Sequence[str]]
) -> EntityScores:
    """Compare predicted tags with the right ones, a sequence of tags per sentence.

    See `tag_spans` for the tags and what counts as an entity. A share of nothing is 0.
    Raises ShapeError where numbers of sentences or tokens differ, or there is no token.
    """
    if len(predicted) != len(labels):
        raise ShapeError(f"{len(predicted)} sentences were predicted and {len(labels)} are there")
    right: Counter[str] = Counter()
    called: Counter[str] = Counter()
    there: Counter[str] = Counter()
    tokens = same = 0
    for i, (first, second) in enumerate(zip(predicted, labels, strict=True)):
        if len(first) != len(second):
            raise ShapeError(
                f"sentence {i + 1}: {len(first)} tags were predicted for {len(second)} tokens"
            )
        tokens += len(second)
        same += sum(a == b for a, b in zip(first, second, strict=True))
        found, real = set(tag_spans(first)), set(tag_spans(second))
        called.update(span.type for span in found)
        there.update(span.type for span in real)
        right.update(span.type for span in found & real)
    if not tokens:
        raise ShapeError("a metric of no tokens means nothing; give at least one")
    return EntityScores(
        overall=_scores(right.total(), called.total(), there.total()),
        by_type={
            name: _scores(right[name], called[name], there[name]) for name in sorted(called | there)
        },
        accuracy=same / tokens,
        right=right.total(),
        called=called.total(),
        there=there.total(),
    )


def _scores(right: int, called: int, there: int) -> PrecisionRecallF1:
    return PrecisionRecallF1(
        precision=right / called if called else 0.0,
        recall=right / there if there else 0.0,
        f1=2 * right / (called + there) if called + there else 0.0,
    )


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
