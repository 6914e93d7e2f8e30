"""CTC by an enumeration of all alignments, at its limits, and with lengths."""

from __future__ import annotations

from itertools import groupby, product

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients, log_softmax
from pmt_core import DtypeError, SettingsError, ShapeError
from pmt_nn import ctc_loss


def log_probabilities(rng, *shape: int) -> np.ndarray:
    return log_softmax(Tensor(rng.normal(size=shape) * 2)).data.copy()


def by_enumeration(x: np.ndarray, target: list[int], blank: int) -> float:
    """-log of the summed probability of all paths whose collapsed form is the target."""
    total = 0.0
    for path in product(range(x.shape[1]), repeat=len(x)):
        if [label for label, _ in groupby(path) if label != blank] == target:
            total += np.exp(sum(x[i, label] for i, label in enumerate(path)))
    return -np.log(total) if total else np.inf


@pytest.mark.parametrize("blank", [0, 2])
@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_against_an_enumeration(rng, blank: int, size: int) -> None:
    classes = [k for k in range(3) if k != blank]
    targets = np.array(list(product(classes, repeat=size)), int).reshape(2**size, size)
    x = log_probabilities(rng, len(targets), 5, 3)
    got = ctc_loss(x, targets, blank=blank, reduction="none").data
    expected = [by_enumeration(a, list(b), blank) for a, b in zip(x, targets, strict=True)]
    np.testing.assert_allclose(got, expected)


def test_probabilities_of_all_targets_sum_to_one(rng) -> None:
    x = log_probabilities(rng, 1, 3, 3)
    targets = [p for n in range(4) for p in product([1, 2], repeat=n)]
    losses = [ctc_loss(x, np.array([p], int).reshape(1, len(p)), reduction="sum") for p in targets]
    assert sum(np.exp(-loss.data) for loss in losses) == pytest.approx(1)


def test_what_stands_beyond_the_lengths_has_no_influence(rng) -> None:
    x = log_probabilities(rng, 2, 6, 4)
    alone = Tensor(x[1:, :4], requires_grad=True)
    expected = ctc_loss(alone, np.array([[3, 1]]), reduction="sum")
    x[1, 4:] = np.nan
    leaf = Tensor(x, requires_grad=True)
    targets = np.array([[1, 2, 3], [3, 1, -7]])
    each = ctc_loss(leaf, targets, [6, 4], [3, 2], reduction="none")
    assert each.data[1] == pytest.approx(expected.item())
    by_x = gradients(each.sum())[leaf]
    np.testing.assert_allclose(by_x[1, :4], gradients(expected)[alone][0], atol=1e-12)
    np.testing.assert_array_equal(by_x[1, 4:], 0)


def test_the_order_of_the_batch_has_no_influence(rng) -> None:
    x, targets = log_probabilities(rng, 4, 7, 5), rng.integers(1, 5, (4, 3))
    lengths, sizes = np.array([7, 5, 6, 3]), np.array([3, 0, 2, 1])
    order = [2, 0, 3, 1]
    a = ctc_loss(x, targets, lengths, sizes, reduction="none").data
    b = ctc_loss(x[order], targets[order], lengths[order], sizes[order], reduction="none").data
    np.testing.assert_array_equal(a[order], b)


def test_reductions(rng) -> None:
    x, targets = log_probabilities(rng, 3, 6, 4), np.array([[1, 2, 3]] * 3)
    sizes = np.array([3, 1, 0])
    each = ctc_loss(x, targets, target_lengths=sizes, reduction="none").data
    assert ctc_loss(x, targets, target_lengths=sizes, reduction="sum").item() == each.sum()
    mean = ctc_loss(x, targets, target_lengths=sizes).item()
    assert mean == pytest.approx((each / [3, 1, 1]).mean())
    assert ctc_loss(x[:0], targets[:0]).item() == 0


@pytest.mark.parametrize("zero_infinity", [True, False])
def test_a_target_without_an_alignment(rng, zero_infinity: bool) -> None:
    """1 1 needs three steps, as a blank separates the two."""
    x = Tensor(log_probabilities(rng, 2, 2, 3), requires_grad=True)
    loss = ctc_loss(x, np.array([[1, 1], [1, 2]]), zero_infinity=zero_infinity, reduction="none")
    assert loss.data[0] == (0 if zero_infinity else np.inf)
    assert np.isfinite(loss.data[1])
    by_x = gradients(loss, np.ones(2))[x]
    np.testing.assert_array_equal(by_x[0], 0)
    np.testing.assert_allclose(by_x[1].sum(), -2)  # each step has a posterior of 1


def test_improbable_long_inputs_stay_finite() -> None:
    """Probabilities of e^-50 a step: their product is no float, its logarithm is."""
    x = Tensor(np.full((1, 400, 3), -50.0, np.float32), requires_grad=True)
    loss = ctc_loss(x, np.array([[1, 2] * 30]), reduction="sum")
    by_x = gradients(loss)[x]
    assert loss.dtype == by_x.dtype == np.float32
    assert np.isfinite(loss.data)
    np.testing.assert_allclose(by_x.sum(axis=2), -1, rtol=1e-4)


def test_training_learns_the_targets(rng) -> None:
    """Gradient descent on free logits reaches a likelihood near 1."""
    logits = rng.normal(size=(2, 8, 4))
    targets = np.array([[1, 2, 2], [3, 1, 3]])
    for _ in range(200):
        leaf = Tensor(logits, requires_grad=True)
        loss = ctc_loss(log_softmax(leaf), targets, reduction="sum")
        logits = logits - 2 * gradients(loss)[leaf]
    assert loss.item() < 0.05
    paths = logits.argmax(axis=2).tolist()
    assert [[k for k, _ in groupby(path) if k] for path in paths] == targets.tolist()


def test_arguments_are_checked(rng) -> None:
    x, targets = log_probabilities(rng, 2, 4, 3), np.array([[1], [2]])
    with pytest.raises(ShapeError, match=r"\(b, t, v\)"):
        ctc_loss(x[0], targets)
    with pytest.raises(ShapeError, match=r"targets \(b, s\)"):
        ctc_loss(x, targets[:1])
    for wrong in (np.array([[3], [1]]), np.array([[0], [1]]), np.array([[-1], [1]])):
        with pytest.raises(ShapeError, match="not the blank"):
            ctc_loss(x, wrong)
    with pytest.raises(DtypeError, match="targets are integers"):
        ctc_loss(x, targets * 1.0)
    for lengths in ([4], [4, 5], [4, -1]):
        with pytest.raises(ShapeError, match=r"input_lengths are 2 numbers in 0 \.\.\. 4"):
            ctc_loss(x, targets, lengths)
    with pytest.raises(DtypeError, match="target_lengths"):
        ctc_loss(x, targets, None, [1.0, 1.0])
    for blank in (3, -1):
        with pytest.raises(SettingsError, match="blank"):
            ctc_loss(x, targets, blank=blank)
    with pytest.raises(SettingsError, match="reduction"):
        ctc_loss(x, targets, reduction="all")
