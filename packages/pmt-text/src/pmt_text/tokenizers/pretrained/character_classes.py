"""Classes of characters in regular expressions, such as \\p{L} and \\s, from unicodedata."""

from __future__ import annotations

import functools
import sys
import unicodedata
from bisect import bisect_right

from pmt_core import DataError, value_text
from pmt_text.tokenizers.pretrained.unicode_tables import (
    NEW_DIGITS,
    NEW_LETTERS,
    NEW_MARKS,
    NEW_NUMBERS,
    NEW_PUNCTUATION,
    NEW_SYMBOLS,
    CodePoints,
)

Ranges = list[tuple[int, int]]

WHITE_SPACE = "9-d 20 85 a0 1680 2000-200a 2028-2029 202f 205f 3000"
"""White_Space of Unicode. Python's \\s has the separators U+001C to U+001F as well."""

_NEW = {
    "L": NEW_LETTERS,
    "M": NEW_MARKS,
    "N": NEW_NUMBERS,
    "Nd": NEW_DIGITS,
    "P": NEW_PUNCTUATION,
    "S": NEW_SYMBOLS,
}
_CATEGORIES = frozenset(
    (
        *("L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No"),
        *("P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So"),
        *("Z", "Zs", "Zl", "Zp"),
    )
)
_LONG_NAMES = {
    "Letter": "L",
    "Mark": "M",
    "Number": "N",
    "Punctuation": "P",
    "Symbol": "S",
    "Separator": "Z",
    "Decimal_Number": "Nd",
    "Uppercase_Letter": "Lu",
    "Lowercase_Letter": "Ll",
}
_HAN = (
    "2e80-2e99 2e9b-2ef3 2f00-2fd5 3005 3007 3021-3029 3038-303b 3400-4dbf 4e00-9fff f900-fa6d "
    "fa70-fad9 16fe2-16fe3 16ff0-16ff1 20000-2a6df 2a700-2b739 2b740-2b81d 2b820-2cea1 "
    "2ceb0-2ebe0 2ebf0-2ee5d 2f800-2fa1d 30000-3134a 31350-323af"
)
_WORD_EXTRA = "24b6-24e9 1f130-1f149 1f150-1f169 1f170-1f189"  # Other_Alphabetic
JOINERS = "\u200c\u200d"
_ASCII_END = 127
# Above this nothing but ideographs, private use and a few others is assigned.
_PLANES = (range(0x20000), range(0xE0000, 0xE0200))


@functools.cache
def class_ranges(name: str, ascii_only: bool = False) -> Ranges:
    """Return the code points of a class: "s", "d", "w", "word", or a property, e.g. "L", "Han".

    Raises DataError for an unknown property.
    """
    if name == "s":
        ranges = CodePoints(WHITE_SPACE).ranges()
    elif name == "d":
        ranges = class_ranges("Nd", ascii_only)
    elif name == "w":  # Oniguruma counts some numbers of Latin-1 too
        ranges = _union(class_ranges("word", ascii_only), CodePoints("b2-b3 b9 bc-be").ranges())
    elif name == "word":
        parts = [class_ranges(part, ascii_only) for part in ("L", "M", "Nd", "Nl", "Pc")]
        ranges = _union(*parts, CodePoints(_WORD_EXTRA).ranges())
    elif name == "Han":
        ranges = CodePoints(_HAN).ranges()
    else:
        ranges = _category(_LONG_NAMES.get(name, name), ascii_only)
    if ascii_only:
        return [(first, min(last, _ASCII_END)) for first, last in ranges if first <= _ASCII_END]
    return ranges


def is_word_character(c: str) -> bool:
    """Return whether c is a letter, mark, digit, joiner or underscore; False for no character."""
    if c.isascii():
        return c.isalnum() or c == "_"
    ranges = class_ranges("word")
    i = bisect_right(ranges, (ord(c), sys.maxunicode)) - 1
    return c in JOINERS or (i >= 0 and ord(c) <= ranges[i][1])


def _category(name: str, ascii_only: bool) -> Ranges:
    if name not in _CATEGORIES:
        raise DataError(
            f"unknown class of characters {value_text(name)}; known are categories such as L, Lu, "
            "N, P, S, and Han"
        )
    category = unicodedata.category
    planes = (range(_ASCII_END + 1),) if ascii_only else _PLANES
    codes = [c for plane in planes for c in plane if category(chr(c)).startswith(name)]
    ranges = _as_ranges(codes)
    if not ascii_only:
        if name in ("L", "Lo"):  # ideographs of the planes 2 and 3
            ranges += [(a, b) for a, b in CodePoints(_HAN).ranges() if a >= 0x20000]
        ranges += CodePoints(_NEW.get(name, "")).ranges()
    return _union(ranges)


def _as_ranges(codes: list[int]) -> Ranges:
    ranges: Ranges = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1] = (ranges[-1][0], code)
        else:
            ranges.append((code, code))
    return ranges


def _union(*parts: Ranges) -> Ranges:
    joined: Ranges = []
    for first, last in sorted(item for part in parts for item in part):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def complement(ranges: Ranges) -> Ranges:
    """Return the code points that are not in sorted ranges."""
    result, start = [], 0
    for first, last in ranges:
        if start < first:
            result.append((start, first - 1))
        start = last + 1
    if start <= sys.maxunicode:
        result.append((start, sys.maxunicode))
    return result


def class_body(ranges: Ranges) -> str:
    """Return ranges as the inside of a class of Python's regular expressions."""
    return "".join(
        f"\\U{first:08x}" + (f"-\\U{last:08x}" if last > first else "") for first, last in ranges
    )
