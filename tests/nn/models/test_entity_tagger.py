"""The tagger of named entities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pmt_autograd import gradients, no_grad
from pmt_core import RowSparse, SettingsError, ShapeError
from pmt_nn import Buffer, EntityTagger, EntityTaggerConfig, Parameter, capture

CONFIG = EntityTaggerConfig(
    words=12,
    characters=9,
    shapes=6,
    tags=3,
    word_width=8,
    character_width=4,
    filters=6,
    shape_width=4,
    width=16,
    heads=2,
    hidden=16,
    layers=1,
    dropout=0.0,
    input_dropout=0.0,
    word_dropout=0.0,
)


def batch(rng, b: int = 4, t: int = 6) -> tuple[np.ndarray, ...]:
    """words, characters, shapes, mask"""
    mask = np.arange(t) < np.concatenate([[t], rng.integers(1, t, b - 1)])[:, np.newaxis]
    words = np.where(mask, rng.integers(2, 12, (b, t)), 0)
    letters = np.where(mask[..., np.newaxis], rng.integers(1, 9, (b, t, 5)), 0)
    return words, letters, np.where(mask, rng.integers(2, 6, (b, t)), 0), mask


def test_a_masked_batch_equals_its_sentences_one_by_one(rng) -> None:
    model = EntityTagger(CONFIG, rng, dtype=np.float64).eval()
    words, letters, shapes, mask = batch(rng)
    tags = rng.integers(0, 3, words.shape)
    losses = model.loss(words, letters, shapes, tags, mask, reduction="none").data
    found = model.predict(words, letters, shapes, mask)
    assert ((found == -100) == ~mask).all()
    for i, n in enumerate(mask.sum(axis=1)):
        alone = words[i : i + 1, :n], letters[i : i + 1, :n], shapes[i : i + 1, :n]
        assert model.loss(*alone, tags[i : i + 1, :n]).item() == pytest.approx(losses[i])
        np.testing.assert_array_equal(model.predict(*alone)[0], found[i, :n])


def test_spellings_once_or_written_out(rng) -> None:
    model = EntityTagger(CONFIG, rng).eval()
    words, letters, shapes, mask = batch(rng)
    different, spelling_ids = np.unique(letters.reshape(-1, 5), axis=0, return_inverse=True)
    np.testing.assert_array_equal(
        model(words, letters, shapes, mask).data,
        model(words, different, shapes, mask, spelling_ids.reshape(words.shape)).data,
    )


def test_words_behind_the_learned_ones_are_told_apart_by_given_vectors_alone(rng) -> None:
    vectors = rng.normal(size=(12, 5))
    vectors[9] = vectors[8]
    config = replace(CONFIG, learned=7, vector_width=5)
    model = EntityTagger(config, rng, vectors=vectors, dtype=np.float64).eval()
    assert isinstance(model.vectors, Buffer)
    assert len(model.words.weight) == 7
    _, letters, shapes, mask = batch(rng, 2)

    def scores(word: int) -> np.ndarray:
        return model(np.full(mask.shape, word), letters, shapes, mask).data

    np.testing.assert_array_equal(scores(8), scores(9))
    assert np.abs(scores(8) - scores(10)).max() > 1e-3
    other = EntityTagger(config, rng, dtype=np.float64).eval()
    other.load_state_dict(model.state_dict())  # brings the vectors along
    np.testing.assert_array_equal(
        other(np.full(mask.shape, 8), letters, shapes, mask).data, scores(8)
    )


@pytest.mark.parametrize("tune", [True, False])
def test_given_vectors_are_trained_on_only_where_wanted(rng, tune: bool) -> None:
    vectors = rng.normal(size=(12, 5)).astype(np.float32)
    config = replace(CONFIG, vector_width=5, tune_vectors=tune)
    model = EntityTagger(config, rng, vectors=vectors)
    words, letters, shapes, mask = batch(rng)
    found = gradients(model.loss(words, letters, shapes, words % 3, mask))
    if tune:
        assert isinstance(model.vectors, Parameter)
        assert isinstance(found[model.vectors], RowSparse)
    else:
        assert model.vectors not in found
    np.testing.assert_array_equal(model.vectors.data, vectors)


def test_rare_words_are_forgotten_more_often(rng) -> None:
    """Word 2 was seen once, word 3 nine times: a / (a + n) = 1/2 and 1/10 with a = 1."""
    counts = np.array([0, 0, 1, 9, *[10**9] * 8])
    config = replace(CONFIG, word_dropout=1.0)
    model = EntityTagger(config, rng, counts=counts)
    words = np.broadcast_to(np.arange(12), (2000, 12))
    letters, shapes = np.ones((2000, 12, 1), np.int64), np.ones((2000, 12), np.int64)
    with no_grad(), capture(model, outputs=True) as seen:
        model(words, letters, shapes, rng=np.random.default_rng(0))
        gone = (seen["words.output"] == model.words.weight.data[1]).all(axis=-1).mean(axis=0)
        np.testing.assert_allclose(gone[[0, 1, 2, 3, 4]], [0, 1, 0.5, 0.1, 0], atol=0.04)
        model.eval()(words, letters, shapes)
        np.testing.assert_array_equal(seen["words.output"], model.words.weight.data[words])


def test_it_learns_names_by_what_stands_before_them(rng) -> None:
    """A word is tag 1 behind a 5, tag 2 before a 5: only direction tells which."""
    model = EntityTagger(CONFIG, rng)
    words = rng.integers(6, 12, (64, 7))
    words[np.arange(64), rng.integers(1, 6, 64)] = 5
    tags = np.zeros_like(words)
    tags[:, 1:][words[:, :-1] == 5] = 1
    tags[:, :-1][words[:, 1:] == 5] = 2
    letters, shapes = np.ones((64, 7, 2), np.int64), np.full((64, 7), 2)
    squares = {parameter: np.zeros_like(parameter.data) for parameter in model.parameters()}
    for _ in range(150):  # RMSProp: plain descent hangs on chance here
        found = gradients(model.loss(words, letters, shapes, tags, reduction="mean"))
        for parameter, square in squares.items():
            gradient = found[parameter]
            dense = gradient.to_dense() if isinstance(gradient, RowSparse) else gradient
            square += np.float32(0.1) * (dense**2 - square)
            parameter.data -= np.float32(0.005) * dense / (np.sqrt(square) + np.float32(1e-8))
    assert (model.eval().predict(words, letters, shapes) == tags).mean() > 0.98


def test_complaints(rng) -> None:
    with pytest.raises(ShapeError, match="vectors of shape"):
        EntityTagger(replace(CONFIG, vector_width=3), rng, vectors=np.zeros((12, 4)))
    with pytest.raises(ShapeError, match="counts of 12"):
        EntityTagger(CONFIG, rng, counts=np.ones(3, int))
    with pytest.raises(SettingsError, match="word_dropout"):
        EntityTagger(replace(CONFIG, word_dropout=-1.0), rng)
