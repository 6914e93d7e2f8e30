"""A packed weight is never stale: what may write to a weight takes the packed copy away."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pmt_autograd import Tensor, no_grad
from pmt_nn import Linear, Parameter, TransformerConfig, TransformerEncoder
from pmt_nn.layers.few_rows import few_rows_product


@pytest.fixture
def weight(rng) -> Parameter:
    return Parameter(rng.normal(size=(384, 352)).astype(np.float32))


@pytest.fixture
def rows(rng) -> np.ndarray:
    return rng.normal(size=(13, 384)).astype(np.float32)


def matrix(weight: Parameter) -> np.ndarray:
    """Return a copy of the values, without a look at `data`."""
    return weight._data.copy()


@pytest.mark.parametrize("n", [1, 8, 13, 40, 96, 97])
@pytest.mark.parametrize("shape", [(384, 352), (1536, 96), (200, 1000)])
def test_products_are_those_of_the_matrix(rng, n, shape) -> None:
    weight = Parameter(rng.normal(size=shape).astype(np.float32))
    rows = rng.normal(size=(n, shape[0])).astype(np.float32)
    expected = rows.astype(np.float64) @ matrix(weight)
    np.testing.assert_allclose(few_rows_product(rows, weight), expected, atol=2e-4)
    assert (weight._packed is not None) == (shape[1] % 32 == 0 and 8 <= n <= 96)


def test_a_write_to_data_is_seen(weight, rows) -> None:
    few_rows_product(rows, weight)
    assert weight.packed() is weight.packed() is not None
    weight.data[5, 7] += 3
    np.testing.assert_allclose(few_rows_product(rows, weight), rows @ matrix(weight), atol=2e-4)
    assert weight.packed() is not None  # again, with the new value
    weight.data = np.ones_like(weight.data)
    np.testing.assert_allclose(few_rows_product(rows, weight), rows @ matrix(weight), atol=2e-4)


@pytest.mark.parametrize("take", [np.asarray, np.transpose, lambda x: x[3:], memoryview])
def test_it_is_not_packed_while_a_variable_or_a_view_may_write_to_it(weight, rows, take) -> None:
    few_rows_product(rows, weight)
    alias = take(weight.data)
    few_rows_product(rows, weight)
    assert weight.packed() is None
    alias[0, 0] = 50
    np.testing.assert_allclose(few_rows_product(rows, weight), rows @ matrix(weight), atol=2e-4)
    del alias
    assert weight.packed() is not None
    np.testing.assert_allclose(few_rows_product(rows, weight), rows @ matrix(weight), atol=2e-4)


def test_flat_memory_is_not_packed(rows) -> None:
    """A trainer's parameters are views of one buffer, which its optimizer writes to."""
    flat = np.zeros(384 * 352, np.float32)
    weight = Parameter(flat.reshape(384, 352))
    few_rows_product(rows, weight)
    flat[:] = 1
    assert weight.packed() is None
    np.testing.assert_allclose(few_rows_product(rows, weight), rows @ matrix(weight), atol=2e-4)


def test_a_view_without_data_cannot_write(weight) -> None:
    assert weight.packed() is not None
    with no_grad(), pytest.raises(ValueError, match="read-only"):
        weight.reshape(-1).data[0] = 1
    assert weight.data.flags.writeable


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_pack_for_themselves(weight, rows, copied) -> None:
    expected = few_rows_product(rows, weight)
    other = copied(weight)
    assert type(other) is Parameter
    assert other.requires_grad
    other.data[...] = 0
    assert not few_rows_product(rows, other).any()
    np.testing.assert_array_equal(few_rows_product(rows, weight), expected)


def test_shallow_copies_share_their_values(weight, rows) -> None:
    assert weight.packed() is not None
    other = copy.copy(weight)
    other.data[...] = 0
    assert not few_rows_product(rows, weight).any()


def test_loaded_states_and_further_training_are_seen(rng) -> None:
    config = TransformerConfig(width=384, heads=4, hidden=384, layers=1)
    encoder = TransformerEncoder(config, rng).eval()
    x = Tensor(rng.normal(size=(1, 9, 384)).astype(np.float32))

    def check() -> np.ndarray:
        recorded = encoder(x).data
        for _ in range(2):
            with no_grad():
                inferred = encoder(x).data
            np.testing.assert_allclose(inferred, recorded, atol=1e-5)
        return inferred

    first = check()
    assert encoder.layers[0].attention.qkv.weight._packed is not None
    state = {name: array + 0.01 for name, array in encoder.state_dict().items()}
    encoder.load_state_dict(state)
    second = check()
    encoder(x).sum().backward()
    for parameter in encoder.parameters():
        parameter.data -= 0.01 * parameter.grad
    third = check()
    assert np.abs(first - second).max() > 1e-3
    assert np.abs(second - third).max() > 1e-3


def test_threads_share_a_model(rng) -> None:
    linear = Linear(384, 352, rng)
    inputs = rng.normal(size=(8, 20, 384)).astype(np.float32)
    expected = [x @ matrix(linear.weight) for x in inputs]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            linear.weight.data[0, 0] += 0  # packed again, by whichever thread is first
            products = list(pool.map(lambda x: few_rows_product(x, linear.weight), inputs))
            np.testing.assert_allclose(products, expected, atol=2e-4)
