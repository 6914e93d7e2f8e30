"""The mean of the words of a document, and the tagger that reads it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from inputs import Sentences, tagger_config

from pmt_autograd import Tensor, gradients, no_grad
from pmt_core import RowSparse, SettingsError
from pmt_nn import EntityTagger
from pmt_nn.models.document_context import DocumentContext, MeanContext

TABLE = np.arange(24, dtype=np.float64).reshape(8, 3)


def embed(ids: np.ndarray) -> Tensor:
    return Tensor(TABLE[ids])


def test_it_is_a_linear_map_of_the_mean(rng) -> None:
    context = MeanContext(3, 2, rng, dtype=np.float64).eval()
    ids = np.array([[3, 5, 7], [4, 0, 0], [0, 0, 0]])
    weight = context.linear.weight.data
    means = np.array([(TABLE[3] + TABLE[5] + TABLE[7]) / 3, TABLE[4], np.zeros(3)])
    np.testing.assert_allclose(context(ids, embed).data[:, 0], means @ weight)
    assert context(np.zeros((2, 0), np.int64), embed).data.tolist() == [[[0.0, 0.0]]] * 2


def test_training_leaves_words_out(rng) -> None:
    """Of one word 0.9 * 0.5 is left; the mean of two equal words is that of one of them."""
    context = MeanContext(3, 3, rng, dtype=np.float64)
    context.linear.weight.data[:] = np.eye(3)
    single = context(np.full((4000, 1), 2), embed, rng=rng).data[:, 0]
    is_left = (single == TABLE[2]).all(axis=1)
    assert is_left.mean() == pytest.approx(0.45, abs=0.03)
    assert not single[~is_left].any()
    double = context(np.full((4000, 2), 2), embed, rng=rng).data[:, 0]
    assert set(double[:, 0]) == {0.0, TABLE[2, 0]}
    assert (double[:, 0] > 0).mean() == pytest.approx(0.9 * 0.75, abs=0.03)
    always = MeanContext(3, 3, rng, dropout=0.0)
    assert (always(np.full((500, 1), 2), embed).data != 0).any(axis=-1).all()
    with pytest.raises(SettingsError, match="below 1"):
        DocumentContext(3, 3, rng, near_dropout=1.0)


@dataclass(frozen=True)
class SentencesOfDocuments(Sentences):
    """Sentences with words of their documents."""

    context: np.ndarray | None = None
    neighbors: np.ndarray | None = None


def a_batch(mask: np.ndarray, rng: np.random.Generator) -> SentencesOfDocuments:
    words = np.where(mask, rng.integers(2, 12, mask.shape), 0)
    letters = np.where(mask[..., np.newaxis], rng.integers(1, 9, (*mask.shape, 5)), 0)
    batch = SentencesOfDocuments.of(
        words, letters, words // 2, mask, rng.integers(0, 3, mask.shape)
    )
    context = np.sort(rng.integers(0, 12, (len(mask), 6)), axis=1)[:, ::-1]
    return replace(batch, context=context, neighbors=np.roll(context, 1, axis=0)[:, :4])


def a_tagger(rng: np.random.Generator, **settings) -> EntityTagger:
    config = replace(
        tagger_config(words=12), learned=7, vector_width=3, tune_vectors=True,
        document_context=True, context_dropout=0.0, near_dropout=0.0, **settings,
    )  # fmt: skip
    return EntityTagger(
        config, rng, unknown_id=1, vectors=rng.normal(size=(12, 3)), dtype=np.float64
    )


MASKS = [np.ones((3, 6), np.bool_), np.arange(6) < np.array([[6], [2], [0], [5], [2]])]


@pytest.mark.parametrize("mask", MASKS)
def test_the_scores_depend_on_the_document(rng, mask: np.ndarray) -> None:
    model = a_tagger(rng).eval()
    batch = a_batch(mask, rng)
    recorded = model(batch).data
    with no_grad():
        np.testing.assert_allclose(model(batch).data, recorded, atol=2e-6)
        np.testing.assert_allclose(  # a part of a batch, and words in another order
            model(batch.rows(slice(1, 2))).data, recorded[1:2], atol=2e-6
        )
        turned = replace(batch, context=batch.context[:, ::-1], neighbors=batch.neighbors[:, ::-1])
        np.testing.assert_allclose(model(turned).data, recorded, atol=2e-6)
    without = model(replace(batch, context=None)).data
    none = np.zeros((len(mask), 0), np.int64)
    empty = model(replace(batch, context=none, neighbors=none)).data
    np.testing.assert_allclose(empty, without)
    for part in ("context", "neighbors"):
        assert np.abs(model(replace(batch, **{part: none})).data - recorded)[mask].max() > 1e-3


def test_the_words_of_the_document_are_trained(rng) -> None:
    model = a_tagger(rng)
    batch = a_batch(MASKS[0], rng)
    batch = replace(
        batch,
        words=np.full_like(batch.words, 2),
        context=np.full((3, 1), 9),
        neighbors=np.full((3, 1), 10),
    )
    by_parameter = gradients(model.loss(batch))
    gradient = by_parameter[model.vectors]
    assert isinstance(gradient, RowSparse)
    assert np.abs(gradient.to_dense()[[9, 10]]).min(axis=1).max() > 0  # not in the sentences
    for part in (model.context.document, model.context.neighbors):
        assert np.abs(by_parameter[part.linear.weight]).max() > 0
