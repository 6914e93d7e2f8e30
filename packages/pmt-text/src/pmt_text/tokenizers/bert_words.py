"""Words and marks of a text as BERT parts them, before WordPiece (Devlin et al. 2018)."""

from __future__ import annotations

import unicodedata

__all__ = ["bert_words"]

# Chinese characters are words of their own: the blocks of ideographs, their extensions and the
# compatibility forms. Not kana and hangul, which are written with spaces or in longer words.
_IDEOGRAPHS = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)


def bert_words(text: str, *, lower: bool = True) -> list[str]:
    """Parts `text` at spaces, around each mark and around each ideograph.

    Control characters are left out. lower: in lower case and without accents, as the "uncased"
    vocabularies are.
    """
    words: list[str] = []
    for part in _cleaned(text).split():
        words.extend(_split_marks(_plain(part) if lower else part))
    return words


def _cleaned(text: str) -> str:
    """Without control characters; every space a plain one, ideographs between spaces."""
    return "".join(_clean_character(c) for c in text)


def _clean_character(c: str) -> str:
    if c in "\t\n\r":
        return " "
    category = unicodedata.category(c)
    if category[0] == "C" or c == "\ufffd":
        return ""
    if category == "Zs":
        return " "
    return f" {c} " if _is_ideograph(ord(c)) else c


def _is_ideograph(code: int) -> bool:
    return code >= 0x3400 and any(first <= code <= last for first, last in _IDEOGRAPHS)


def _plain(word: str) -> str:
    parts = unicodedata.normalize("NFD", word.lower())
    return "".join(c for c in parts if unicodedata.category(c) != "Mn")


def _split_marks(word: str) -> list[str]:
    """Each mark alone, and what stands between them."""
    parts: list[str] = []
    joined = False
    for c in word:
        if _is_mark(c):
            parts.append(c)
            joined = False
        elif joined:
            parts[-1] += c
        else:
            parts.append(c)
            joined = True
    return parts


def _is_mark(c: str) -> bool:
    """Punctuation; of ASCII also what Unicode calls symbols, such as $ and ^."""
    if c.isascii():
        return not (c.isalnum() or c.isspace())
    return unicodedata.category(c)[0] == "P"
