"""What a tagger sees of a word besides its letters: a folded spelling, and its shape."""

from __future__ import annotations

import re

__all__ = ["fold_word", "letters_only", "word_shape"]

_DIGIT = re.compile(r"\d")


def fold_word(word: str, *, lower: bool = True, digits: bool = True) -> str:
    """The word in lower case (`lower`), and with 0 for every digit (`digits`): 0000-00-00.

    What is lost is in `word_shape` and in the characters.
    """
    if lower:
        word = word.lower()
    return _DIGIT.sub("0", word) if digits else word


def letters_only(word: str) -> str:
    """The word without its marks and digits, in lower case."""
    return "".join(filter(str.isalpha, word)).lower()


def word_shape(word: str, longest_run: int = 2) -> str:
    """The word with X for a capital, x for another letter and d for a digit; marks stay.

    Runs of one sign are cut to `longest_run`: "U.S." is "X.X.", "Brussels" "Xxx", "1996-08-22"
    "dd-dd-dd", "McDonald" "XxXxx".
    """
    shape: list[str] = []
    run, before = 0, ""
    for letter in word:
        if letter.isalpha():
            sign = "X" if letter.isupper() or letter.istitle() else "x"
        else:
            sign = "d" if letter.isdigit() else letter
        run = run + 1 if sign == before else 1
        before = sign
        if run <= longest_run:
            shape.append(sign)
    return "".join(shape)
