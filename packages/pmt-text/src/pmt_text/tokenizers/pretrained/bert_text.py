"""Text of BERT: its normalizer, and its words at spaces and around punctuation."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable

from pmt_text.tokenizers.pretrained.unicode_tables import (
    BERT_ACCENTS,
    BERT_CONTROL,
    BERT_PUNCTUATION,
    CharacterMap,
    CodePoints,
)

Normalizer = Callable[[str], str]

# White_Space of Unicode. Python's \s has the separators U+001C to U+001F as well.
WHITE_SPACE = "\t-\r \\x85\\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_ASCII_PUNCTUATION = "!-/:-@\\[-`{-~"
_ASCII_WORDS = re.compile(f"[{_ASCII_PUNCTUATION}]|[^\t-\r {_ASCII_PUNCTUATION}]+")
# Each ideograph is a word; the blocks of CJK ideographs, not kana and hangul.
_IDEOGRAPHS = CodePoints(
    "3400-4dbf 4e00-9fff f900-faff 20000-2a6df 2a700-2b73f 2b740-2b81f 2b920-2ceaf 2f800-2fa1f"
)
_CLEAN_SPACE = re.compile(f"[\t\n\r{WHITE_SPACE[4:]}]")


def bert_normalizer(
    *, clean: bool = True, ideographs: bool = True, accents: bool = True, lower: bool = True
) -> Normalizer:
    """Return the normalizer of BERT (Devlin et al. 2018), in this order.

    clean: drop control characters, and write any white space as a space. ideographs: put spaces
    around ideographs. accents: drop them, after a canonical decomposition. lower: convert each
    character to lower case.
    """
    first = CharacterMap(functools.partial(_cleaned, clean=clean, ideographs=ideographs))
    last = CharacterMap(functools.partial(_plain, accents=accents, lower=lower))

    def normalize(text: str) -> str:
        if not (text.isascii() and text.isprintable()):
            text = text.translate(first)
        if text.isascii():
            return text.lower() if lower else text
        if accents:
            text = unicodedata.normalize("NFD", text)
        return text.translate(last)

    return normalize


def _cleaned(c: str, *, clean: bool, ideographs: bool) -> str:
    if clean and ord(c) in _control():
        return ""
    if clean and _CLEAN_SPACE.match(c):
        return " "
    return f" {c} " if ideographs and ord(c) in _IDEOGRAPHS else c


def _plain(c: str, *, accents: bool, lower: bool) -> str:
    if accents and ord(c) in _accents():
        return ""
    return c.lower() if lower else c


@functools.cache
def _control() -> CodePoints:
    return CodePoints(BERT_CONTROL)


@functools.cache
def _accents() -> CodePoints:
    return CodePoints(BERT_ACCENTS)


def split_bert_words(text: str) -> list[str]:
    """Split a normalized text at white space, and around each punctuation character."""
    return (_ASCII_WORDS if text.isascii() else _words()).findall(text)


@functools.cache
def _words() -> re.Pattern[str]:
    punctuation = punctuation_class()
    return re.compile(f"[{punctuation}]|[^{WHITE_SPACE}{punctuation}]+")


@functools.cache
def punctuation_class() -> str:
    """Return the punctuation as the inside of a class of a regular expression."""
    ranges = CodePoints(BERT_PUNCTUATION).ranges()
    return _ASCII_PUNCTUATION + "".join(f"{chr(a)}-{chr(b)}" for a, b in ranges)
