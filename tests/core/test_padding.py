"""pad_sequences puts every id where it belongs and marks it."""

import numpy as np
import pytest

from pmt_core import DtypeError, SettingsError, ShapeError, pad_sequences


def test_by_hand():
    ids, mask = pad_sequences([np.array([5, 6, 7]), np.array([8]), []], value=-1)
    assert ids.tolist() == [[5, 6, 7], [8, -1, -1], [-1, -1, -1]]
    assert mask.tolist() == [[True, True, True], [True, False, False], [False, False, False]]
    assert ids.dtype == np.int64
    assert mask.dtype == np.bool_


def test_a_longer_width_only_adds_padding():
    sequences = [np.array([1, 2]), np.array([3])]
    ids, mask = pad_sequences(sequences, length=5)
    short_ids, short_mask = pad_sequences(sequences)
    assert ids.shape == (2, 5)
    assert (ids[:, :2] == short_ids).all()
    assert not mask[:, 2:].any()
    assert (mask[:, :2] == short_mask).all()


def test_random_sequences_come_back_by_their_mask():
    rng = np.random.default_rng(1)
    sequences = [rng.integers(0, 100, rng.integers(0, 9)).astype(np.int32) for _ in range(50)]
    ids, mask = pad_sequences(sequences, value=999)
    for row, keep, sequence in zip(ids, mask, sequences, strict=True):
        assert row[keep].tolist() == sequence.tolist()
        assert (row[~keep] == 999).all()
        assert keep.tolist() == [True] * len(sequence) + [False] * (len(keep) - len(sequence))


def test_none_and_nothing_but_empty_ones():
    ids, mask = pad_sequences([])
    assert ids.shape == mask.shape == (0, 0)
    assert pad_sequences([], length=4)[0].shape == (0, 4)
    assert pad_sequences([[], []])[0].shape == (2, 0)
    assert pad_sequences([[], []], length=3)[1].sum() == 0


@pytest.mark.parametrize(
    ("sequences", "length", "error", "text"),
    [
        ([[1], [1, 2, 3]], 2, ShapeError, "sequence 1 has 3 ids, more than length=2"),
        ([[[1, 2]]], None, ShapeError, "sequence 0 has shape"),
        ([[1], [0.5]], None, DtypeError, "sequence 1 is of float64"),
        ([[1]], -1, SettingsError, "length"),
    ],
)
def test_what_does_not_fit_is_named(sequences, length, error, text):
    with pytest.raises(error, match=text):
        pad_sequences(sequences, length=length)
