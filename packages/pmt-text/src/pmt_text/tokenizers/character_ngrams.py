"""`CharacterNgrams`: the character n-grams of words, hashed to a number of buckets."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError

_MAX_BUCKETS = 1 << 24
_MAX_LETTERS = 64


@dataclass(frozen=True, slots=True)
class CharacterNgrams:
    """The character n-grams of a word and its two ends (Bojanowski et al. 2017).

    A word is written between < and >, so that prefixes and suffixes differ from what is within a
    word: "where" has the 3-grams <wh whe her ere re>. Each n-gram is a number by its hash, the
    CRC-32 of its UTF-8 bytes modulo the number of buckets; different n-grams may share a bucket.

    Attributes:
        min_n, max_n: Lengths of the n-grams in characters, the ends included.
        buckets: Number of buckets.

    Raises:
        SettingsError: A value is out of range.

    Examples:
        >>> from pmt_text import CharacterNgrams
        >>> ngrams = CharacterNgrams(min_n=3, max_n=3, buckets=1000)
        >>> ngrams.texts("where")
        ['<wh', 'whe', 'her', 'ere', 're>']
        >>> ngrams.numbers("her")[:1] == ngrams.numbers("herd")[:1]  # <he
        array([ True])
    """

    min_n: int = 3
    max_n: int = 6
    buckets: int = 200_000

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 1 <= self.min_n <= self.max_n <= _MAX_LETTERS:
            raise SettingsError(
                f"n-grams have 1 <= min_n <= max_n <= {_MAX_LETTERS} characters, got min_n = "
                f"{self.min_n} and max_n = {self.max_n}"
            )
        if not 1 <= self.buckets <= _MAX_BUCKETS:
            raise SettingsError(f"buckets are 1 to {_MAX_BUCKETS}, got {self.buckets}")

    def texts(self, word: str) -> list[str]:
        """Return the n-grams, the shortest first. Of a longer word only 64 letters are read."""
        text = f"<{word[:_MAX_LETTERS]}>"
        return [
            text[start : start + n]
            for n in range(self.min_n, self.max_n + 1)
            for start in range(len(text) - n + 1)
        ]

    def numbers(self, word: str) -> NDArray[np.int64]:
        """Return the bucket of each n-gram, (n,), 0 ... buckets - 1."""
        # Lone surrogates, which no text file has, are hashed too.
        codes = [zlib.crc32(text.encode("utf-8", "surrogatepass")) for text in self.texts(word)]
        return np.array(codes, np.int64) % self.buckets

    def parts(self, words: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return the rows that word vectors are means of, in a table of words, then buckets.

        Returns:
            offsets (v + 1,) and rows (p,): word i has the rows from offsets[i] to offsets[i + 1]:
            i for the word itself, then v + number of each n-gram.
        """
        v = len(words)
        rows = [np.append(i, self.numbers(word) + v) for i, word in enumerate(words)]
        offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64)
        return offsets, np.concatenate([np.zeros(0, np.int64), *rows]).astype(np.int32)
