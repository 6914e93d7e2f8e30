"""Scores on entities that are not in train, against sentences that were counted by hand."""

from __future__ import annotations

import pytest

from pmt_apps.ner.unseen import seen_entities, unseen_recall, unseen_scores, unseen_sentences
from pmt_text import TaggedSentence


def sentence(text: str, tags: str) -> TaggedSentence:
    return TaggedSentence(tuple(text.split()), tuple(tags.split()))


TRAIN = [sentence("Ann Lee saw Oslo", "I-PER I-PER O I-LOC"), sentence("Rome", "O")]
SEEN = seen_entities(TRAIN)

DEV = [
    (sentence("Ann Lee slept", "B-PER I-PER O"), "B-PER E-PER O"),
    (sentence("ann lee slept", "B-PER I-PER O"), "S-PER O O"),  # another spelling; wrong end
    (sentence("Oslo won", "B-ORG O"), "S-ORG O"),  # seen, with another type
    (sentence("Ann met Oslo", "B-PER O B-LOC"), "S-PER O S-LOC"),  # part of a name, and seen Oslo
    (sentence("it rained here", "O O O"), "S-LOC O O"),  # a spurious entity
    (sentence("Bo slept", "B-PER O"), "S-PER O"),
]
SENTENCES = [labels for labels, _ in DEV]
PREDICTED = [tags.split() for _, tags in DEV]


def test_the_surface_forms_of_the_entities_of_train() -> None:
    assert {("Ann", "Lee"), ("Oslo",)} == SEEN  # Rome is a word of train, but no entity


def test_sentences_without_a_seen_entity_with_those_that_have_none() -> None:
    assert unseen_sentences(SENTENCES, SEEN) == [1, 4, 5]


def test_scores_of_the_sentences_without_a_seen_entity() -> None:
    """Of "ann lee" and "Bo" one is correct; three are predicted; 6 of 8 tags are right."""
    assert unseen_scores(PREDICTED, SENTENCES, SEEN) == {
        "f1": pytest.approx(2 / 5),
        "precision": pytest.approx(1 / 3),
        "recall": pytest.approx(1 / 2),
        "accuracy": pytest.approx(6 / 8),
        "sentences": 3,
        "entities": 2,
    }


def test_the_recall_of_unseen_entities_counts_those_beside_seen_ones() -> None:
    """Unseen are "ann lee", "Ann" and "Bo"; the last two are correct."""
    assert unseen_recall(PREDICTED, SENTENCES, SEEN) == {"recall_unseen": pytest.approx(2 / 3)}


def test_nothing_unseen_has_no_scores() -> None:
    assert unseen_scores(PREDICTED[:1], SENTENCES[:1], SEEN) == {"sentences": 0, "entities": 0}
    assert unseen_recall(PREDICTED[:1], SENTENCES[:1], SEEN) == {}


def test_sentences_without_entities_have_no_recall_of_unseen_entities() -> None:
    rainy = slice(4, 5)
    scores = unseen_scores(PREDICTED[rainy], SENTENCES[rainy], SEEN)
    assert (scores["sentences"], scores["entities"], scores["precision"]) == (1, 0, 0)
    assert unseen_recall(PREDICTED[rainy], SENTENCES[rainy], SEEN) == {}
