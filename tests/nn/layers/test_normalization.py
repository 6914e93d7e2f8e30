"""Batch, group and root-mean-square normalization, and running statistics in threads."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients
from pmt_core import SettingsError, ShapeError
from pmt_nn import (
    BatchNorm1d,
    BatchNorm2d,
    GroupNorm,
    LayerNorm,
    RMSNorm,
    apply_statistics,
    collecting_statistics,
)


def test_what_is_normalized_has_mean_0_and_variance_1(rng) -> None:
    x = Tensor(rng.normal(3, 5, size=(8, 4, 6, 6)))
    y = BatchNorm2d(4, dtype=np.float64)(x).data
    np.testing.assert_allclose(y.mean((0, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(y.var((0, 2, 3)), 1, rtol=1e-5)
    y = GroupNorm(2, 4, dtype=np.float64)(x).data.reshape(8, 2, -1)
    np.testing.assert_allclose(y.mean(-1), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(-1), 1, rtol=1e-5)
    y = RMSNorm(6, dtype=np.float64)(x).data
    np.testing.assert_allclose((y * y).mean(-1), 1, rtol=1e-4)


def test_one_group_is_layer_norm_over_everything(rng) -> None:
    x = rng.normal(size=(3, 8))
    np.testing.assert_allclose(
        GroupNorm(1, 8, dtype=np.float64)(Tensor(x)).data,
        LayerNorm(8, dtype=np.float64)(Tensor(x)).data,
        atol=1e-12,
    )


def test_running_statistics_by_hand(rng) -> None:
    layer = BatchNorm1d(2, momentum=0.25, dtype=np.float64)
    first, second = rng.normal(size=(2, 5, 2))
    layer(Tensor(first)), layer(Tensor(second))
    mean = 0.75 * (0.25 * first.mean(0)) + 0.25 * second.mean(0)
    variance = 0.75 * (0.75 + 0.25 * first.var(0, ddof=1)) + 0.25 * second.var(0, ddof=1)
    np.testing.assert_allclose(layer.running_mean.data, mean)
    np.testing.assert_allclose(layer.running_variance.data, variance)
    x = rng.normal(size=(1, 2))
    expected = (x - mean) / np.sqrt(variance + 1e-5)
    np.testing.assert_allclose(layer.eval()(Tensor(x)).data, expected)
    np.testing.assert_allclose(layer.running_mean.data, mean)  # evaluation changes nothing


def test_buffers_are_saved_and_are_not_parameters() -> None:
    layer = BatchNorm1d(2)
    assert list(layer.state_dict()) == ["weight", "bias", "running_mean", "running_variance"]
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    assert [name for name, _ in layer.named_buffers()] == ["running_mean", "running_variance"]
    right = BatchNorm1d(2)
    layer.running_mean.data[...] = 7
    right.load_state_dict(layer.state_dict())
    assert right.running_mean.data.tolist() == [7, 7]
    with pytest.raises(ShapeError, match="missing running_variance"):
        right.load_state_dict({k: v for k, v in layer.state_dict().items() if k[-1:] != "e"})


def test_collected_statistics_change_nothing_until_applied(rng) -> None:
    layer = BatchNorm1d(2)
    with collecting_statistics() as statistics:
        layer(Tensor(rng.normal(size=(4, 2)).astype(np.float32)))
    assert layer.running_mean.data.tolist() == [0, 0]
    assert len(statistics) == 1
    apply_statistics([statistics])
    assert (layer.running_mean.data != 0).all()


@pytest.mark.parametrize("sizes", [(4, 4), (1, 7), (3, 3, 2), (8, 0)])
def test_shards_pool_to_the_statistics_of_the_batch(rng, sizes) -> None:
    x = rng.normal(2, 3, size=(8, 3, 5))
    whole, sharded = BatchNorm1d(3, dtype=np.float64), BatchNorm1d(3, dtype=np.float64)
    whole(Tensor(x))
    shards, start = [], 0
    for size in sizes:
        with collecting_statistics() as statistics:
            if size:
                sharded(Tensor(x[start : start + size]))
        shards.append(statistics)
        start += size
    apply_statistics(shards)
    for left, right in zip(whole.named_buffers(), sharded.named_buffers(), strict=True):
        np.testing.assert_allclose(left[1].data, right[1].data, rtol=1e-12)


def test_a_layer_used_twice_in_a_pass_is_updated_twice(rng) -> None:
    x = rng.normal(size=(6, 2))
    whole, sharded = BatchNorm1d(2, dtype=np.float64), BatchNorm1d(2, dtype=np.float64)
    whole(Tensor(x)), whole(Tensor(x * 3))
    shards = []
    for part in (x[:3], x[3:]):
        with collecting_statistics() as statistics:
            sharded(Tensor(part)), sharded(Tensor(part * 3))
        shards.append(statistics)
    apply_statistics(shards)
    np.testing.assert_allclose(whole.running_mean.data, sharded.running_mean.data)
    np.testing.assert_allclose(whole.running_variance.data, sharded.running_variance.data)


def test_threads_give_the_same_bits_whoever_is_first(rng) -> None:
    x = rng.normal(size=(2, 20, 3)).astype(np.float32)
    results = []
    for order in ((0, 1), (1, 0)):
        layer, shards = BatchNorm1d(3), [None, None]

        def work(i: int, layer: BatchNorm1d = layer, shards: list = shards) -> None:
            with collecting_statistics() as statistics:
                layer(Tensor(x[i]))
            shards[i] = statistics

        for i in order:  # one after the other, in both orders
            thread = threading.Thread(target=work, args=(i,))
            thread.start()
            thread.join()
        apply_statistics(shards)
        results.append(layer.state_dict())
    for name, value in results[0].items():
        np.testing.assert_array_equal(value, results[1][name])


def test_gradients_in_evaluation(rng) -> None:
    layer = BatchNorm1d(2, dtype=np.float64)
    layer(Tensor(rng.normal(size=(9, 2)))), layer.eval()
    x = Tensor(rng.normal(size=(3, 2)), requires_grad=True)
    grads = gradients(layer(x).sum())
    np.testing.assert_allclose(
        grads[x], np.tile(1 / np.sqrt(layer.running_variance.data + 1e-5), (3, 1))
    )
    assert grads[layer.bias].tolist() == [3, 3]


def test_complaints(rng) -> None:
    with pytest.raises(ShapeError, match="2 channels"):
        BatchNorm1d(2)(Tensor(np.ones((4, 3), np.float32)))
    with pytest.raises(ShapeError, match="4 axes"):
        BatchNorm2d(2)(Tensor(np.ones((4, 2), np.float32)))
    with pytest.raises(ShapeError, match="more than one"):
        BatchNorm1d(2)(Tensor(np.ones((1, 2), np.float32)))
    with pytest.raises(SettingsError, match="groups"):
        GroupNorm(3, 4)
