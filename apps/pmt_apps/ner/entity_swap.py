"""Training sentences whose entities are replaced by others of their type, anew in each epoch.

This is the mention replacement of Dai & Adel (2020), "An analysis of simple data augmentation for
named entity recognition" (arXiv:2010.11683): a tagger sees each name in many contexts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pmt_apps.ner.tagger import Tagger
from pmt_core import RandomStream, SettingsError, Span, tag_spans
from pmt_text import BucketBatches, TaggedSentence, spans_to_tags


class EntitySwap:
    """Replace each entity by another one of its type with a probability.

    The other entity is drawn evenly from the different ones of that type in the sentences, so that
    rare names come as often as frequent ones. An entity that is the only one of its type stays.

    Args:
        sentences: with tags, of any scheme.
        rate: the probability.
        stream: epoch n is a pure function of the sentences, the rate, this stream and n.
    """

    def __init__(
        self, sentences: Sequence[TaggedSentence], rate: float, stream: RandomStream
    ) -> None:
        if not 0 <= rate <= 1:
            raise SettingsError(f"the rate of swapped entities is from 0 to 1, got {rate}")
        self.sentences = sentences
        self.rate = rate
        self.stream = stream
        self._spans = [tag_spans(sentence.tags or ()) for sentence in sentences]
        self._numbers: dict[str, dict[tuple[str, ...], int]] = {}
        for sentence, spans in zip(sentences, self._spans, strict=True):
            for span in spans:
                mentions = self._numbers.setdefault(span.type, {})
                mentions.setdefault(sentence.words[span.start : span.stop], len(mentions))
        self._mentions = {name: list(mentions) for name, mentions in self._numbers.items()}

    def epoch(self, n: int) -> list[TaggedSentence]:
        """Return the sentences of epoch `n`; those that change have tags in IOB2."""
        rng = self.stream.child("epoch", n).generator()
        count = sum(map(len, self._spans))
        is_swapped = iter((rng.random(count) < self.rate).tolist())
        draws = iter(rng.random(count).tolist())
        result = []
        for sentence, spans in zip(self.sentences, self._spans, strict=True):
            mentions = [sentence.words[span.start : span.stop] for span in spans]
            new = [
                self._other(span.type, mention, draw) if swap else mention
                for span, mention, swap, draw in zip(
                    spans, mentions, is_swapped, draws, strict=False
                )
            ]
            result.append(_with_entities(sentence, spans, new) if new != mentions else sentence)
        return result

    def _other(self, type_name: str, mention: tuple[str, ...], draw: float) -> tuple[str, ...]:
        """Return another entity of the type, by a number from 0 to 1."""
        mentions = self._mentions[type_name]
        if len(mentions) == 1:
            return mention
        index = int(draw * (len(mentions) - 1))
        return mentions[index + (index >= self._numbers[type_name][mention])]


def _with_entities(
    sentence: TaggedSentence, spans: Sequence[Span], mentions: Sequence[tuple[str, ...]]
) -> TaggedSentence:
    """Return the sentence with other words in its entities, and its tags in IOB2."""
    words: list[str] = []
    moved, end = [], 0
    for span, mention in zip(spans, mentions, strict=True):
        words += sentence.words[end : span.start]
        moved.append(Span(span.type, len(words), len(words) + len(mention)))
        words += mention
        end = span.stop
    words += sentence.words[end:]
    tags = spans_to_tags(moved, len(words), "IOB2")
    return TaggedSentence(tuple(words), tuple(tags), document=sentence.document, line=sentence.line)


class SwappedBatches:
    """Batches of the sentences of an `EntitySwap`, encoded anew in each epoch.

    The length is that of the sentences as they are; an epoch differs from it if `--join` or
    `--max-length` make other chunks of its sentences.

    Args:
        tagger: encodes the sentences.
        swap: the sentences of each epoch.
        batch_size: chunks of a batch.
        stream: names the order of the batches.
    """

    def __init__(
        self, tagger: Tagger, swap: EntitySwap, batch_size: int, stream: RandomStream
    ) -> None:
        self._tagger = tagger
        self._swap = swap
        self._batch_size = batch_size
        self._stream = stream
        self._length = len(self._batches(swap.sentences))

    def _batches(self, sentences: Sequence[TaggedSentence]) -> BucketBatches[Any]:
        encoded = self._tagger.encode(sentences)
        return BucketBatches(encoded.lengths, self._batch_size, encoded.batch, self._stream)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Any]:
        return self.epoch(0)

    def epoch(self, n: int) -> Iterator[Any]:
        """Return the batches of epoch `n`."""
        return self._batches(self._swap.epoch(n)).epoch(n)
