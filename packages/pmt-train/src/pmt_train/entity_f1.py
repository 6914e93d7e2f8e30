"""Precision, recall and F1 of entities, as the CoNLL evaluation counts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pmt_core import ShapeError, tag_spans
from pmt_train.f1 import PrecisionRecallF1


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
