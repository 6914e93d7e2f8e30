"""Masked language models of pairs and of sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from inputs import Pairs, Sentences, tagger_config

from pmt_autograd import gradients
from pmt_core import IGNORE_LABEL, RowSparse, SettingsError, log_softmax
from pmt_nn import (
    Bert,
    BertConfig,
    EntityTagger,
    MaskedBert,
    MaskedPairModel,
    MaskedTagger,
    PairClassifier,
    PairClassifierConfig,
)

MASK_ID = 4
CONFIG = tagger_config(words=20)


def masked_pairs(output_vocabulary: int = 11) -> MaskedPairModel:
    config = PairClassifierConfig(
        vocabulary=13, max_length=12, width=8, heads=2, hidden=16, dropout=0.0
    )
    reader = PairClassifier(config, np.random.default_rng(0), dtype=np.float64)
    rng = np.random.default_rng(1)
    return MaskedPairModel(reader, output_vocabulary, rng, dtype=np.float64).eval()


def masked_tagger(rng, output_vocabulary: int = 20, **settings) -> MaskedTagger:
    tagger = EntityTagger(replace(CONFIG, **settings), rng, unknown_id=1)
    return MaskedTagger(tagger, output_vocabulary, rng, mask_id=MASK_ID)


# --- pairs ----------------------------------------------------------------------------------------


def pairs_and_labels(rng) -> tuple[Pairs, np.ndarray]:
    """Three labels that count, and 12, which is outside of the output vocabulary."""
    batch = Pairs.random(rng, first=5)
    labels = np.full(batch.ids.shape, IGNORE_LABEL)
    labels[0, 1], labels[0, 0], labels[2, 1], labels[3, 1] = 7, 9, 10, 12
    return batch, labels


def test_the_loss_is_the_cross_entropy_of_the_masked_words(rng) -> None:
    model = masked_pairs()
    batch, labels = pairs_and_labels(rng)
    ids = np.where(labels == IGNORE_LABEL, batch.ids, MASK_ID)
    loss, count = model(batch, ids, labels)
    assert count == 3
    read = replace(
        batch, ids=ids, match_types=np.where(labels == IGNORE_LABEL, batch.match_types, 0)
    )
    x = model.reader.encode(read).data
    expected = 0.0
    for row, column in ((0, 1), (0, 0), (2, 1)):
        inner = x[row, column] @ model.transform.weight.data + model.transform.bias.data
        tanh = np.tanh(np.sqrt(2 / np.pi) * (inner + 0.044715 * inner**3))
        vector = 0.5 * inner * (1 + tanh)
        vector = (vector - vector.mean()) / np.sqrt(vector.var() + model.norm.eps)
        logits = vector @ model.reader.words.weight.data[:11].T + model.bias.data
        expected -= log_softmax(logits)[labels[row, column]]
    np.testing.assert_allclose(loss.item(), expected, rtol=1e-10)


def test_the_match_type_of_a_masked_word_is_masked(rng) -> None:
    model = masked_pairs()
    batch, labels = pairs_and_labels(rng)
    before = model(batch, batch.ids, labels)[0].item()
    is_masked = labels != IGNORE_LABEL
    changed = (batch.match_types + 1) % 3
    other = replace(batch, match_types=np.where(is_masked, changed, batch.match_types))
    assert model(other, batch.ids, labels)[0].item() == before
    other = replace(batch, match_types=np.where(is_masked, batch.match_types, changed))
    assert model(other, batch.ids, labels)[0].item() != before


def test_without_masked_words_loss_and_gradients_are_zero(rng) -> None:
    model = masked_pairs()
    batch, labels = pairs_and_labels(rng)
    loss, count = model(batch, batch.ids, np.full_like(labels, IGNORE_LABEL))
    assert (loss.item(), count) == (0, 0)
    for gradient in gradients(loss).values():
        dense = gradient.to_dense() if isinstance(gradient, RowSparse) else gradient
        assert (dense == 0).all()


# --- sentences ------------------------------------------------------------------------------------


def test_nothing_of_a_masked_word_reaches_the_encoder(rng) -> None:
    """Neither word, spelling, shape nor given vector."""
    vectors = rng.normal(size=(20, 3))
    vectors[MASK_ID] = 0
    tagger = EntityTagger(replace(CONFIG, vector_width=3), rng, unknown_id=1, vectors=vectors)
    model = MaskedTagger(tagger, 20, rng, mask_id=MASK_ID).eval()
    words = rng.integers(5, 20, (2, 7))
    letters, shapes = rng.integers(1, 9, (2, 7, 4)), np.full((2, 7), 5)
    ids = np.full_like(words, MASK_ID)
    loss, count = model(Sentences.of(words, letters, shapes), ids, words)
    assert count == 14
    other = Sentences.of(words, (letters + 3) % 8 + 1, shapes - 1)
    assert model(other, ids, words)[0].item() == loss.item()


def test_labels_outside_of_the_output_vocabulary_do_not_count(rng) -> None:
    model = masked_tagger(rng, 12)
    words = np.array([[5, 11, 12, 19]])
    batch = Sentences.of(words, np.ones((1, 4, 2), np.int64), np.ones((1, 4), np.int64))
    loss, count = model(batch, words, words, rng=rng)
    assert count == 2
    assert loss.item() == pytest.approx(2 * np.log(12), rel=0.2)
    by_parameter = gradients(loss)
    tags = {"crf", "classify"}
    for name, parameter in model.named_parameters():
        assert (parameter in by_parameter) == (not tags & set(name.split("."))), name


def test_it_learns_which_words_are_neighbors(rng) -> None:
    """Words come in pairs, 5 6, 7 8, ...: each predicts the other, and direction matters."""
    model = masked_tagger(rng)
    letters, shapes = np.ones((32, 6, 1), np.int64), np.ones((32, 6), np.int64)
    moments = {p: np.zeros((2, *p.shape), np.float32) for p in model.parameters()}
    losses = []
    for _ in range(300):
        first = rng.integers(0, 7, (32, 3)) * 2 + 5
        words = np.stack([first, first + 1], axis=-1).reshape(32, 6)
        labels = np.where(rng.random(words.shape) < 0.2, words, IGNORE_LABEL)
        ids = np.where(labels == IGNORE_LABEL, words, MASK_ID)
        loss, count = model(Sentences.of(words, letters, shapes), ids, labels, rng=rng)
        losses.append(loss.item() / count)
        for parameter, gradient in gradients(loss).items():
            dense = gradient.to_dense() if isinstance(gradient, RowSparse) else gradient
            mean = moments[parameter]
            mean += np.float32(0.1) * (np.stack([dense, dense * dense]) - mean)
            parameter.data -= np.float32(0.01) * mean[0] / (np.sqrt(mean[1]) + np.float32(1e-6))
    blind = np.log(14)
    assert np.mean(losses[:5]) > 0.9 * blind
    assert np.mean(losses[-30:]) < 0.5 * blind  # if both are masked, log 7 is the best


@pytest.mark.parametrize("n", [0, 14])
def test_the_output_vocabulary_is_part_of_the_vocabulary(rng, n) -> None:
    with pytest.raises(SettingsError, match=r"1 \.\.\. 13"):
        masked_pairs(n)
    with pytest.raises(SettingsError, match=r"1 \.\.\. 20"):
        masked_tagger(rng, 21)


# --- encoders -------------------------------------------------------------------------------------


def dense(gradient: Any) -> np.ndarray:
    return gradient.to_dense() if isinstance(gradient, RowSparse) else np.asarray(gradient)


def masked_bert(embedding: int, *, tied: bool = True) -> MaskedBert:
    config = BertConfig(
        vocabulary=15, max_length=6, width=8, heads=2, hidden=16, layers=1, dropout=0.0,
        embedding=embedding, model_type="electra" if embedding else "bert", pooled=False,
    )  # fmt: skip
    rng = np.random.default_rng(3)
    encoder = Bert(config, rng, dtype=np.float64)
    return MaskedBert(encoder, rng, tied=tied, dtype=np.float64).eval()


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("embedding", [0, 4])
def test_the_loss_of_an_encoder_is_the_cross_entropy_of_its_logits(rng, embedding, tied) -> None:
    model = masked_bert(embedding, tied=tied)
    ids = rng.integers(5, 15, (2, 6))
    mask = np.array([[True] * 6, [True] * 4 + [False] * 2])
    labels = np.full(ids.shape, IGNORE_LABEL)
    labels[0, 2], labels[1, 0], labels[1, 3] = 7, 9, 14
    ids[labels != IGNORE_LABEL] = MASK_ID
    loss, count = model(mask, ids, labels)
    positions = np.flatnonzero(labels != IGNORE_LABEL)
    logits = model.logits(ids, mask, positions).data
    assert count == 3
    assert logits.shape == (3, 15)
    expected = -log_softmax(logits)[np.arange(3), [7, 9, 14]].sum()
    assert loss.item() == pytest.approx(expected)


@pytest.mark.parametrize("embedding", [0, 4])
def test_padding_changes_no_gradient_of_an_encoder(rng, embedding) -> None:
    """The output is tied: the table of words has a gradient where no token reads it."""
    model = masked_bert(embedding)
    ids = rng.integers(5, 10, (1, 4))
    labels = np.array([[IGNORE_LABEL, 6, IGNORE_LABEL, IGNORE_LABEL]])
    names = [name for name, _ in model.named_parameters()]
    parameters = [p for _, p in model.named_parameters()]

    def slopes(ids: np.ndarray, labels: np.ndarray, mask: np.ndarray) -> list[np.ndarray]:
        by_parameter = gradients(model(mask, ids, labels)[0])
        arrays = [by_parameter[p] for p in parameters]
        return [dense(g) for g in arrays]

    plain = slopes(ids, labels, np.ones((1, 4), bool))
    wide = np.pad(ids, ((0, 0), (0, 2)))
    padded = slopes(
        wide,
        np.pad(labels, ((0, 0), (0, 2)), constant_values=IGNORE_LABEL),
        np.array([[True] * 4 + [False] * 2]),
    )
    for name, a, b in zip(names, plain, padded, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12, err_msg=name)
    table = dict(zip(names, plain, strict=True))["encoder.words.weight"]
    assert np.abs(table[12]).max() > 0


def test_an_output_layer_of_its_own_is_the_tied_one_if_its_vectors_are_alike(rng) -> None:
    tied, free = masked_bert(4), masked_bert(4, tied=False)
    assert free.output is not None
    assert set(free.state_dict()) - set(tied.state_dict()) == {"output"}
    free.load_state_dict({**tied.state_dict(), "output": tied.encoder.words.weight.data})
    ids = np.array([[6, MASK_ID, 8, 9]])
    labels = np.array([[IGNORE_LABEL, 7, IGNORE_LABEL, IGNORE_LABEL]])
    losses = [model(None, ids, labels)[0] for model in (tied, free)]
    assert losses[0].item() == pytest.approx(losses[1].item())
    both = dense(gradients(losses[0])[tied.encoder.words.weight])
    by_parameter = gradients(losses[1])
    table, output = (dense(by_parameter[p]) for p in (free.encoder.words.weight, free.output))
    assert not table[[7, 10]].any()  # no token reads them
    np.testing.assert_allclose(table + output, both, atol=1e-12)
