"""The pair classifier's further inputs, and guessing hidden words with it."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_autograd import gradients
from pmt_core import SettingsError, ShapeError, log_softmax
from pmt_nn import MaskedPairModel, PairClassifier, PairClassifierConfig

SIZES = {"vocabulary": 13, "max_length": 12, "width": 8, "heads": 2, "hidden": 16, "dropout": 0.0}


def stream(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def a_batch(n: int = 4, t: int = 7, n_match_types: int = 3) -> tuple[np.ndarray, ...]:
    rng = stream(4)
    ids = rng.integers(5, 13, (n, t))
    lengths = rng.integers(4, t + 1, (n, 1))
    mask = np.arange(t) < lengths
    segments = ((np.arange(t) >= 3) & mask).astype(np.int64)
    return np.where(mask, ids, 0), segments, rng.integers(0, n_match_types, (n, t)) * mask, mask


def classifier(**more: object) -> PairClassifier:
    config = PairClassifierConfig(**SIZES, **more)  # type: ignore[arg-type]
    return PairClassifier(config, stream(), dtype=np.float64)


def test_pooling_is_what_it_says() -> None:
    model = classifier(compare=True).eval()
    ids, segments, match_types, mask = a_batch()
    x = model.read(ids, segments, match_types, mask).data
    rows = []
    for vectors, sides, real in zip(x, segments, mask, strict=True):
        a, b = vectors[real & (sides == 0)].mean(axis=0), vectors[real & (sides == 1)].mean(axis=0)
        rows.append(np.concatenate([vectors[0], a, b, np.abs(a - b), a * b]))
    hidden = np.tanh(np.array(rows) @ model.pool.weight.data + model.pool.bias.data)
    expected = hidden @ model.classify.weight.data + model.classify.bias.data
    np.testing.assert_allclose(model(ids, segments, match_types, mask).data, expected, atol=1e-12)


def test_features_have_a_say_and_get_it_right() -> None:
    model = classifier(features=3, feature_hidden=5, n_match_types=6)
    batch = a_batch(n_match_types=6)
    features = stream(5).normal(size=(4, 3))
    logits = model(*batch, features)
    assert logits.shape == (4, 2)
    moved = features.copy()
    moved[1] += 1
    other = model(*batch, moved).data
    assert (other[1] != logits.data[1]).all()
    np.testing.assert_array_equal(np.delete(other, 1, 0), np.delete(logits.data, 1, 0))
    found = gradients(logits[:, 1].sum())
    assert model.features is not None
    by_weight = found[model.features.weight]
    # A central difference, at one weight of the layer that reads the features.
    step = 1e-6
    values = []
    for sign in (1, -1):
        model.features.weight.data[2, 3] += sign * step
        values.append(model(*batch, features).data[:, 1].sum())
        model.features.weight.data[2, 3] -= sign * step
    np.testing.assert_allclose(by_weight[2, 3], (values[0] - values[1]) / (2 * step), rtol=1e-6)


def test_features_must_fit() -> None:
    with pytest.raises(ShapeError, match=r"\(4, 3\)"):
        classifier(features=3)(*a_batch())
    with pytest.raises(ShapeError, match=r"\(4, 0\)"):
        classifier()(*a_batch(), np.zeros((4, 3)))


def guesser(guessed: int = 11) -> MaskedPairModel:
    return MaskedPairModel(classifier(), guessed, stream(1), dtype=np.float64).eval()


def test_losses_are_those_of_the_hidden_words_alone() -> None:
    model = guesser()
    ids, segments, match_types, mask = a_batch()
    labels = np.full(ids.shape, -100)
    labels[0, 1], labels[0, 4], labels[2, 2], labels[3, 1] = 7, 9, 10, 12  # 12: not guessed
    assert model.count(labels) == 3
    losses = model(ids, segments, match_types, mask, labels).data
    x = model.reader.read(ids, segments, np.where(labels == -100, match_types, 0), mask).data
    expected = np.zeros(4)
    for row, place in ((0, 1), (0, 4), (2, 2)):
        inner = x[row, place] @ model.transform.weight.data + model.transform.bias.data
        tanh = np.tanh(np.sqrt(2 / np.pi) * (inner + 0.044715 * inner**3))
        vector = 0.5 * inner * (1 + tanh)
        vector = (vector - vector.mean()) / np.sqrt(vector.var() + model.norm.eps)
        logits = vector @ model.reader.words.weight.data[:11].T + model.bias.data
        expected[row] -= log_softmax(logits)[labels[row, place]]
    np.testing.assert_allclose(losses, expected, rtol=1e-10)
    assert losses[1] == losses[3] == 0


def test_a_hidden_words_match_is_hidden() -> None:
    model = guesser()
    ids, segments, match_types, mask = a_batch()
    labels = np.full(ids.shape, -100)
    labels[:, 1] = 7
    before = model(ids, segments, match_types, mask, labels).data
    match_types[:, 1] = (match_types[:, 1] + 1) % 3
    np.testing.assert_array_equal(model(ids, segments, match_types, mask, labels).data, before)
    match_types[:, 2] = (match_types[:, 2] + 1) % 3
    assert (model(ids, segments, match_types, mask, labels).data != before).all()


def test_nothing_to_guess_costs_nothing() -> None:
    model = guesser()
    batch = a_batch()
    labels = np.full(batch[0].shape, -100)
    losses = model(*batch, labels)
    assert (losses.data == 0).all()
    assert model.count(labels) == 0
    assert all(np.isfinite(g.to_dense() if hasattr(g, "to_dense") else g).all()
               for g in gradients(losses.sum()).values())  # fmt: skip


def test_guessed_must_lie_in_the_vocabulary() -> None:
    with pytest.raises(SettingsError, match="1 ... 13"):
        guesser(14)
