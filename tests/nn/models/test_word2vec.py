"""CBOW and skip-gram, each with both losses: by the papers' formulas, and that they learn."""

from __future__ import annotations

import numpy as np
import pytest
from inputs import stream

from pmt_autograd import gradients
from pmt_core import sigmoid
from pmt_nn import CBOW, HierarchicalSoftmax, NegativeSampling, SkipGram

V, D, N, K, C = 11, 6, 9, 4, 3


def output(loss: str):
    made = (
        NegativeSampling(V, D, dtype=np.float64)
        if loss == "ns"
        else HierarchicalSoftmax(np.arange(1, V + 1), D, dtype=np.float64)
    )
    made.weight.data = stream(5).normal(size=made.weight.shape)
    return made


def by_formula(loss: str, made, vectors: np.ndarray, words: np.ndarray, drawn) -> np.ndarray:
    """-log s(h . w) - sum log s(-h . noise) (2013b, eq. 4), or the log of the tree's turns."""
    if loss == "hs":
        return -np.log(made.probabilities(vectors)[np.arange(len(words)), words])
    table = made.weight.data
    losses = -np.log(sigmoid((vectors * table[words]).sum(axis=1)))
    for column in drawn[0].T:
        counts = column != words
        losses -= counts * np.log(sigmoid(-(vectors * table[column]).sum(axis=1)))
    return losses


@pytest.mark.parametrize("loss", ["ns", "hs"])
def test_skip_gram_by_the_formula(loss: str) -> None:
    model = SkipGram(V, D, output(loss), stream(), dtype=np.float64)
    rng = stream(1)
    words, neighbors = rng.integers(0, V, (2, N))
    drawn = [rng.integers(0, V, (N, K))] if loss == "ns" else []
    expected = by_formula(loss, model.output, model.vectors.weight.data[words], neighbors, drawn)
    losses = model(words, neighbors, *drawn, reduction="none")
    np.testing.assert_allclose(losses.data, expected)
    assert model(words, neighbors, *drawn).item() == pytest.approx(expected.mean())


@pytest.mark.parametrize("loss", ["ns", "hs"])
def test_cbow_by_the_formula_with_and_without_a_mask(loss: str) -> None:
    model = CBOW(V, D, output(loss), stream(), dtype=np.float64)
    rng = stream(2)
    words, neighbors = rng.integers(0, V, N), rng.integers(0, V, (N, C))
    drawn = [rng.integers(0, V, (N, K))] if loss == "ns" else []
    table = model.vectors.weight.data
    expected = by_formula(loss, model.output, table[neighbors].mean(axis=1), words, drawn)
    losses = model(neighbors, words, *drawn, reduction="none").data
    np.testing.assert_allclose(losses, expected)
    padded = np.concatenate([neighbors, rng.integers(0, V, (N, 2))], axis=1)
    mask = np.arange(C + 2) < np.full((N, 1), C)
    again = model(padded, words, *drawn, mask=mask, reduction="none").data
    np.testing.assert_allclose(again, expected)


@pytest.mark.parametrize("kind", [SkipGram, CBOW])
@pytest.mark.parametrize("d", [10, 40])
def test_vectors_start_uniform_in_1_over_d(kind, d: int) -> None:
    vectors = kind(2000, d, NegativeSampling(2000, d), stream()).vectors.weight.data
    assert 0.99 / d < np.abs(vectors).max() <= 1 / d
    assert vectors.mean() == pytest.approx(0, abs=0.02 / d)
    assert vectors.std() == pytest.approx(1 / (d * np.sqrt(3)), rel=0.02)


@pytest.mark.parametrize("loss", ["ns", "hs"])
def test_output_vectors_start_at_zero(loss: str) -> None:
    layer = NegativeSampling(5, 3) if loss == "ns" else HierarchicalSoftmax([4, 3, 2], 3)
    assert not layer.weight.data.any()


@pytest.mark.parametrize("loss", ["ns", "hs"])
@pytest.mark.parametrize("kind", [SkipGram, CBOW])
def test_words_of_the_same_contexts_become_similar(kind, loss: str) -> None:
    """Of six words, 0 and 1 occur with 2 alone, 3 and 4 with 5 alone."""
    counts = [2, 2, 4, 2, 2, 4]
    output = NegativeSampling(6, 4) if loss == "ns" else HierarchicalSoftmax(counts, 4)
    model = kind(6, 4, output, stream(3))
    model.vectors.weight.data *= 5
    pairs = np.array([[0, 2], [1, 2], [3, 5], [4, 5]])
    words, company = np.concatenate([pairs, pairs[:, ::-1]]).T
    rng = stream(4)
    first = last = None
    for _ in range(1000):
        drawn = [rng.integers(0, 6, (8, 5))] if loss == "ns" else []
        given = (words, company) if kind is SkipGram else (company[:, np.newaxis], words)
        value = model(*given, *drawn, reduction="sum")
        first, last = first if first is not None else value.item(), value.item()
        for parameter, grad in gradients(value).items():
            parameter.data -= 0.3 * grad.to_dense()
    assert last < 0.6 * first
    unit = model.vectors.weight.data / np.linalg.norm(
        model.vectors.weight.data, axis=1, keepdims=True
    )
    alike = unit @ unit.T
    if kind is SkipGram:
        assert alike[0, 1] > alike[0, [3, 4, 5]].max() + 0.2
        assert alike[3, 4] > alike[3, [0, 1, 2]].max() + 0.2
    else:  # the vectors are those of the company: 2 leads to other words than 5
        assert alike[2, 5] < 0.5
