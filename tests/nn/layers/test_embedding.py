"""`Embedding`: rows of a table by id, with dense or row-sparse gradients."""

from __future__ import annotations

import numpy as np
import pytest
from inputs import stream

from pmt_autograd import gradients
from pmt_core import PmtError, RowSparse, SettingsError, ShapeError
from pmt_nn import (
    Embedding,
    Linear,
    normal,
    xavier_uniform,
)


def test_embedding_equals_a_product_with_one_hot_vectors() -> None:
    layer, ids = Embedding(5, 3, stream(), dtype=np.float64), np.array([[0, 4], [4, 4]])
    np.testing.assert_allclose(layer(ids).data, np.eye(5)[ids] @ layer.weight.data)


@pytest.mark.parametrize("sparse", [True, False])
def test_repeated_ids_add_their_gradients(sparse: bool) -> None:
    layer = Embedding(5, 2, stream(), sparse=sparse, dtype=np.float64)
    ids = np.array([[1, 3, 1], [1, 0, 3]])
    weights = np.arange(12.0).reshape(2, 3, 2)
    grads = gradients((layer(ids) * weights).sum())[layer.weight]
    assert isinstance(grads, RowSparse) == sparse
    expected = np.zeros((5, 2))
    for column, row in np.ndenumerate(ids):
        expected[row] += weights[column]
    np.testing.assert_allclose(grads.to_dense() if sparse else grads, expected)


@pytest.mark.parametrize("bad", [5, -6])
def test_an_id_outside_the_table_is_refused(bad: int) -> None:
    with pytest.raises((PmtError, IndexError)):
        Embedding(5, 2, stream())(np.array([0, bad]))


@pytest.mark.parametrize("sparse", [True, False])
def test_a_padding_id_is_zeros_and_learns_nothing(sparse: bool) -> None:
    layer = Embedding(5, 2, stream(), sparse=sparse, padding=3)
    ids = np.array([[3, 1], [0, 3]])
    y = layer(ids)
    assert (y.data[ids == 3] == 0).all()
    assert (y.data[ids != 3] != 0).all()
    grads = gradients((y + 1).sum())[layer.weight]
    dense = grads.to_dense() if isinstance(grads, RowSparse) else grads
    assert dense.tolist() == [[1, 1], [1, 1], [0, 0], [0, 0], [0, 0]]
    with pytest.raises(SettingsError, match="padding"):
        Embedding(5, 2, stream(), padding=5)


@pytest.mark.parametrize("trainable", [True, False])
def test_an_embedding_begins_with_given_vectors(trainable: bool) -> None:
    vectors = np.arange(8, dtype=np.float64).reshape(4, 2)
    layer = Embedding.from_vectors(vectors, trainable=trainable, padding=3)
    assert layer.weight.dtype == np.float32
    assert layer(np.array([2, 3])).data.tolist() == [[4, 5], [0, 0]]
    assert vectors[3, 1] == 7  # copied, not written to
    assert layer(np.array([2])).requires_grad == trainable
    head = Linear(2, 1, stream())
    grads = gradients(head(layer(np.array([0, 2]))).sum())
    assert (layer.weight in grads) == trainable
    assert head.weight in grads
    assert layer.state_dict()["weight"].shape == (4, 2)
    with pytest.raises(AttributeError, match="no attribute 'wieght'; did you mean 'weight'"):
        layer.wieght = 1
    with pytest.raises(ShapeError, match="vectors"):
        Embedding.from_vectors(vectors[0])
    with pytest.raises(SettingsError, match="padding"):
        Embedding.from_vectors(vectors, padding=4)


def test_first_values() -> None:
    weight = xavier_uniform(stream(), (300, 200))
    bound = np.sqrt(6 / 500)
    assert weight.dtype == np.float32
    assert np.abs(weight).max() <= bound
    assert weight.std() == pytest.approx(bound / np.sqrt(3), rel=0.01)
    assert normal(stream(), (300, 200), 0.5).std() == pytest.approx(0.5, rel=0.02)
    np.testing.assert_array_equal(normal(stream(1), (3,), 1.0), normal(stream(1), (3,), 1.0))
