"""Decoding gives tags that are valid in their scheme, the ends of sentences included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_encoder import write_tiny_encoder

from pmt_apps.encoder.encoder import Encoder
from pmt_apps.ner.fine_tuned_tagger import FineTunedTagger
from pmt_apps.ner.settings import Settings
from pmt_apps.ner.tagger import Tagger
from pmt_text import SentenceEncoder, TaggedSentence, TagScheme, convert_tags
from pmt_train import Workers

SENTENCES = [
    TaggedSentence(("Ann", "Lee", "swims"), ("B-PER", "I-PER", "O")),
    TaggedSentence(("the", "old", "unable", "film"), ("O", "B-X", "I-X", "I-X")),
    TaggedSentence(("Bob",), ("B-PER",)),
    TaggedSentence(("Ann", "swims") * 9, ("B-PER", "O") * 9),
]


def tagger_of(kind: str, scheme: TagScheme, folder: Path) -> Tagger:
    settings = Settings(
        filters=4, width=8, heads=2, hidden=8, layers=1, word_width=8, seed=1, join=6, max_length=8
    )
    sentences = SentenceEncoder.learn(SENTENCES, scheme=scheme)
    if kind == "fine-tuned":
        return FineTunedTagger(sentences, Encoder.load(write_tiny_encoder(folder)), settings)
    return Tagger.build(settings, sentences, SENTENCES, None)


@pytest.mark.parametrize("scheme", ["IOB2", "IOBES"])
@pytest.mark.parametrize("kind", ["from scratch", "fine-tuned"])
def test_whatever_the_scores_the_tags_are_valid(
    kind: str, scheme: TagScheme, tmp_path: Path
) -> None:
    """Each tag in turn is made the most likely of all, everywhere and at the end above all."""
    tagger = tagger_of(kind, scheme, tmp_path)
    crf, classify = tagger.model.crf, tagger.model.classify
    for i, name in enumerate(tagger.encoder.tags):
        for scores in (crf.end.data, crf.start.data, classify.bias.data):
            scores[:] = 0
            scores[i] = 50
        tagged = tagger.tag(SENTENCES, Workers(1)).tags
        assert any(name in tags for tags in tagged)
        assert [convert_tags(tags, scheme) for tags in tagged] == tagged


def test_marginals_of_what_may_not_come_last_are_zero(tmp_path: Path) -> None:
    tagger = tagger_of("from scratch", "IOBES", tmp_path)
    tags = tagger.encoder.tags
    opening = [i for i, tag in enumerate(tags) if tag[0] in "BI"]
    tagger.model.crf.end.data[opening] = 50
    for sentence, marginals in zip(
        SENTENCES[2:3], tagger.marginals(SENTENCES[2:3], Workers(1)), strict=True
    ):
        assert len(marginals) == len(sentence)
        assert opening
        np.testing.assert_array_equal(marginals[-1, opening], 0)
        assert marginals[-1].sum() == pytest.approx(1)
