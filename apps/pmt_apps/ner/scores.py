"""How well the entities of a split are found."""

from __future__ import annotations

from collections.abc import Sequence

from pmt_apps.ner.tagger import Tagging
from pmt_text import TaggedSentence, convert_tags
from pmt_train import EntityScores, entity_scores


def entities(tagging: Tagging, sentences: Sequence[TaggedSentence]) -> EntityScores:
    """As conlleval counts them; the accuracy is that of IOB2 tags."""
    found = [convert_tags(tags, "IOB2") for tags in tagging.tags]
    right = [convert_tags(sentence.tags or (), "IOB2") for sentence in sentences]
    return entity_scores(found, right)


def scores(tagging: Tagging, sentences: Sequence[TaggedSentence]) -> dict[str, float]:
    """The metrics of a split by name."""
    found = entities(tagging, sentences)
    return {
        "f1": found.overall.f1,
        "precision": found.overall.precision,
        "recall": found.overall.recall,
        "accuracy": found.accuracy,
        "loss": tagging.loss,
    }
