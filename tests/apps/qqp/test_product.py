"""A Transformer beside logistic regression on n-grams: its probabilities, weights, and words."""

from __future__ import annotations

import dataclasses
import itertools
import json

import numpy as np
import pytest
from numpy.typing import NDArray

from pmt_apps.qqp.attribution import GRADIENT_AND_REMOVAL, head_attention, pair_scores
from pmt_apps.qqp.data.settings import Settings
from pmt_apps.qqp.data.splits import labels_of, texts_of
from pmt_apps.qqp.models.baselines import NgramPairModel
from pmt_apps.qqp.models.product import (
    PART_WEIGHTS,
    EncodedProduct,
    ProductPairModel,
)
from pmt_apps.qqp.models.registry import load_pair_model
from pmt_apps.qqp.models.transformer import TransformerPairModel
from pmt_text import QuestionPair
from pmt_train import Workers

SETTINGS = Settings(width=8, heads=2, hidden=8, layers=2, min_count=1, preset="plain")
WORKERS = Workers(1)
THINGS = ("swim", "cook", "sing", "run", "draw")
PAIRS = [
    QuestionPair(f"how do i {a}", f"what is the way to {b} well", int(a == b))
    for a in THINGS
    for b in THINGS
]
TEXTS, LABELS = texts_of(PAIRS), labels_of(PAIRS)


@pytest.fixture
def model() -> ProductPairModel:
    """A product with random weights, so that both parts have opinions."""
    ngrams = NgramPairModel.for_pairs(SETTINGS, PAIRS)
    weights = ngrams.module.weights.weight.data
    weights[...] = np.random.default_rng(1).normal(size=weights.shape)
    return ProductPairModel(TransformerPairModel.for_pairs(SETTINGS, PAIRS), ngrams)


def weigh(model: ProductPairModel, *weights: float) -> None:
    model.module.part_weights.data[...] = weights


def log_odds(p: NDArray[np.floating]) -> NDArray[np.float64]:
    exact = p.astype(np.float64)
    return np.asarray(np.log(exact / (1 - exact)))


def test_the_log_odds_are_the_weighted_sum_of_those_of_the_parts(model: ProductPairModel) -> None:
    weigh(model, 0.75, 0.5)
    found = model.predict_with_parts(TEXTS, WORKERS)
    transformer = model.transformer.predict(TEXTS, WORKERS)
    ngrams = model.ngrams.predict(TEXTS, WORKERS)
    np.testing.assert_array_equal(found["transformer"], transformer)
    np.testing.assert_array_equal(found["ngrams"], ngrams)
    np.testing.assert_array_equal(found[""], model.predict(TEXTS, WORKERS))
    expected = 0.75 * log_odds(transformer) + 0.5 * log_odds(ngrams)
    np.testing.assert_allclose(log_odds(found[""]), expected, atol=1e-5)
    assert found[""].dtype == np.float32


def test_the_order_and_the_batch_of_a_pair_change_nothing(model: ProductPairModel) -> None:
    weigh(model, 0.75, 0.5)
    whole = model.predict(TEXTS, WORKERS)
    np.testing.assert_allclose(model.predict([(b, a) for a, b in TEXTS], WORKERS), whole, atol=1e-6)
    np.testing.assert_allclose(model.predict(TEXTS[3:4], WORKERS), whole[3:4], atol=1e-6)
    batch = model.encode(TEXTS, LABELS).batch(np.array([4, 7, 2]))
    shards = [batch.shard(i, 2) for i in range(2)]
    assert [shard.index.tolist() for shard in shards] == [[4, 2], [7]]
    np.testing.assert_allclose(model.predict_batch(shards[1]), whole[7:8], atol=1e-6)


def test_certainty_of_a_part_leaves_numbers_finite(model: ProductPairModel) -> None:
    weigh(model, 1.0, 0.5)
    model.ngrams.module.weights.weight.data[...] *= 1e4
    found = model.predict_with_parts(TEXTS, WORKERS)
    assert {0.0, 1.0} & set(found["ngrams"].tolist())
    assert ((found[""] > 0) & (found[""] < 1)).all()


