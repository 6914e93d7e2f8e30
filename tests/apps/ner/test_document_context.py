"""When a tagger reads the words of documents, in training and for raw text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pmt_apps.ner.predictor import EntityPredictor
from pmt_apps.ner.settings import Settings
from pmt_apps.ner.tagger import Tagger
from pmt_text import SentenceEncoder, TaggedSentence
from pmt_train import Workers

SETTINGS = Settings(
    width=8, heads=2, hidden=8, layers=1, word_width=4, filters=4, workers=1, consistency=0.0
)
COMMON = [f"{a}{b}-" for a in "abcdefghij" for b in "klmnopqrst"]  # the 100 most frequent words
TRAIN = [
    *[TaggedSentence(tuple(COMMON), ("O",) * 100, document=2)] * 2,
    TaggedSentence(("Leeds", "won"), ("B-ORG", "O"), document=1),
]


def build(settings: Settings, train: list[TaggedSentence]) -> Tagger:
    return Tagger.build(settings, SentenceEncoder.learn(train), train, None)


@pytest.mark.parametrize(("documents", "setting", "expected"), [
    ((1, 2, 2), True, True), ((1, 2, 2), False, False), ((1, 1, 1), True, False),
    ((0, 0, 1), True, False),
])  # fmt: skip
def test_it_reads_documents_if_train_has_several(documents, setting, expected) -> None:
    train = [replace(row, document=n) for row, n in zip(TRAIN, documents, strict=True)]
    tagger = build(replace(SETTINGS, document_context=setting), train)
    assert tagger.model.config.document_context is expected
    assert (tagger.model.context is not None) is expected
    again = Tagger.from_json(SETTINGS, tagger.to_json())  # whatever the settings say
    again.model.load_state_dict(tagger.model.state_dict())


def test_a_saved_tagger_of_before_reads_none() -> None:
    state = build(replace(SETTINGS, document_context=False), TRAIN).to_json()
    for name in ("document_context", "context_dropout", "near_dropout"):
        del state["config"][name]
    assert Tagger.from_json(SETTINGS, state).model.context is None


def test_the_sentences_of_a_document_are_read_together(monkeypatch: pytest.MonkeyPatch) -> None:
    tagger = build(SETTINGS, TRAIN)
    rows = [TaggedSentence(("Leeds", "won")), TaggedSentence(("aa-", "won"))]
    workers = Workers(1)
    alone = tagger.score(rows, workers).emissions
    together = tagger.score([replace(row, document=1) for row in rows], workers).emissions
    assert not np.allclose(together, alone)
    results = []

    def scored(self: Tagger, *args, **options):
        results.append(score(self, *args, **options))
        return results[-1]

    score = Tagger.score
    monkeypatch.setattr(Tagger, "score", scored)
    predictor = EntityPredictor(SETTINGS, tagger)
    for document, expected in ((False, alone), (True, together)):
        list(predictor.answers([row.words for row in rows], document=document))
        np.testing.assert_allclose(results[-1].emissions, expected, atol=1e-6)
