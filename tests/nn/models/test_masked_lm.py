"""Guessing hidden words with the encoder of the tagger."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pmt_autograd import gradients
from pmt_core import RowSparse, SettingsError
from pmt_nn import EntityTagger, EntityTaggerConfig, MaskedTagger

CONFIG = EntityTaggerConfig(
    words=20,
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


def test_what_is_hidden_cannot_be_seen(rng) -> None:
    """Neither word, spelling, shape nor given vector of a hidden place reaches the encoder."""
    vectors = rng.normal(size=(20, 3))
    vectors[4] = 0
    tagger = EntityTagger(replace(CONFIG, vector_width=3), rng, vectors=vectors)
    guesser = MaskedTagger(tagger, 20, rng, hidden=0.999).eval()
    words = rng.integers(5, 20, (2, 7))
    letters, shapes = rng.integers(1, 9, (2, 7, 4)), rng.integers(5, 6, (2, 7))
    for spelling_ids in (None, np.arange(14).reshape(2, 7)):
        spelled = letters if spelling_ids is None else letters.reshape(14, 4)
        one, count = guesser(
            words, spelled, shapes, None, spelling_ids, rng=np.random.default_rng(0)
        )
        other, _ = guesser(
            words,
            (spelled + 3) % 8 + 1,
            shapes - 1,
            None,
            spelling_ids,
            rng=np.random.default_rng(0),
        )
        assert count == 14
        assert one.item() == other.item()


def test_only_words_that_can_be_guessed_are_hidden(rng) -> None:
    guesser = MaskedTagger(EntityTagger(CONFIG, rng), 12, rng, hidden=0.999)
    words = np.array([[0, 1, 4, 5, 11, 12, 19]])
    letters, shapes = np.ones((1, 7, 2), np.int64), np.ones((1, 7), np.int64)
    loss, count = guesser(words, letters, shapes, rng=np.random.default_rng(0))
    assert count == 2
    assert loss.item() == pytest.approx(2 * np.log(12), rel=0.2)
    found = gradients(loss)
    tags = {"crf", "classify"}
    for name, parameter in guesser.named_parameters():
        assert (parameter in found) == (not tags & set(name.split("."))), name


def test_it_learns_what_stands_beside_what(rng) -> None:
    """Words come in pairs, 5 6, 7 8, ...: one of them tells the other, and the side counts."""
    guesser = MaskedTagger(EntityTagger(CONFIG, rng), 20, rng, hidden=0.2)
    letters, shapes = np.ones((32, 6, 1), np.int64), np.ones((32, 6), np.int64)
    moments = {p: np.zeros((2, *p.shape), np.float32) for p in guesser.parameters()}
    losses = []
    for step in range(300):
        first = rng.integers(0, 7, (32, 3)) * 2 + 5
        words = np.stack([first, first + 1], axis=-1).reshape(32, 6)
        loss, count = guesser(words, letters, shapes, rng=np.random.default_rng(step))
        losses.append(loss.item() / count)
        for parameter, gradient in gradients(loss).items():
            dense = gradient.to_dense() if isinstance(gradient, RowSparse) else gradient
            mean = moments[parameter]
            mean += np.float32(0.1) * (np.stack([dense, dense * dense]) - mean)
            parameter.data -= np.float32(0.01) * mean[0] / (np.sqrt(mean[1]) + np.float32(1e-6))
    blind = np.log(14)
    assert np.mean(losses[:5]) > 0.9 * blind
    assert np.mean(losses[-30:]) < 0.5 * blind  # where both are hidden, log 7 is the best


def test_complaints(rng) -> None:
    tagger = EntityTagger(CONFIG, rng)
    with pytest.raises(SettingsError, match="20 learned"):
        MaskedTagger(tagger, 21, rng)
    with pytest.raises(SettingsError, match="share"):
        MaskedTagger(tagger, 20, rng, hidden=1.0)
