"""Losses by hand, at their limits, and against brute force."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients
from pmt_core import DtypeError, HuffmanTree, PmtError, RowSparse, SettingsError, ShapeError
from pmt_nn import (
    HierarchicalSoftmax,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    contrastive_loss,
    cosine_loss,
    cosine_similarity,
    cross_entropy,
    huber,
    in_batch_contrastive_loss,
    mse,
    negative_sampling_loss,
    triplet_loss,
)
from pmt_nn.losses.contrastive import distance


def t(values) -> Tensor:
    return Tensor(np.asarray(values, np.float64), requires_grad=True)


# --- cross-entropy with smoothing and weights ----------------------------------------------------


def test_label_smoothing_by_hand() -> None:
    p = np.exp([1.0, 2.0, 3.0]) / np.exp([1.0, 2.0, 3.0]).sum()
    q = [0.1 / 3, 0.1 / 3, 0.9 + 0.1 / 3]
    expected = -sum(a * log(b) for a, b in zip(q, p, strict=True))
    got = cross_entropy(t([[1.0, 2.0, 3.0]]), np.array([2]), label_smoothing=0.1)
    assert got.item() == pytest.approx(expected)


def test_class_weights_by_hand() -> None:
    logits, labels = t([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]), np.array([0, 1, 1])
    weights = np.array([3.0, 0.5])
    each = cross_entropy(logits, labels, class_weights=weights, reduction="none")
    np.testing.assert_allclose(each.data, np.array([3, 0.5, 0.5]) * log(2))
    assert cross_entropy(logits, labels, class_weights=weights).item() == pytest.approx(log(2))


def test_cross_entropy_complaints() -> None:
    logits, labels = np.zeros((2, 3)), np.array([0, 1])
    with pytest.raises(SettingsError, match="smoothing"):
        cross_entropy(logits, labels, label_smoothing=1.0)
    with pytest.raises(ShapeError, match="weights"):
        cross_entropy(logits, labels, class_weights=np.ones(2))


# --- yes or no ------------------------------------------------------------------------------------


def test_binary_cross_entropy_by_hand() -> None:
    p, y = t([0.9, 0.2]), [1, 0]
    assert binary_cross_entropy(p, y).item() == pytest.approx(-(log(0.9) + log(0.8)) / 2)
    logits = t([log(0.9 / 0.1), log(0.2 / 0.8)])
    assert binary_cross_entropy_with_logits(logits, y).item() == pytest.approx(
        -(log(0.9) + log(0.8)) / 2
    )
    weighted = binary_cross_entropy_with_logits(logits, y, pos_weight=3, reduction="none")
    np.testing.assert_allclose(weighted.data, [-3 * log(0.9), -log(0.8)])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_of_a_thousand(dtype) -> None:
    logits = Tensor(np.array([1000, 1000, -1000, -1000], dtype), requires_grad=True)
    losses = binary_cross_entropy_with_logits(logits, [1, 0, 1, 0], reduction="none")
    assert losses.data.tolist() == [0, 1000, 1000, 0]
    assert gradients(losses.sum())[logits].tolist() == [0, 1, -1, 0]


def test_a_wrong_certainty_is_not_infinite() -> None:
    p = Tensor(np.array([0.0, 1.0], np.float32), requires_grad=True)
    loss = binary_cross_entropy(p, [1, 0])
    assert 10 < loss.item() < 20
    assert np.isfinite(gradients(loss)[p]).all()


def test_shapes_must_be_equal() -> None:
    for loss in (mse, huber, binary_cross_entropy, binary_cross_entropy_with_logits):
        with pytest.raises(ShapeError, match=r"\(3, 1\)"):
            loss(t(np.ones((3, 1)) * 0.5), np.ones(3))


# --- numbers --------------------------------------------------------------------------------------


def test_mse_and_huber_by_hand() -> None:
    x = t([0.0, 0.5, 3.0])
    assert mse(x, [1.0, 0.0, 0.0]).item() == pytest.approx((1 + 0.25 + 9) / 3)
    assert mse(x, [1.0, 0.0, 0.0], reduction="sum").item() == pytest.approx(10.25)
    got = huber(x, [1.0, 0.0, 0.0], delta=1.0, reduction="none")
    np.testing.assert_allclose(got.data, [0.5, 0.125, 2.5])
    assert gradients(got.sum())[x].tolist() == [-1, 0.5, 1]
    with pytest.raises(SettingsError, match="delta"):
        huber(x, x, delta=0)
    with pytest.raises(SettingsError, match="reduction"):
        mse(x, x, reduction="avg")
    assert mse(t(np.zeros((0, 2))), np.zeros((0, 2))).item() == 0


# --- likeness -------------------------------------------------------------------------------------


def test_cosine_and_distance_by_hand() -> None:
    a, b = t([[3.0, 4.0], [1.0, 0.0]]), t([[4.0, 3.0], [0.0, 2.0]])
    np.testing.assert_allclose(cosine_similarity(a, b).data, [24 / 25, 0])
    np.testing.assert_allclose(distance(a, b).data, [sqrt(2), sqrt(5)])
    same = np.array([True, False])
    np.testing.assert_allclose(cosine_loss(a, b, same, reduction="none").data, [1 / 25, 0])
    np.testing.assert_allclose(
        contrastive_loss(a, b, same, margin=3, reduction="none").data, [1, (3 - sqrt(5)) ** 2 / 2]
    )


def test_vectors_of_zero_and_equal_vectors_have_finite_gradients() -> None:
    zero, same = t(np.zeros((1, 3))), np.array([True])
    for loss in (cosine_loss(zero, t(np.ones((1, 3))), same), contrastive_loss(zero, zero, same)):
        assert np.isfinite(gradients(loss)[zero]).all()


def test_triplet_by_hand() -> None:
    anchor, near, far = t([[0.0, 0.0]]), t([[1.0, 0.0]]), t([[0.0, 3.0]])
    assert triplet_loss(anchor, near, far).item() == 0
    assert triplet_loss(anchor, far, near).item() == pytest.approx(3)


def test_in_batch_negatives() -> None:
    a = t(np.eye(3))
    right = in_batch_contrastive_loss(a, a, temperature=0.1).item()
    assert right == pytest.approx(log(1 + 2 * exp(-10)))
    wrong = in_batch_contrastive_loss(a, t(np.eye(3)[[1, 2, 0]]), temperature=0.1).item()
    assert wrong > 9


def test_same_is_boolean_and_one_per_pair() -> None:
    with pytest.raises(ShapeError, match="boolean"):
        cosine_loss(t(np.ones((2, 3))), t(np.ones((2, 3))), np.array([1, 0]))


# --- BERT -----------------------------------------------------------------------------------------


# --- word2vec -------------------------------------------------------------------------------------


def sigmoid(x: float) -> float:
    return 1 / (1 + exp(-x))


def test_negative_sampling_by_loops(rng) -> None:
    hidden, table = t(rng.normal(size=(3, 4))), t(rng.normal(size=(6, 4)))
    targets, negatives = np.array([1, 5, 0]), np.array([[2, 2], [5, 3], [1, 4]])
    expected = []
    for h, target, others in zip(hidden.data, targets, negatives, strict=True):
        loss = -log(sigmoid(h @ table.data[target]))
        loss -= sum(log(sigmoid(-h @ table.data[n])) for n in others if n != target)
        expected.append(loss)
    got = negative_sampling_loss(hidden, table, targets, negatives, reduction="none")
    np.testing.assert_allclose(got.data, expected)
    assert isinstance(gradients(got.sum())[table], RowSparse)
    mean = negative_sampling_loss(hidden, table, targets, negatives)
    assert mean.item() == pytest.approx(np.mean(expected))
    with pytest.raises(ShapeError):
        negative_sampling_loss(hidden, table, targets[:2], negatives)


def test_huffman_codes_by_hand() -> None:
    tree = HuffmanTree.of([5, 9, 12, 13, 16, 45])  # the example of Cormen et al., section 16.3
    assert tree.mask.sum(axis=1).tolist() == [4, 4, 3, 3, 3, 1]


def test_huffman_codes_are_prefix_free_and_shortest(rng) -> None:
    counts = rng.integers(0, 100, 40)
    tree = HuffmanTree.of(counts)
    depths = tree.mask.sum(axis=1)
    assert (2.0**-depths).sum() == 1  # Kraft: a full tree
    ways = zip(tree.turns, depths, strict=True)
    codes = {"".join("01"[int(turn)] for turn in row[:depth]) for row, depth in ways}
    assert len(codes) == 40
    p = counts / counts.sum()
    entropy = -(p[p > 0] * np.log2(p[p > 0])).sum()
    assert entropy <= (p * depths).sum() < entropy + 1
    assert tree.nodes.max() == 38
    with pytest.raises(SettingsError):
        HuffmanTree.of([1])


def test_hierarchical_softmax_is_a_distribution(rng) -> None:
    layer = HierarchicalSoftmax(rng.integers(1, 50, 11), 4, dtype=np.float64)
    hidden = t(rng.normal(size=(3, 4)))
    np.testing.assert_allclose(layer.probabilities(hidden.data).sum(axis=1), 1)
    layer.weight.data[...] = rng.normal(size=(10, 4)) * 2
    p = layer.probabilities(hidden.data)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    words = np.array([0, 10, 3])
    got = layer(hidden, words, reduction="none")
    np.testing.assert_allclose(got.data, -np.log(p[np.arange(3), words]))
    grads = gradients(layer(hidden, words))
    assert isinstance(grads[layer.weight], RowSparse)
    assert grads[hidden].shape == (3, 4)


def test_hierarchical_softmax_learns_the_frequencies() -> None:
    layer = HierarchicalSoftmax([1, 2, 3, 4], 1, dtype=np.float64)
    words = np.repeat(np.arange(4), [10, 20, 30, 40])
    hidden = Tensor(np.ones((100, 1)))
    for _ in range(300):
        layer.weight.data -= 2 * gradients(layer(hidden, words))[layer.weight].to_dense()
    np.testing.assert_allclose(
        layer.probabilities(np.ones((1, 1)))[0], [0.1, 0.2, 0.3, 0.4], atol=1e-3
    )


@pytest.mark.parametrize("reduction", ["sum", "mean", "none"])
def test_float32_stays(rng, reduction) -> None:
    x = Tensor(rng.random((3, 4)).astype(np.float32) * 0.8 + 0.1, requires_grad=True)
    y = rng.random((3, 4))
    same = np.array([True, False, True])
    for loss in (
        mse(x, y, reduction=reduction),
        huber(x, y, reduction=reduction),
        binary_cross_entropy(x, y, reduction=reduction),
        binary_cross_entropy_with_logits(x, y, reduction=reduction),
        cosine_loss(x, x * 2, same, reduction=reduction),
        contrastive_loss(x, x * 2, same, reduction=reduction),
        triplet_loss(x, x * 2, x * 3, reduction=reduction),
        in_batch_contrastive_loss(x, x * 2, reduction=reduction),
        cross_entropy(
            x, same.astype(int), label_smoothing=0.1, class_weights=np.ones(4), reduction=reduction
        ),
    ):
        assert loss.dtype == np.float32
        assert gradients(loss.sum())[x].dtype == np.float32


def test_errors_are_ours() -> None:
    assert issubclass(ShapeError, PmtError)
    with pytest.raises(DtypeError):
        cross_entropy(np.zeros((1, 2)), np.array([True]))
