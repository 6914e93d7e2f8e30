"""Consistency within documents: its formula, what stays as it is, metrics and answers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from programs import Program

from pmt_apps.ner.consistency import consistency_scores, tag_documents, tag_twice
from pmt_apps.ner.predictor import EntityPredictor
from pmt_apps.ner.settings import Settings
from pmt_apps.ner.tagger import Tagger
from pmt_text import SentenceEncoder, TaggedSentence
from pmt_train import Workers

TAGS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
WORDS = ["Jordan", "said", "Jordan", "in", "JORDAN", "Jordan", "said"]
DOCUMENTS = [1, 1, 1, 1, 1, 2, 1]


def expected_scores(marginals: np.ndarray, weight: float) -> np.ndarray:
    """The formula of the module, in loops."""
    classes = {"O": [0], "LOC": [1, 2], "PER": [3, 4]}
    p = [{c: float(sum(row[k] for k in ks)) for c, ks in classes.items()} for row in marginals]
    result = np.zeros_like(marginals)
    same = [0, 2, 4]  # the Jordans of document 1, one of them in capitals
    for i in same:
        others = [(max(p[j].values()) ** 4, p[j]) for j in same if j != i]
        for c, ks in classes.items():
            pooled = sum(w * q[c] for w, q in others) + 0.5 * p[i][c]
            pooled /= sum(w for w, _ in others) + 0.5
            result[i, ks] = weight * math.log((pooled + 0.1) / (p[i][c] + 0.1))
    return result


def test_the_scores_are_those_of_the_formula() -> None:
    marginals = np.random.default_rng(0).dirichlet(np.ones(5), len(WORDS))
    scores = consistency_scores(marginals, TAGS, WORDS, np.array(DOCUMENTS), 1.5)
    expected = expected_scores(marginals, 1.5)
    np.testing.assert_allclose(scores, expected, atol=1e-12)
    assert np.abs(expected[[0, 2, 4]]).min() > 0


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    """Tags by scores of the words alone, but for what the CRF adds."""
    words = ("Jordan", "was", "born", "in", "and", "Smith")
    sentence = TaggedSentence(words, ("B-PER", "O", "O", "O", "O", "B-LOC"))
    settings = Settings(
        width=8, heads=2, hidden=8, layers=1, word_width=4, filters=4, max_length=4, seed=3
    )
    tagger = Tagger.build(settings, SentenceEncoder.learn([sentence]), [sentence], None)
    rng = np.random.default_rng(1)
    for parameter in tagger.model.classify.parameters():
        parameter.data[:] = rng.normal(size=parameter.shape) * 3
    return tagger


def sentences(*texts: str) -> list[TaggedSentence]:
    return [TaggedSentence(tuple(text.split())) for text in texts]


TEXTS = sentences(
    "Jordan was born in Smith", "in Smith", "Smith and Jordan", "JORDAN was in", "born", "Jordan"
)


def test_no_weight_and_no_recurrence_change_nothing(tagger: Tagger) -> None:
    workers = Workers(1)
    plain = tagger.tag(TEXTS, workers, confidence=True)
    for weight, documents in ((0.0, [1] * 6), (2.0, [1, 2, 3, 4, 5, 6])):
        again = tag_documents(tagger, TEXTS, documents, workers, weight, confidence=True)
        assert again.tags == plain.tags
        for row, expected in zip(again.confidence, plain.confidence, strict=True):
            np.testing.assert_allclose(row, expected, rtol=1e-5)
    alone = TaggedSentence(TEXTS[0].words, document=0)
    first, second = tag_twice(tagger, [alone] * 3, workers, 2.0)
    assert first is second  # of no known document


def test_the_network_is_run_once(tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [TaggedSentence(text.words, document=1 + i // 3) for i, text in enumerate(TEXTS)]
    expected = (
        tagger.tag(texts, Workers(1)),
        tag_documents(tagger, texts, [text.document for text in texts], Workers(1), 3.0),
    )
    calls = []
    forward = type(tagger.model).forward

    def counted(self, batch, **options):
        calls.append(len(batch))
        return forward(self, batch, **options)

    monkeypatch.setattr(type(tagger.model), "forward", counted)
    first, second = tag_twice(tagger, texts, Workers(1), 3.0)
    assert sum(calls) == len(tagger.encode(texts))
    assert (first.tags, second.tags) == (expected[0].tags, expected[1].tags)


def test_the_order_of_the_sentences_changes_nothing(tagger: Tagger) -> None:
    documents = [1, 1, 2, 1, 2, 2]
    straight = tag_documents(tagger, TEXTS, documents, Workers(1), 3.0, confidence=True)
    plain = tagger.tag(TEXTS, Workers(1), confidence=True)
    assert any(
        not np.allclose(row, other)
        for row, other in zip(straight.confidence, plain.confidence, strict=True)
    )
    turned = tag_documents(tagger, TEXTS[::-1], documents[::-1], Workers(2), 3.0, confidence=True)
    assert turned.tags[::-1] == straight.tags
    for row, other in zip(turned.confidence[::-1], straight.confidence, strict=True):
        np.testing.assert_allclose(row, other, rtol=1e-5)


def test_a_predictor_tags_the_sentences_of_one_document(tagger: Tagger) -> None:
    texts = [" ".join(sentence.words) for sentence in TEXTS]
    predictor = EntityPredictor(Settings(workers=1, consistency=3.0), tagger)
    together = predictor.document_entities(texts)
    assert len(together) == len(texts)
    assert together != predictor.entities(texts)
    assert [predictor.document_entities([text]) for text in texts[1:2]] == [
        predictor.entities(texts[1:2])
    ]
    without = EntityPredictor(Settings(workers=1, consistency=0.0), tagger)
    assert without.document_entities(texts) == without.entities(texts)


def test_runs_report_both_scores_where_documents_are_known(
    program: Callable[..., Program], tmp_path: Path
) -> None:
    ner = program("ner")
    sentence = "Ann X I-PER\nLee X I-PER\nslept X O\nin X O\nRome X I-LOC\n\n"
    known = ("-DOCSTART- X O\n\n" + sentence * 4) * 6
    for name, text in (("known", known), ("unknown", sentence * 24)):
        (tmp_path / name).write_text(text)
        ner.run(
            "--train", name, "--dev", name, "--width", 8, "--hidden", 8, "--heads", 2,
            "--layers", 1, "--epochs", 1, "--workers", 1, "--out", f"run-{name}",
        )  # fmt: skip
    scores = {
        name: json.loads((tmp_path / f"run-{name}" / "metrics.json").read_text())["dev"]
        for name in ("known", "unknown")
    }
    assert 0 <= scores["known"]["sentence_f1"] <= 1
    assert "sentence_f1" not in scores["unknown"]
    assert "Documents of dev" in (tmp_path / "run-known" / "report.html").read_text()
