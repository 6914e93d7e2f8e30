"""Character n-grams of words: which there are, their numbers, and rows of a table."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import SettingsError
from pmt_text import CharacterNgrams


def test_ngrams_have_the_ends_of_the_word() -> None:
    ngrams = CharacterNgrams(3, 4, 100)
    assert ngrams.texts("über") == ["<üb", "übe", "ber", "er>", "<übe", "über", "ber>"]
    assert ngrams.texts("a") == ["<a>"]
    assert CharacterNgrams(4, 6, 100).texts("a") == []
    assert ngrams.numbers("").tolist() == []


def test_numbers_are_the_crc32_of_utf8() -> None:
    """The check value of CRC-32 is that of "123456789"; with its ends a word is longer by two."""
    numbers = CharacterNgrams(9, 9, 1 << 24).numbers("123456789")
    assert numbers[1] == 0xCBF43926 % (1 << 24)
    small = CharacterNgrams(3, 6, 7).numbers("Übergröße")
    assert small.min() >= 0
    assert small.max() < 7


def test_a_long_word_has_the_ngrams_of_its_first_letters() -> None:
    ngrams = CharacterNgrams(3, 3, 1000)
    assert len(ngrams.texts("x" * 5000)) == 64
    assert ngrams.texts("x" * 64)[-1] == "xx>"


def test_parts_are_the_word_and_the_buckets_of_its_ngrams() -> None:
    ngrams = CharacterNgrams(3, 5, 50)
    words = ["cat", "cats", "a"]
    offsets, rows = ngrams.parts(words)
    assert len(offsets) == 4
    for i, word in enumerate(words):
        own, *others = rows[offsets[i] : offsets[i + 1]].tolist()
        assert own == i
        np.testing.assert_array_equal(np.array(others) - 3, ngrams.numbers(word))
    assert [len(part) for part in ngrams.parts([])] == [1, 0]


@pytest.mark.parametrize(
    ("lengths", "message"),
    [((0, 3, 5), "min_n = 0"), ((4, 3, 5), "max_n = 3"), ((3, 99, 5), "64"), ((3, 4, 0), "got 0")],
)
def test_settings_out_of_range(lengths: tuple[int, int, int], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        CharacterNgrams(*lengths)
