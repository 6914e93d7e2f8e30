"""The tagger of `train_ner.py` with its default sizes and untrained weights."""

from __future__ import annotations

from pmt_core import RandomStream
from pmt_nn import EntityTagger, EntityTaggerConfig
from pmt_text import UNK, EncodedSentences, SentenceEncoder, forbidden_transitions


def make_tagger(encoder: SentenceEncoder, data: EncodedSentences) -> EntityTagger:
    """Return a tagger for the words, characters, shapes and tags of an encoder.

    data: the sentences whose words are counted for word dropout.
    """
    config = EntityTaggerConfig(
        words=len(encoder.words),
        characters=len(encoder.characters),
        shapes=len(encoder.shapes),
        tags=len(encoder.tags),
    )
    forbidden, start = forbidden_transitions(encoder.tags, encoder.scheme)
    return EntityTagger(
        config,
        RandomStream(1, "weights").generator(),
        unknown_id=UNK,
        forbidden=forbidden,
        forbidden_start=start,
        counts=encoder.counts(data),
    )
