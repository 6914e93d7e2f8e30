"""The tagger of named entities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from inputs import Sentences, tagger_config

from pmt_autograd import gradients, no_grad
from pmt_core import IGNORE_LABEL, DataError, RowSparse, SettingsError, ShapeError
from pmt_nn import Buffer, EntityTagger, Parameter, capture

CONFIG = tagger_config(words=12)


def tagger(rng, *, dtype=np.float32, counts=None, vectors=None, **settings) -> EntityTagger:
    config = replace(CONFIG, **settings)
    return EntityTagger(config, rng, unknown_id=1, counts=counts, vectors=vectors, dtype=dtype)


def a_batch(rng, b: int = 4, t: int = 6) -> Sentences:
    mask = np.arange(t) < np.concatenate([[t], rng.integers(1, t, b - 1)])[:, np.newaxis]
    words = np.where(mask, rng.integers(2, 12, (b, t)), 0)
    letters = np.where(mask[..., np.newaxis], rng.integers(1, 9, (b, t, 5)), 0)
    shapes = np.where(mask, rng.integers(2, 6, (b, t)), 0)
    return Sentences.of(words, letters, shapes, mask, rng.integers(0, 3, (b, t)))


def test_a_masked_batch_equals_its_sentences_one_by_one(rng) -> None:
    model = tagger(rng, dtype=np.float64).eval()
    batch = a_batch(rng)
    losses = model.loss(batch, reduction="none").data
    tags = model.predict(batch)
    assert ((tags == IGNORE_LABEL) == ~batch.mask).all()
    for i, n in enumerate(batch.mask.sum(axis=1)):
        alone = batch.rows((slice(i, i + 1), slice(n)))
        assert model.loss(alone).item() == pytest.approx(losses[i])
        np.testing.assert_array_equal(model.predict(alone)[0], tags[i, :n])


def test_words_without_a_learned_vector_differ_by_given_vectors_only(rng) -> None:
    vectors = rng.normal(size=(12, 5))
    vectors[9] = vectors[8]
    settings = {"learned": 7, "vector_width": 5, "dtype": np.float64}
    model = tagger(rng, vectors=vectors, **settings).eval()
    assert isinstance(model.vectors, Buffer)
    assert len(model.words.weight) == 7
    batch = a_batch(rng, 2)

    def scores(word: int, model: EntityTagger = model) -> np.ndarray:
        return model(replace(batch, words=np.full(batch.mask.shape, word))).data

    np.testing.assert_array_equal(scores(8), scores(9))
    assert np.abs(scores(8) - scores(10)).max() > 1e-3
    other = tagger(rng, **settings).eval()
    other.load_state_dict(model.state_dict())  # brings the vectors along
    np.testing.assert_array_equal(scores(8, other), scores(8))


@pytest.mark.parametrize("tune", [True, False])
def test_given_vectors_are_trained_if_the_config_says_so(rng, tune: bool) -> None:
    vectors = rng.normal(size=(12, 5)).astype(np.float32)
    model = tagger(rng, vectors=vectors, vector_width=5, tune_vectors=tune)
    by_parameter = gradients(model.loss(a_batch(rng)))
    if tune:
        assert isinstance(model.vectors, Parameter)
        assert isinstance(by_parameter[model.vectors], RowSparse)
    else:
        assert model.vectors not in by_parameter
    np.testing.assert_array_equal(model.vectors.data, vectors)


def test_rare_words_are_dropped_more_often(rng) -> None:
    """Word 2 was seen once, word 3 nine times: a / (a + n) = 1/2 and 1/10 with a = 1."""
    model = tagger(rng, counts=np.array([0, 0, 1, 9, *[10**9] * 8]), word_dropout=1.0)
    words = np.broadcast_to(np.arange(12), (2000, 12))
    batch = Sentences.of(words, np.ones((2000, 12, 1), np.int64), np.ones_like(words))
    with no_grad(), capture(model, outputs=True) as captured:
        model(batch, rng=np.random.default_rng(0))
        is_unknown = (captured["words.output"] == model.words.weight.data[1]).all(axis=-1)
        rates = is_unknown.mean(axis=0)
        np.testing.assert_allclose(rates[[0, 1, 2, 3, 4]], [0, 1, 0.5, 0.1, 0], atol=0.04)
        model.eval()(batch)
        np.testing.assert_array_equal(captured["words.output"], model.words.weight.data[words])


def test_it_learns_tags_that_depend_on_direction(rng) -> None:
    """A word is tag 1 behind a 5, tag 2 before a 5."""
    model = tagger(rng)
    words = rng.integers(6, 12, (64, 7))
    words[np.arange(64), rng.integers(1, 6, 64)] = 5
    tags = np.zeros_like(words)
    tags[:, 1:][words[:, :-1] == 5] = 1
    tags[:, :-1][words[:, 1:] == 5] = 2
    letters, shapes = np.ones((64, 7, 2), np.int64), np.full((64, 7), 2)
    batch = Sentences.of(words, letters, shapes, tags=tags)
    squares = {parameter: np.zeros_like(parameter.data) for parameter in model.parameters()}
    for _ in range(150):  # RMSProp: plain descent converges by chance only
        by_parameter = gradients(model.loss(batch, reduction="mean"))
        for parameter, square in squares.items():
            gradient = by_parameter[parameter]
            dense = gradient.to_dense() if isinstance(gradient, RowSparse) else gradient
            square += np.float32(0.1) * (dense**2 - square)
            parameter.data -= np.float32(0.005) * dense / (np.sqrt(square) + np.float32(1e-8))
    assert (model.eval().predict(batch) == tags).mean() > 0.98


def test_wrong_arguments_are_refused(rng) -> None:
    with pytest.raises(ShapeError, match="vectors of shape"):
        tagger(rng, vector_width=3, vectors=np.zeros((12, 4)))
    with pytest.raises(ShapeError, match="counts of 12"):
        tagger(rng, counts=np.ones(3, int))
    with pytest.raises(SettingsError, match="word_dropout"):
        replace(CONFIG, word_dropout=-1.0)
    with pytest.raises(DataError, match="tags"):
        tagger(rng).loss(replace(a_batch(rng), tags=None))
