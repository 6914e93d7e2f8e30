"""Raw sentences, and their entities as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pmt_apps.ner.tagger import Tagger
from pmt_core import tag_spans
from pmt_text import TaggedSentence, TextWord, convert_tags, find_words
from pmt_train import Workers


def answers(tagger: Tagger, texts: Sequence[str], workers: Workers) -> list[Mapping[str, Any]]:
    """For each text: its entities, words and tags (IOB2).

    start and end are places in the text, in characters: text[start:end] is the entity or word.
    confidence: how probable the least certain of an entity's tags is.
    """
    found = [find_words(text) for text in texts]
    sentences = [TaggedSentence(tuple(word.text for word in words)) for words in found if words]
    if not sentences:
        return [_answer(text, [], [], []) for text in texts]
    tagging = tagger.tag(sentences, workers, confidence=True)
    tags = iter(tagging.tags)
    confidence = tagging.confidence.tolist()
    done = 0
    answered: list[Mapping[str, Any]] = []
    for text, words in zip(texts, found, strict=True):
        own = next(tags) if words else []
        answered.append(_answer(text, words, own, confidence[done : done + len(words)]))
        done += len(words)
    return answered


def _answer(
    text: str, words: Sequence[TextWord], tags: Sequence[str], confidence: Sequence[float]
) -> dict[str, Any]:
    entities = []
    for span in tag_spans(tags):
        start, end = words[span.start].start, words[span.stop - 1].stop
        entities.append(
            {
                "type": span.type,
                "text": text[start:end],
                "start": start,
                "end": end,
                "confidence": round(min(confidence[span.start : span.stop]), 6),
            }
        )
    return {
        "text": text,
        "entities": entities,
        "words": [[word.text, word.start, word.stop] for word in words],
        "tags": convert_tags(tags, "IOB2"),
    }
