"""Initial weights of a pre-training: frequencies of pieces, vectors of their neighbors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pretraining_text import corpus_of, settings

from pmt_apps.pretraining import training
from pmt_apps.pretraining.initial_weights import (
    half_whitened,
    piece_table,
    piece_vectors,
    set_initial_weights,
)
from pmt_text import SEP
from pmt_train import Workers


def test_the_first_predictions_are_the_frequencies(text: Path) -> None:
    corpus, chosen = corpus_of(text), settings(text, width=32)
    model = training.build_model(chosen, len(corpus.tokenizer))
    set_initial_weights(model, corpus, chosen)
    counts = np.bincount(corpus.train, minlength=len(corpus.tokenizer))
    words = np.setdiff1d(corpus.dev, [SEP])
    held_out = np.bincount(corpus.dev, minlength=len(counts))[words]
    entropy = -(held_out * np.log(counts[words] / counts.sum())).sum() / held_out.sum()
    loss = training.held_out_scores(model, corpus, chosen, Workers(1))["loss"]
    assert loss == pytest.approx(entropy, rel=0.2)  # of few tokens


def test_pieces_with_the_same_neighbors_have_similar_vectors(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    middles = np.stack([10 + rng.integers(0, 2, 4000), 20 + rng.integers(0, 2, 4000)], axis=1)
    sentences = [[12, middle, 13, SEP] for middle in middles[:, 0]]
    sentences += [[22, middle, 23, SEP] for middle in middles[:, 1]]
    ids = np.array(sentences, np.int32).ravel()
    counts = np.bincount(ids, minlength=30)
    chosen = settings(tmp_path, vectors_epochs=20)
    first, second = (piece_vectors(ids, counts, 8, chosen) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    unit = first / np.linalg.norm(first, axis=1, keepdims=True)
    assert unit[10] @ unit[11] > unit[10] @ unit[20] + 0.3
    assert unit[20] @ unit[21] > unit[20] @ unit[11] + 0.3


def test_half_whitened_vectors_have_components_of_the_roots_of_their_deviations() -> None:
    rng = np.random.default_rng(1)
    directions = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    vectors = rng.normal(size=(500, 6)) * np.array([16, 9, 4, 1, 0.25, 0.01]) @ directions + 3.0
    covariance = np.cov(vectors.T, bias=True)
    values, axes = np.linalg.eigh(covariance)
    whitened = half_whitened(vectors)
    np.testing.assert_allclose(whitened.mean(axis=0), 0, atol=1e-12)
    assert np.mean(whitened**2) == pytest.approx(1)
    components = axes.T @ np.cov(whitened.T, bias=True) @ axes  # the same axes: diagonal
    expected = np.sqrt(values) / np.sqrt(values).mean()
    np.testing.assert_allclose(components, np.diag(expected), atol=1e-9)


def test_a_table_of_pieces_has_rows_of_one_length_and_tells_all_of_them_apart(
    tmp_path: Path,
) -> None:
    ids = np.tile(np.array([10, 11, 12, SEP, 10, 13, 12, SEP], np.int32), 200)
    counts = np.bincount(ids, minlength=16)
    table = piece_table(ids, counts, 32, settings(tmp_path, vectors_epochs=5))
    lengths = np.linalg.norm(table, axis=1)
    np.testing.assert_allclose(lengths, np.sqrt(32))
    cosines = table @ table.T / 32
    assert (cosines - np.eye(16)).max() < 0.99  # 11 and 13 have the same neighbors
    assert cosines[11, 13] > cosines[11, [10, 12, SEP]].max()
