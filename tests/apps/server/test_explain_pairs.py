"""`POST /explain` of pairs of texts: log-odds of words, attention of heads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serve_client import Client, explanation

import pmt_apps
from pmt_apps.qqp.attribution import REMOVAL, pair_scores
from pmt_apps.qqp.models.baselines import TfIdfPairModel
from pmt_apps.qqp.models.transformer import TransformerPairModel
from pmt_apps.qqp.predictor import PairPredictor
from pmt_autograd import Tensor
from pmt_text import QuestionPair

PAIR = ("How do I learn to swim?", "What is the best way to learn swimming?")


def pairs_of(runs: Path) -> tuple[PairPredictor, TransformerPairModel]:
    predictor = pmt_apps.load(runs / "qqp", workers=1)
    assert isinstance(predictor, PairPredictor)
    assert isinstance(predictor.model, TransformerPairModel)
    return predictor, predictor.model


def test_a_word_of_a_pair_adds_what_its_vector_adds_to_the_log_odds(
    client: Client, runs: Path
) -> None:
    _, model = pairs_of(runs)
    found = explanation(client, "qqp", PAIR)
    tokens = [model.encoder.tokenize(text) for text in PAIR]
    assert [found["words1"], found["words2"]] == tokens
    batch = model.encode([PAIR]).batch(np.array([0]))
    n1, n2 = map(len, tokens)
    places = [*range(1, n1 + 1), *range(n1 + 2, n1 + n2 + 2)]  # <cls> 1 <sep> 2 <sep>
    swapped_places = [*range(n2 + 2, n1 + n2 + 2), *range(1, n2 + 1)]
    expected = [
        (slope(model, batch, i) + slope(model, batch.swapped(), j)) / 2
        for i, j in zip(places, swapped_places, strict=True)
    ]
    scores = found["scores1"] + found["scores2"]
    assert scores == pytest.approx(expected, abs=2e-3 * float(np.abs(expected).max()) + 1e-5)


def slope(model: TransformerPairModel, batch: Any, token: int) -> float:
    """Return the derivative of the log-odds by a factor on the vector of a token, at 1."""
    model.module.eval()
    embedded = model.classifier.embed(batch).data
    odds = []
    for factor in (0.98, 1.02):
        x = embedded.copy()
        x[0, token] *= factor
        logits = model.classifier.logits(Tensor(x), batch).data[0].astype(np.float64)
        odds.append(logits[1] - logits[0])
    return float(odds[1] - odds[0]) / 0.04


def test_attention_of_the_heads_has_the_mean_that_the_report_shows(
    client: Client, runs: Path
) -> None:
    predictor, model = pairs_of(runs)
    found = explanation(client, "qqp", PAIR)
    expected = model.cross_attention(PAIR)
    assert expected is not None
    first, second = np.array(found["attention12"]), np.array(found["attention21"])
    words1, words2 = len(expected.tokens1), len(expected.tokens2)
    assert first.shape == (2, 2, words1, words2)
    assert second.shape == (2, 2, words2, words1)
    assert np.abs(first.mean(axis=(0, 1)) - expected.weights12).max() < 1e-3
    assert np.abs(second.mean(axis=(0, 1)) - expected.weights21).max() < 1e-3
    assert np.abs(first[0, 0] - first[1, 1]).max() > 1e-3
    assert found["probability"] == pytest.approx(predictor.predict_proba([PAIR])[0, 1], abs=1e-5)


def test_without_gradients_a_word_adds_what_is_lost_without_it() -> None:
    rows = [("where is rome ?", "is rome far ?"), ("how old is it ?", "who is it ?")]
    pairs = [QuestionPair(*texts, label=i) for i, texts in enumerate(rows)]
    settings = PairPredictor.settings_type(baseline="tfidf", min_count=1)
    model = TfIdfPairModel.for_pairs(settings, pairs)
    weights = model.module.weights.weight.data
    weights[...] = np.random.default_rng(0).normal(size=weights.shape)
    predictor = PairPredictor(settings, model)
    scores = pair_scores(model, rows[0], predictor.workers)
    assert scores.method == REMOVAL
    assert scores.words == (["where", "is", "rome", "?"], ["is", "rome", "far", "?"])
    whole, shorter = predictor.predict_proba([rows[0], ("where is ?", "is rome far ?")])[:, 1]
    lost = np.log(whole / (1 - whole)) - np.log(shorter / (1 - shorter))
    assert scores.scores[0][2] == pytest.approx(lost, abs=1e-4)
    assert abs(lost) > 0.1
