"""Bags of embeddings by hand: members, modes, empty bags, weights, gradients."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients
from pmt_core import DtypeError, RowSparse, SettingsError, ShapeError
from pmt_nn import Embedding, EmbeddingBag

VECTORS = np.array([[0.0, 0.0], [1.0, -1.0], [2.0, 5.0], [4.0, 3.0]])
IDS = np.array([[1, 2, 2], [3, 1, 0], [2, 2, 2]])
MASK = np.array([[True, True, True], [True, False, False], [False, False, False]])


def bag(mode: str, **settings) -> EmbeddingBag:
    return EmbeddingBag.from_vectors(VECTORS, mode=mode, dtype=np.float64, **settings)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("sum", [[5, 9], [4, 3], [0, 0]]),
        ("mean", [[5 / 3, 3], [4, 3], [0, 0]]),
        ("max", [[2, 5], [4, 3], [0, 0]]),
    ],
)
def test_modes_by_hand(mode: str, expected) -> None:
    np.testing.assert_allclose(bag(mode)(IDS, MASK).data, expected)
    offsets = np.array([0, 3, 4])
    np.testing.assert_allclose(bag(mode)(np.array([1, 2, 2, 3]), offsets=offsets).data, expected)
    padded = bag(mode, padding=0)(np.array([[1, 2, 2, 0], [0, 0, 3, 0], [0, 0, 0, 0]]))
    np.testing.assert_allclose(padded.data, expected)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_what_is_masked_has_no_influence_and_no_row_in_the_gradient(mode: str) -> None:
    layer = bag(mode)
    layer.weight.data[3] = np.nan
    ids = np.array([[1, 2, 3], [3, 1, 3]])
    y = layer(ids, ids != 3)
    assert np.isfinite(y.data).all()
    by_table = gradients(y.sum())[layer.weight]
    assert isinstance(by_table, RowSparse)
    assert set(by_table.rows.tolist()) == {1, 2}


def test_a_mean_is_the_mean_of_the_embeddings(rng) -> None:
    layer = bag("mean")
    table = Embedding.from_vectors(VECTORS, dtype=np.float64)
    np.testing.assert_allclose(layer(IDS).data, table(IDS).mean(axis=1).data)


def test_equal_elements_of_several_rows_share_the_gradient() -> None:
    layer = EmbeddingBag.from_vectors(np.ones((2, 1)), mode="max", dtype=np.float64, sparse=False)
    by_table = gradients(layer(np.array([[0, 1, 1]])).sum())[layer.weight]
    np.testing.assert_allclose(by_table, [[1 / 3], [2 / 3]])


def test_weights_of_a_sum() -> None:
    weights = Tensor(np.array([[1.0, 0.5, -1.0]]), requires_grad=True)
    y = bag("sum")(np.array([[1, 2, 3]]), weights=weights)
    np.testing.assert_allclose(y.data, [[1 + 1 - 4, -1 + 2.5 - 3]])
    np.testing.assert_allclose(gradients(y.sum())[weights], [[0, 7, 7]])
    with pytest.raises(SettingsError, match="sum"):
        bag("mean")(np.array([[1, 2, 3]]), weights=weights)
    with pytest.raises(ShapeError, match="shape of the ids"):
        bag("sum")(np.array([[1, 2]]), weights=weights)


def test_arguments_are_checked() -> None:
    with pytest.raises(SettingsError, match="mean, sum, max"):
        bag("median")
    for offsets in ([1, 2], [0, 2, 1], [0, 9], [], [[0]]):
        with pytest.raises(ShapeError, match="offsets"):
            bag("sum")(np.array([1, 2]), offsets=np.array(offsets, int))
    with pytest.raises(DtypeError, match="offsets"):
        bag("sum")(np.array([1, 2]), offsets=np.array([0.0]))
    for ids in (np.array([1, 2]), np.zeros((1, 2, 3), int)):
        with pytest.raises(ShapeError, match="EmbeddingBag needs ids"):
            bag("sum")(ids)


def test_bags_without_any_ids() -> None:
    for mode in ("sum", "mean", "max"):
        assert bag(mode)(np.zeros((2, 0), int)).data.tolist() == [[0, 0], [0, 0]]
        assert bag(mode)(np.zeros(0, int), offsets=np.zeros(2, int)).shape == (2, 2)
        assert bag(mode)(np.zeros(0, int), offsets=np.zeros(0, int)).shape == (0, 2)
