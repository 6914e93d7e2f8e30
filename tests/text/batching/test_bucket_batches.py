from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pmt_core import RandomStream, SettingsError, ShapeError
from pmt_text import BucketBatches

N = 1000
LENGTHS = np.random.default_rng(0).integers(3, 60, N)


def _batches(
    size: int = 7, stream: RandomStream | None = None, lengths: NDArray[np.int64] = LENGTHS
) -> BucketBatches[list[int]]:
    return BucketBatches(lengths, size, lambda indices: indices.tolist(), stream)


@pytest.mark.parametrize("size", [1, 7, 64, 1000, 5000])
@pytest.mark.parametrize("stream", [None, RandomStream(3, "data")])
def test_every_example_comes_once_an_epoch(size: int, stream: RandomStream | None) -> None:
    batches = _batches(size, stream)
    for epoch in (0, 1):
        seen = list(batches.epoch(epoch))
        assert len(seen) == len(batches) == -(-N // size)
        assert sorted(index for batch in seen for index in batch) == list(range(N))
        assert sum(len(batch) != size for batch in seen) <= 1


def test_an_epoch_is_a_function_of_stream_and_number() -> None:
    batches = _batches(stream=RandomStream(3))
    again = _batches(stream=RandomStream(3))
    third = list(batches.epoch(3))
    assert list(batches.epoch(0)) == list(batches) == list(batches)
    assert list(again.epoch(3)) == third == list(batches.epoch(3))
    assert third != list(batches.epoch(4))
    assert third != list(_batches(stream=RandomStream(4)).epoch(3))


def test_an_epoch_can_be_taken_up_in_the_middle() -> None:
    made = []
    batches = BucketBatches(LENGTHS, 7, lambda i: made.append(1) or i.tolist(), RandomStream(1))
    whole = list(batches.epoch(2))
    made.clear()
    assert list(batches.epoch(2, start=100)) == whole[100:]
    assert len(made) == len(whole) - 100


def test_a_batch_has_lengths_alike() -> None:
    lengths = np.random.default_rng(1).integers(3, 60, 20_000)
    for stream in (None, RandomStream(5)):
        padded = sum(
            len(batch) * int(lengths[batch].max()) for batch in _batches(64, stream, lengths)
        )
        assert padded < 1.05 * lengths.sum()


def test_without_a_stream_the_order_is_by_length_and_stable() -> None:
    flat = [index for batch in _batches() for index in batch]
    assert flat == sorted(range(N), key=lambda i: LENGTHS[i])
    assert list(_batches().epoch(0)) == list(_batches().epoch(9))


def test_shuffling_mixes_neighbors_and_lengths() -> None:
    """Not the order of the file, nor short examples before long ones."""
    first = [batch[0] for batch in _batches(stream=RandomStream(8))]
    assert np.corrcoef(np.arange(len(first)), np.array(first))[0, 1] < 0.3
    assert abs(np.corrcoef(np.arange(len(first)), LENGTHS[first])[0, 1]) < 0.3


def test_no_examples() -> None:
    batches = _batches(stream=RandomStream(0), lengths=np.empty(0, np.int64))
    assert len(batches) == 0
    assert list(batches) == []


def test_wrong_settings() -> None:
    with pytest.raises(SettingsError, match="batch_size"):
        _batches(0)
    with pytest.raises(ShapeError, match="lengths"):
        _batches(lengths=np.zeros((2, 2), np.int64))
