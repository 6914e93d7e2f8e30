"""Metrics of named entity recognition: entity-level F1 (CoNLL evaluation) and confusion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError, Span, tag_spans
from pmt_train.metrics.classification import PrecisionRecallF1, mean_of_classes

_NO_ENTITY = "none", "no entity", "(no entity)"  # names of the class, by preference
_AVERAGES: tuple[Literal["macro", "weighted"], ...] = ("macro", "weighted")
_OVERALL = "all", "all types", "(all types)"  # names of the scores of all types together


@dataclass(frozen=True, slots=True)
class EntityScores:
    """Entity-level scores. An entity is correct if its type and both of its ends are.

    Attributes:
        overall: scores of all types together.
        by_type: scores of each type that occurs, by its name.
        accuracy: share of tokens with the correct tag.
        true_positives, predicted, actual: numbers of entities.
        macro: unweighted means of the scores of the types.
        weighted: the same weighted by the actual number of entities of each type.
        support: actual number of entities of each type of `by_type`.

    Examples:
        >>> from pmt_train import entity_scores
        >>> labels = [["B-PER", "I-PER", "O", "B-LOC"], ["B-LOC", "O"]]
        >>> predicted = [["B-PER", "O", "O", "B-LOC"], ["B-LOC", "O"]]  # the end of a name is wrong
        >>> scores = entity_scores(predicted, labels)
        >>> scores.true_positives, scores.predicted, scores.actual
        (2, 3, 3)
        >>> {name: (score.f1, scores.support[name]) for name, score in scores.by_type.items()}
        {'LOC': (1.0, 2), 'PER': (0.0, 1)}
    """

    overall: PrecisionRecallF1
    by_type: Mapping[str, PrecisionRecallF1]
    accuracy: float
    true_positives: int
    predicted: int
    actual: int
    macro: PrecisionRecallF1
    weighted: PrecisionRecallF1
    support: Mapping[str, int]

    def rows(self) -> list[tuple[str, PrecisionRecallF1]]:
        """Return the scores by name: those of all types together first, then those of each type.

        The first name is "all", or another one if a type is called "all".
        """
        return [(_unused_name(_OVERALL, self.by_type), self.overall), *self.by_type.items()]


def entity_scores(
    predicted: Sequence[Sequence[str]], labels: Sequence[Sequence[str]]
) -> EntityScores:
    """Return the entity-level scores of predicted tags, a sequence for each sentence.

    `tag_spans` defines what counts as an entity. Raises ShapeError if numbers of sentences or
    tokens differ, or there is no token.

    Examples:
        >>> from pmt_train import entity_scores
        >>> labels = [["B-PER", "I-PER", "O", "B-LOC"]]
        >>> scores = entity_scores([["B-PER", "I-PER", "O", "B-ORG"]], labels)
        >>> scores.overall
        PrecisionRecallF1(precision=0.5, recall=0.5, f1=0.5)
        >>> scores.accuracy  # of the tokens
        0.75
    """
    _check_sentences(predicted, labels)
    true_positives: Counter[str] = Counter()
    n_predicted: Counter[str] = Counter()
    n_actual: Counter[str] = Counter()
    tokens = correct = 0
    for i, (tags, correct_tags) in enumerate(zip(predicted, labels, strict=True)):
        if len(tags) != len(correct_tags):
            raise ShapeError(
                f"sentence {i + 1}: {len(tags)} tags were predicted for {len(correct_tags)} tokens"
            )
        tokens += len(tags)
        correct += sum(a == b for a, b in zip(tags, correct_tags, strict=True))
        spans, actual_spans = set(tag_spans(tags)), set(tag_spans(correct_tags))
        n_predicted.update(span.type for span in spans)
        n_actual.update(span.type for span in actual_spans)
        true_positives.update(span.type for span in spans & actual_spans)
    if not tokens:
        raise ShapeError("expected at least one token to compute a metric of, got none")
    counters = (true_positives, n_predicted, n_actual)
    by_type = {
        name: PrecisionRecallF1.of_counts(*(counter[name] for counter in counters))
        for name in sorted(n_predicted | n_actual)
    }
    hits, guesses, actuals = ([counter[name] for name in by_type] for counter in counters)
    macro, weighted = (mean_of_classes(hits, guesses, actuals, name) for name in _AVERAGES)
    support = {name: n_actual[name] for name in by_type}
    totals = true_positives.total(), n_predicted.total(), n_actual.total()
    overall = PrecisionRecallF1.of_counts(*totals)
    return EntityScores(
        overall, by_type, correct / tokens, *totals, macro=macro, weighted=weighted, support=support
    )


def entity_confusion(
    predicted: Sequence[Sequence[str]], labels: Sequence[Sequence[str]]
) -> tuple[list[str], NDArray[np.int64]]:
    """Return the names of the classes, and counts (classes, classes): row actual, column predicted.

    The classes are the types that occur, and one for no entity as the last one: "none", or "no
    entity" if a type is called "none". Each actual entity is paired with the predicted one that
    shares most words with it (its ends may be wrong). An actual entity without a pair is missed
    (last column), a predicted one without a pair is spurious (last row). Raises ShapeError if the
    numbers of sentences differ.

    Examples:
        >>> from pmt_train import entity_confusion
        >>> labels = [["B-PER", "O", "B-LOC"], ["B-LOC", "O", "O"]]
        >>> names, counts = entity_confusion([["B-PER", "O", "B-PER"], ["O", "O", "B-LOC"]], labels)
        >>> names
        ['LOC', 'PER', 'none']
        >>> counts  # a LOC taken for PER, a LOC missed, a spurious LOC
        array([[0, 1, 1],
               [0, 1, 0],
               [1, 0, 0]])
    """
    _check_sentences(predicted, labels)
    pairs: list[tuple[str | None, str | None]] = []
    for tags, correct_tags in zip(predicted, labels, strict=True):
        pairs += _pairs(tag_spans(tags), tag_spans(correct_tags))
    types = sorted({name for pair in pairs for name in pair if name is not None})
    index: dict[str | None, int] = {name: i for i, name in enumerate([*types, None])}
    counts = np.zeros((len(index), len(index)), np.int64)
    for actual, guess in pairs:
        counts[index[actual], index[guess]] += 1
    return [*types, _unused_name(_NO_ENTITY, types)], counts


def _unused_name(names: Sequence[str], types: Collection[str]) -> str:
    """Return the first of the names that no type has; the last one in parentheses if all have."""
    name = next((name for name in names if name not in types), names[-1])
    while name in types:
        name = f"({name})"
    return name


def _check_sentences(predicted: Sequence[object], labels: Sequence[object]) -> None:
    if len(predicted) != len(labels):
        raise ShapeError(
            f"expected tags for {len(labels)} sentences, got tags for {len(predicted)}"
        )


def _pairs(predicted: list[Span], actual: list[Span]) -> list[tuple[str | None, str | None]]:
    """Return (actual type, predicted type) of a sentence, None for no entity.

    Each entity is in one pair.
    """
    overlapping = sorted(
        (-_overlap(a, b), a.type != b.type, i, j)
        for i, a in enumerate(actual)
        for j, b in enumerate(predicted)
        if _overlap(a, b) > 0
    )
    missed, spurious = dict(enumerate(actual)), dict(enumerate(predicted))
    pairs: list[tuple[str | None, str | None]] = []
    for _, _, i, j in overlapping:
        if i in missed and j in spurious:
            pairs.append((missed.pop(i).type, spurious.pop(j).type))
    pairs += [(span.type, None) for span in missed.values()]
    return pairs + [(None, span.type) for span in spurious.values()]


def _overlap(a: Span, b: Span) -> int:
    return min(a.stop, b.stop) - max(a.start, b.start)
