"""Batches of similar length, by their number of tokens, and curricula."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pmt_core import RandomStream, SettingsError, ShapeError
from pmt_text import BucketBatches, Curriculum, TokenBatches

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


# --- token batches ---

RNG = np.random.default_rng(0)
SOURCES = RNG.integers(3, 60, N)
PAIR_LENGTHS = np.stack([SOURCES, np.maximum(SOURCES + RNG.integers(-6, 7, N), 1)], axis=1)


def _token_batches(
    tokens: int = 500, stream: RandomStream | None = None
) -> TokenBatches[list[int]]:
    return TokenBatches(PAIR_LENGTHS, tokens, lambda indices: indices.tolist(), stream)


@pytest.mark.parametrize("tokens", [1, 64, 500, 10**6])
@pytest.mark.parametrize("stream", [None, RandomStream(3)])
def test_every_example_comes_once_and_no_batch_is_too_large(
    tokens: int, stream: RandomStream | None
) -> None:
    cut = _token_batches(tokens, stream)
    for epoch in (0, 1):
        seen = list(cut.epoch(epoch))
        assert len(seen) == len(cut)  # in every epoch: a schedule counts on it
        assert sorted(index for batch in seen for index in batch) == list(range(N))
        for batch in seen:
            assert len(batch) == 1 or len(batch) * PAIR_LENGTHS[batch].max() <= tokens


def test_batches_are_full_and_little_is_padding() -> None:
    seen = list(_token_batches(500, RandomStream(1)).epoch(0))
    size = np.array([len(batch) * PAIR_LENGTHS[batch].max() for batch in seen])
    assert np.median(size) > 400
    held = sum(PAIR_LENGTHS[batch].sum() for batch in seen)
    padded = sum(len(batch) * PAIR_LENGTHS[batch].max(axis=0).sum() for batch in seen)
    assert held / padded > 0.9


def test_an_epoch_of_token_batches_is_a_function_of_stream_and_number() -> None:
    cut, again = _token_batches(stream=RandomStream(3)), _token_batches(stream=RandomStream(3))
    third = list(cut.epoch(3))
    assert third == list(again.epoch(3)) == list(cut.epoch(3))
    assert third[5:] == list(cut.epoch(3, start=5))
    assert third != list(cut.epoch(4))
    assert third != list(_token_batches(stream=RandomStream(4)).epoch(3))
    assert {frozenset(b) for b in third} != {frozenset(b) for b in cut.epoch(4)}


def test_for_evaluation_the_order_is_that_of_the_lengths() -> None:
    order = [index for batch in _token_batches() for index in batch]
    max_lengths = PAIR_LENGTHS.max(axis=1)[order]
    assert (np.diff(max_lengths) >= 0).all()


def test_one_kind_of_sequence_none_and_nonsense() -> None:
    assert len(TokenBatches([3, 3, 3], 6, list)) == 2
    assert list(TokenBatches(np.empty((0, 2), np.int64), 6, list)) == []
    with pytest.raises(SettingsError, match="1 or more"):
        TokenBatches([3], 0, list)
    with pytest.raises(ShapeError, match=r"\(n, k\)"):
        TokenBatches(np.zeros((1, 2, 3), np.int64), 5, list)


# --- curriculum ---


def _phase(n: int, name: str) -> BucketBatches[list[int]]:
    return BucketBatches(np.ones(n), 4, np.ndarray.tolist, RandomStream(1, name))


def test_epochs_come_from_the_phase_they_fall_into() -> None:
    first, second = _phase(10, "first"), _phase(7, "second")
    phases = Curriculum([(first, 2), (second, 3)])
    assert list(phases.epoch(0)) == list(first.epoch(0))
    assert list(phases.epoch(1)) == list(first.epoch(1))
    for n in (2, 3, 4, 5):  # beyond the last phase, more of it
        assert list(phases.epoch(n)) == list(second.epoch(n - 2))
    assert phases.steps() == [2 * 3, 3 * 2]
    lengths = [phases.epoch_length(n) for n in range(5)]
    assert lengths == [len(list(phases.epoch(n))) for n in range(5)]
    assert len(phases) == sum(lengths) == 12


def test_a_phase_may_be_empty() -> None:
    second = _phase(7, "second")
    assert list(Curriculum([(_phase(9, "x"), 0), (second, 1)]).epoch(0)) == list(second.epoch(0))


@pytest.mark.parametrize("epochs", [None, -1])
def test_no_phase_and_negative_epochs_are_refused(epochs: int | None) -> None:
    with pytest.raises(SettingsError, match="phases"):
        Curriculum([] if epochs is None else [(_phase(3, "x"), epochs)])
