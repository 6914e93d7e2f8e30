"""A text cut where byte-pair encoding may not merge: between words, numbers, marks and spaces."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["LONGEST_WORD", "split_words"]

LONGEST_WORD = 1 + 64 * 4
"""Bytes of UTF-8 that `split_words` leaves together at most."""

# Every character is of exactly one class, so nothing is lost. At most 64 of a kind stand together:
# what has no spaces (a web address, a megabyte of base64) must not cost the square of its length.
_WORD = re.compile(
    r" ?[^\W\d_]{1,64}"  # letters, with the space before them
    r"| ?\d{1,64}"
    r"| ?(?:[^\s\w]|_){1,64}"
    r"|\s{1,64}(?!\S)"  # spaces but the last, which belongs to the word behind
    r"|\s{1,64}"
)


def split_words(text: str) -> Iterator[str]:
    """Parts of `text`: letters, digits or other marks with the one space before them, or spaces.

    Put together again they are the text, whatever it is.
    """
    return (found.group() for found in _WORD.finditer(text))
