"""The pair classifier: pooling and features."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from inputs import Pairs, stream

from pmt_autograd import gradients
from pmt_core import ShapeError
from pmt_nn import PairClassifier, PairClassifierConfig

SIZES = {"vocabulary": 13, "max_length": 12, "width": 8, "heads": 2, "hidden": 16, "dropout": 0.0}


def a_batch(n: int = 4, t: int = 7, n_match_types: int = 3) -> Pairs:
    rng = stream(4)
    ids = rng.integers(5, 13, (n, t))
    mask = np.arange(t) < rng.integers(4, t + 1, (n, 1))
    segments = ((np.arange(t) >= 3) & mask).astype(np.int64)
    match_types = rng.integers(0, n_match_types, (n, t)) * mask
    return Pairs(np.where(mask, ids, 0), segments, match_types, mask)


def classifier(**more: object) -> PairClassifier:
    config = PairClassifierConfig(**SIZES, **more)  # type: ignore[arg-type]
    return PairClassifier(config, stream(), dtype=np.float64)


def test_pooling_is_first_token_means_and_their_comparison() -> None:
    model, batch = classifier(compare=True).eval(), a_batch()
    rows = []
    encoded = model.encode(batch).data
    for vectors, segments, mask in zip(encoded, batch.segments, batch.mask, strict=True):
        a, b = (vectors[mask & (segments == i)].mean(axis=0) for i in (0, 1))
        rows.append(np.concatenate([vectors[0], a, b, np.abs(a - b), a * b]))
    hidden = np.tanh(np.array(rows) @ model.pool.weight.data + model.pool.bias.data)
    expected = hidden @ model.classify.weight.data + model.classify.bias.data
    np.testing.assert_allclose(model(batch).data, expected, atol=1e-12)


def test_features_change_the_logits_and_get_gradients() -> None:
    model = classifier(features=3, feature_hidden=5, n_match_types=6)
    features = stream(5).normal(size=(4, 3))
    batch = replace(a_batch(n_match_types=6), features=features)
    logits = model(batch)
    assert logits.shape == (4, 2)
    moved = features.copy()
    moved[1] += 1
    other = model(replace(batch, features=moved)).data
    assert (other[1] != logits.data[1]).all()
    np.testing.assert_array_equal(np.delete(other, 1, 0), np.delete(logits.data, 1, 0))
    assert model.features is not None
    by_weight = gradients(logits[:, 1].sum())[model.features.weight]
    # A central difference, at one weight of the layer that reads the features.
    step = 1e-6
    values = []
    for sign in (1, -1):
        model.features.weight.data[2, 3] += sign * step
        values.append(model(batch).data[:, 1].sum())
        model.features.weight.data[2, 3] -= sign * step
    np.testing.assert_allclose(by_weight[2, 3], (values[0] - values[1]) / (2 * step), rtol=1e-6)


def test_features_must_fit() -> None:
    with pytest.raises(ShapeError, match=r"\(4, 3\)"):
        classifier(features=3)(a_batch())
    with pytest.raises(ShapeError, match=r"\(4, 0\)"):
        classifier()(replace(a_batch(), features=np.zeros((4, 3))))