def test_dev_chooses_the_weights_with_the_least_log_loss(model: ProductPairModel) -> None:
    labels = np.random.default_rng(3).integers(0, 2, len(TEXTS))
    ngrams = model.ngrams.predict(TEXTS, WORKERS)
    labels[:15] = ngrams[:15] >= 0.5  # n-grams are right about these, a coin about the others
    losses = {}
    for weights in itertools.product(PART_WEIGHTS, repeat=2):
        weigh(model, *weights)
        p = model.predict(TEXTS, WORKERS).astype(np.float64)
        losses[weights] = -np.log(np.where(labels == 1, p, 1 - p)).mean()
    weigh(model, 1.0, 0.0)
    model.choose_part_weights(model.encode(TEXTS, labels), WORKERS)
    best = min(losses, key=lambda weights: losses[weights])
    assert model.part_weights == pytest.approx(best)
    assert best[1] > 0


def test_without_a_finite_loss_the_weights_stay(model: ProductPairModel) -> None:
    weigh(model, 0.7, 0.2)
    model.transformer.classifier.words.weight.data[...] = np.nan
    model.choose_part_weights(model.encode(TEXTS, LABELS), WORKERS)
    assert model.part_weights == pytest.approx((0.7, 0.2))


def test_a_model_comes_back_from_its_weights_and_json(model: ProductPairModel) -> None:
    weigh(model, 0.6, 0.3)
    state = json.loads(json.dumps(model.model_meta()))
    again = load_pair_model(SETTINGS, model.module.state_dict(), state)
    assert isinstance(again, ProductPairModel)
    assert again.part_weights == model.part_weights
    np.testing.assert_array_equal(again.predict(TEXTS, WORKERS), model.predict(TEXTS, WORKERS))


def test_a_word_has_its_share_of_both_parts(model: ProductPairModel) -> None:
    weigh(model, 0.75, 0.5)
    scores = pair_scores(model, TEXTS[1], WORKERS)
    transformer = pair_scores(model.transformer, TEXTS[1], WORKERS)
    ngrams = pair_scores(model.ngrams, TEXTS[1], WORKERS)
    assert scores.method == GRADIENT_AND_REMOVAL
    assert scores.words == transformer.words == ngrams.words
    for side in (0, 1):
        expected = 0.75 * transformer.scores[side] + 0.5 * ngrams.scores[side]
        np.testing.assert_allclose(scores.scores[side], expected)
        assert np.abs(ngrams.scores[side]).max() > 0.1


def test_words_that_the_transformer_does_not_read_have_no_score(model: ProductPairModel) -> None:
    short = dataclasses.replace(SETTINGS, max_length=9)
    transformer = TransformerPairModel.for_pairs(short, PAIRS)
    cut = ProductPairModel(transformer, model.ngrams)
    scores = pair_scores(cut, TEXTS[1], WORKERS)
    assert scores.words == pair_scores(transformer, TEXTS[1], WORKERS).words
    assert sum(map(len, scores.words)) == 9 - 3
    assert [len(side) for side in scores.scores] == [len(side) for side in scores.words]


def test_attention_is_that_of_the_transformer_with_the_class_of_both(
    model: ProductPairModel,
) -> None:
    attention, alone = (head_attention(each, TEXTS[1]) for each in (model, model.transformer))
    assert attention is not None
    assert alone is not None
    np.testing.assert_array_equal(attention.weights12, alone.weights12)
    cross, other = (each.cross_attention(TEXTS[1]) for each in (model, model.transformer))
    assert cross is not None
    assert other is not None
    np.testing.assert_array_equal(cross.weights12, other.weights12)
    weigh(model, 0.5, 0.6)
    probabilities = model.predict_with_parts(TEXTS, WORKERS)
    (i, *_) = np.flatnonzero((probabilities[""] >= 0.5) != (probabilities["transformer"] >= 0.5))
    titles = [
        [layer.title for layer in each.attention_maps(TEXTS[i])]
        for each in (model, model.transformer)
    ]
    assert len(titles[0]) == 2
    assert titles[0] != titles[1]


def test_encoded_pairs_have_the_length_of_the_transformers_input(model: ProductPairModel) -> None:
    encoded = model.encode(TEXTS, LABELS)
    assert isinstance(encoded, EncodedProduct)
    assert len(encoded) == len(TEXTS)
    np.testing.assert_array_equal(encoded.lengths, model.transformer.encode(TEXTS).lengths)
    np.testing.assert_array_equal(encoded.labels, LABELS)
