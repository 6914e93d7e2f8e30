"""`Encoder` on a tiny random model: vectors, order, pooling, nearest, words, saving."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_encoder import write_tiny_encoder

import pmt_apps
from pmt_apps import Encoder
from pmt_autograd import gradients
from pmt_core import DataError, FileProblem, SettingsError
from pmt_nn import Linear, cross_entropy

TEXTS = ["how do i swim?", "the film", "what is a good city in the unable film", "", "swims"]


@pytest.fixture
def encoder(tmp_path: Path) -> Encoder:
    return Encoder.load(write_tiny_encoder(tmp_path))


def test_vectors_do_not_depend_on_the_batch(encoder: Encoder) -> None:
    vectors = encoder.embed(TEXTS)
    assert vectors.shape == (5, 16)
    assert vectors.dtype == np.float32
    for batch_size in (1, 2, 3):
        np.testing.assert_allclose(encoder.embed(TEXTS, batch_size), vectors, atol=1e-6)
    np.testing.assert_allclose(encoder.embed(TEXTS[2]), vectors[2], atol=1e-6)
    assert encoder.embed([]).shape == (0, 16)


def test_the_mean_over_the_tokens_by_hand(encoder: Encoder) -> None:
    ids = encoder.encode(["the film"])[0].ids
    hidden = encoder.model(np.array([ids])).data
    np.testing.assert_allclose(encoder.embed("the film"), hidden[0].mean(axis=0), atol=1e-6)


def test_long_texts_are_truncated(encoder: Encoder) -> None:
    assert encoder.max_length == 32
    assert len(encoder.encode(["the " * 100])[0].ids) == 32
    assert len(encoder.encode(["the " * 100], max_length=9)[0].ids) == 9
    assert encoder.embed("the " * 100).shape == (16,)


def test_similarity_and_nearest(encoder: Encoder) -> None:
    vectors = encoder.embed(TEXTS).astype(np.float64)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(encoder.similarity(TEXTS, TEXTS), units @ units.T, atol=1e-5)
    indices, scores = encoder.nearest(TEXTS, TEXTS, k=3)
    assert indices[:, 0].tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(scores[:, 0], 1, atol=1e-5)
    assert (np.diff(scores, axis=1) <= 0).all()
    assert encoder.nearest("the film", TEXTS, k=99)[0].shape == (1, 5)
    with pytest.raises(SettingsError, match="k is 1 or more"):
        encoder.nearest("a", TEXTS, k=0)


def test_words_are_aligned_with_their_first_piece(encoder: Encoder) -> None:
    words = ["how", "swims", "xyz"]
    encoded = encoder.encode_words(words)
    pieces = encoder.tokenizer.tokens(encoded.text.ids)
    assert [pieces[i] for i in encoded.alignment.starts] == ["how", "swim", "x"]
    assert len(encoded.alignment) == len(pieces)
    short = encoder.encode_words(words, max_length=4)
    assert short.alignment.pieces.tolist() == [1, 1, 0]


def test_fine_tuning_reaches_every_parameter(encoder: Encoder) -> None:
    rng = np.random.default_rng(1)
    encoder.model.train()
    batch = encoder.batch(encoder.encode([("how do i", "swim"), ("the film", "a")]))
    assert batch.token_types.max() == 1
    states = encoder.hidden(batch, rng=rng)
    assert states.shape == (*batch.ids.shape, 16)
    logits = Linear(16, 2, rng)(encoder.pooled(batch, rng=rng))
    grads = gradients(cross_entropy(logits, np.array([0, 1])))
    missing = [
        name
        for name, parameter in encoder.model.named_parameters()
        if parameter not in grads and not name.startswith("pool.")
    ]
    assert not missing
    shard = batch.shard(1, 2)
    assert len(shard) == 1
    assert shard.mask.all()


def test_embedding_in_training_mode_is_without_dropout(encoder: Encoder) -> None:
    expected = encoder.embed(TEXTS)
    encoder.model.train()
    np.testing.assert_array_equal(encoder.embed(TEXTS), expected)
    assert encoder.model.training


def test_saved_and_loaded(encoder: Encoder, tmp_path: Path) -> None:
    encoder.save(tmp_path / "copy")
    again = Encoder.load(tmp_path / "copy")
    np.testing.assert_array_equal(again.embed(TEXTS), encoder.embed(TEXTS))
    assert again.max_length == encoder.max_length
    assert repr(again) == repr(encoder)


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="is no folder"):
        Encoder.load(tmp_path / "none")
    write_tiny_encoder(tmp_path, vocabulary=20)
    with pytest.raises(SettingsError, match="the tokenizer has 106 ids, the model 20"):
        Encoder.load(tmp_path)


def test_modules_that_are_unknown_or_lead_out_are_refused(tmp_path: Path) -> None:
    write_tiny_encoder(tmp_path)
    first = {"path": "", "type": "sentence_transformers.models.Transformer"}
    for entries, message in [
        ([first, {"path": "1", "type": "x.WordWeights"}], "'WordWeights'.*not known"),
        ([first, {"path": "../1", "type": "x.Pooling"}], "leads out"),
        ([first], "no Pooling"),
        ([{"path": "", "type": "x.CLIPModel"}], "first module is a Transformer"),
        ([1], "expected an object"),
    ]:
        (tmp_path / "modules.json").write_text(json.dumps(entries))
        with pytest.raises(DataError, match=message):
            Encoder.load(tmp_path)


def test_names_of_the_package() -> None:
    assert "Encoder" in dir(pmt_apps)
    with pytest.raises(AttributeError, match="Encodr"):
        pmt_apps.Encodr  # noqa: B018
