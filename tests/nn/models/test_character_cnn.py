"""The character CNN: a convolution over characters and its maximum over the word."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_autograd import Tensor
from pmt_core import DtypeError, SettingsError, ShapeError
from pmt_nn import CharacterEncoder, spelling_features

WORDS = np.array([[1, 2, 3, 4, 0], [5, 1, 0, 0, 0], [2, 0, 0, 0, 0], [0, 0, 0, 0, 0]])
SPELLING_IDS = np.array([[0, 1, 1], [2, 3, 0]])


def test_a_filter_counts_what_it_is_made_for() -> None:
    """One filter for "character 1, then 2", one for "2 at the end", worked out by hand."""
    characters = np.eye(4)
    kernel = np.zeros((3, 4, 2))
    kernel[0, 1, 0] = kernel[1, 2, 0] = 1  # 1 before, 2 here
    kernel[1, 2, 1] = kernel[2, 0, 1] = 1  # 2 here, nothing after
    ids = np.array([[3, 1, 2, 3], [1, 3, 2, 0], [2, 1, 1, 1]])
    y = spelling_features(Tensor(characters), Tensor(kernel), ids=ids, spelling_ids=np.arange(3))
    assert y.data.tolist() == [[2, 1], [1, 2], [1, 1]]


def test_padding_more_and_the_order_of_words_change_nothing(rng) -> None:
    encoder = CharacterEncoder(6, 4, 7, rng)
    wide = np.pad(WORDS, ((0, 0), (0, 6)))
    np.testing.assert_array_equal(encoder(WORDS).data, encoder(wide).data)
    several = WORDS[[2, 0, 0, 3, 2]].reshape(1, 5, 5)
    np.testing.assert_array_equal(encoder(several).data[0], encoder(WORDS).data[[2, 0, 0, 3, 2]])
    np.testing.assert_array_equal(
        encoder(WORDS, SPELLING_IDS).data,
        encoder(WORDS[SPELLING_IDS]).data,
        "by spelling ids or spelled out",
    )
    assert (encoder(WORDS).data[3] == 0).all()


def test_a_long_batch_in_blocks_equals_word_by_word(rng) -> None:
    encoder = CharacterEncoder(30, 4, 40, rng)
    words = rng.integers(1, 30, (900, 12))
    words[np.arange(12) >= rng.integers(1, 13, (900, 1))] = 0
    together = encoder(words).data
    for i in (0, 299, 898):
        np.testing.assert_array_equal(together[i], encoder(words[i : i + 1]).data[0])


def test_complaints(rng) -> None:
    with pytest.raises(SettingsError, match="odd"):
        CharacterEncoder(6, 4, 7, rng, kernel_size=2)
    encoder = CharacterEncoder(6, 4, 7, rng)
    with pytest.raises(DtypeError, match="integers"):
        encoder(WORDS.astype(float))
    with pytest.raises(ShapeError, match=r"0 \.\.\. 5"):
        encoder(WORDS + 1 + (WORDS == 5))
    with pytest.raises(ShapeError, match="length"):
        encoder(WORDS[0])
