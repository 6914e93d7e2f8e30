"""Scores on entities that do not occur in train: what a tagger knows of names new to it.

Dev is searched on, and most of its entities occur in train (in CoNLL-2003 4,042 of 5,942), so that
its F1 says little of other text. Augenstein, Derczynski & Bontcheva (2017), "Generalisation in
named entity recognition: a quantitative analysis" (arXiv:1701.02877), count an entity as unseen if
its surface form does not occur among the entities of train.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pmt_apps.ner.training import score_entities
from pmt_core import tag_spans
from pmt_text import TaggedSentence

SurfaceForm = tuple[str, ...]
"""The words of an entity, upper and lower case as written."""

SeenEntities = frozenset[SurfaceForm]

Tags = Sequence[Sequence[str]]


def surface_forms(sentence: TaggedSentence) -> list[SurfaceForm]:
    """Return the words of each entity of a sentence."""
    return [sentence.words[span.start : span.stop] for span in tag_spans(sentence.tags or ())]


def seen_entities(train: Iterable[TaggedSentence]) -> SeenEntities:
    """Return the surface forms of the entities of training sentences, of any type."""
    return frozenset(words for sentence in train for words in surface_forms(sentence))


def unseen_sentences(sentences: Sequence[TaggedSentence], seen: SeenEntities) -> list[int]:
    """Return the indices of the sentences without a seen entity.

    Sentences without any entity are among them: what is predicted in them counts for precision.
    """
    return [i for i, sentence in enumerate(sentences) if seen.isdisjoint(surface_forms(sentence))]


def unseen_scores(
    tags: Tags, sentences: Sequence[TaggedSentence], seen: SeenEntities
) -> dict[str, float]:
    """Return the scores of the sentences without a seen entity, and how many they are.

    Args:
        tags: predicted tags of each sentence.
        sentences: with their true tags.
        seen: entities of train.

    Returns:
        "f1", "precision", "recall", "accuracy", the numbers "sentences" and "entities"; the numbers
        alone if there is no such sentence.
    """
    chosen = unseen_sentences(sentences, seen)
    if not chosen:
        return {"sentences": 0, "entities": 0}
    metrics = score_entities([tags[i] for i in chosen], [sentences[i] for i in chosen])
    return {
        "f1": metrics.overall.f1,
        "precision": metrics.overall.precision,
        "recall": metrics.overall.recall,
        "accuracy": metrics.accuracy,
        "sentences": len(chosen),
        "entities": metrics.actual,
    }


def unseen_recall(
    tags: Tags, sentences: Sequence[TaggedSentence], seen: SeenEntities
) -> dict[str, float]:
    """Return "recall_unseen": of the unseen entities of all sentences, the share that is correct.

    The result is empty if there is no unseen entity.
    """
    count = correct = 0
    for predicted, sentence in zip(tags, sentences, strict=True):
        spans = set(tag_spans(predicted))
        for span in tag_spans(sentence.tags or ()):
            if sentence.words[span.start : span.stop] not in seen:
                count += 1
                correct += span in spans
    return {"recall_unseen": correct / count} if count else {}
