"""Fold Unicode text to the simplest equivalent characters."""

from __future__ import annotations

import re
import unicodedata

# Compatibility normalization would turn "8½" into "81⁄2", "™" into letters of the previous word and
# "´" into a space with an accent; these are replaced before. The rupee sign is dropped: tokenized
# text lacks it, and in the public release it is often a replacement character.
_BEFORE = {ord(c): "'" for c in "‘’‚‛′´ʼʻ＇"}
_BEFORE |= {ord(c): '"' for c in "“”„‟″«»¨〝〞"}
_BEFORE |= {ord(c): " " for c in "™®©℠₹"}
_BEFORE |= {ord(c): f" {unicodedata.normalize('NFKC', c)} " for c in "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"}

# After it: one dash, one slash, one multiplication sign.
_AFTER = {ord(c): "-" for c in "‐‑‒−"} | {ord(c): " - " for c in "–—―"}
_AFTER |= {ord("⁄"): "/", ord("∕"): "/", ord("÷"): "/", ord("×"): "*"}
_AFTER |= dict.fromkeys(range(0x300, 0x370), "")  # accents, split off by NFKD

_NOT_A_WORD = re.compile(r"[^\w\s\x00-\x7f]")
# UTF-8 of two or three bytes as it looks when read as Windows-1252.
_TRAIL = re.escape(bytes(range(0x80, 0xC0)).decode("cp1252", "ignore"))
_MOJIBAKE = re.compile(f"[ÂÃ][{_TRAIL}\x80-\xbf]|[âã][{_TRAIL}\x80-\xbf]{{2}}")
_LOST_APOSTROPHE = re.compile("(?<=[A-Za-z])\ufffd(?=(?:[sStTdDmM]|re|ve|ll)\\b)")
_IDEOGRAPH = re.compile("([\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])")


def fold_unicode(text: str) -> str:
    """Return `text` in NFKC without Latin accents, typographic and invisible characters.

    Curly quotes become straight ones, dashes ``-``, fractions ``1/2``. UTF-8 that was decoded as
    Windows-1252 (``donâ€™t``) is decoded again. U+FFFD becomes an apostrophe where only one fits,
    as between ``don`` and ``t``, and otherwise a space. Ideographs and symbols are surrounded by
    spaces.
    """
    if text.isascii():
        return text
    text = _MOJIBAKE.sub(_reread, text)
    text = _LOST_APOSTROPHE.sub("'", text)
    text = unicodedata.normalize("NFKD", text.translate(_BEFORE)).translate(_AFTER)
    text = unicodedata.normalize("NFKC", text)
    text = _NOT_A_WORD.sub(_symbol, text)
    return _IDEOGRAPH.sub(r" \1 ", text)


def _reread(match: re.Match[str]) -> str:
    """Decode mojibake as UTF-8; return it unchanged if that fails."""
    text = match.group()
    try:
        return b"".join(_byte(character) for character in text).decode("utf-8")
    except UnicodeError:
        return text


def _byte(character: str) -> bytes:
    """Encode as Windows-1252, or Latin-1 for the bytes it leaves undefined."""
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1")


def _symbol(match: re.Match[str]) -> str:
    """Keep combining characters, drop invisible ones, surround symbols by spaces."""
    character = match.group()
    category = unicodedata.category(character)
    if category.startswith("M"):
        return character
    if category == "Cf":
        return ""
    if category.startswith(("Cc", "Co", "Cs", "Z")) or character == "\ufffd":
        return " "  # "Cn" may be a symbol that is newer than Python's table of Unicode
    return f" {character} "
