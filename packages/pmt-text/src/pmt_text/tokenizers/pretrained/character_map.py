"""The normalizer Precompiled: SentencePiece's map of characters, a double-array trie.

The map is base64 of: the size of the trie in bytes (uint32), the trie (uint32 units, Aoe 1989), and
the replacements in UTF-8, each ended by a zero byte. A unit of the trie holds, from the lowest bit:
8 bits of label, whether a value follows, 22 bits of offset and its scale, and 1 bit for a value.
"""

from __future__ import annotations

import base64
import binascii
import unicodedata
from collections.abc import Callable

import numpy as np

from pmt_core import DataError, JsonObject, field
from pmt_text.tokenizers.pretrained.unicode_tables import CodePoints

_LONGEST = 6  # bytes of a cluster of characters from which each character is replaced by itself


class _Trie:
    def __init__(self, units: list[int], replacements: bytes) -> None:
        self._units = units
        self._replacements = replacements

    def replacement(self, text: str) -> str | None:
        """Return what replaces the shortest beginning of a text that the map has."""
        units, position = self._units, 0
        position ^= _offset(units[0])
        for byte in text.encode("utf-8", "surrogatepass"):
            if not byte:
                break
            position ^= byte
            if position >= len(units):
                return None
            unit = units[position]
            if unit & 0x800000FF != byte:
                return None
            position ^= _offset(unit)
            if unit >> 8 & 1:
                if position >= len(units):
                    return None
                start = units[position] & 0x7FFFFFFF
                end = self._replacements.find(b"\0", start)
                data = self._replacements[start : end if end >= 0 else None]
                return data.decode("utf-8", "replace")
        return None


def _offset(unit: int) -> int:
    return unit >> 10 << ((unit & 512) >> 6)


def read_character_map(entry: JsonObject) -> Callable[[str], str]:
    """Return the normalizer of a `precompiled_charsmap`. Raises DataError."""
    encoded = field(entry, "precompiled_charsmap", str | None, None)
    if not encoded:
        return lambda text: text
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DataError(f"{entry.where}['precompiled_charsmap']: not base64: {error}") from error
    size = int.from_bytes(data[:4], "little")
    if len(data) < 8 or size % 4 or not 4 <= size <= len(data) - 4:
        raise DataError(
            f"{entry.where}['precompiled_charsmap']: {len(data)} bytes do not hold a trie of "
            f"{size} bytes; the file is damaged"
        )
    trie = _Trie(np.frombuffer(data, "<u4", size // 4, 4).tolist(), data[4 + size :])
    return _CharacterNormalizer(trie)


class _CharacterNormalizer:
    """Replace clusters of characters; each cluster is looked up once."""

    def __init__(self, trie: _Trie) -> None:
        self._trie = trie
        self._single: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        single = self._single
        parts: list[str] = []
        start, n = 0, len(text)
        while start < n:
            end = start + 1
            while end < n and _continues(text[end - 1], text[end]):
                end += 1
            cluster = text[start:end]
            if end - start > 1 and len(cluster.encode("utf-8", "surrogatepass")) < _LONGEST:
                joined = self._trie.replacement(cluster)
                if joined is not None:
                    parts.append(joined)
                    start = end
                    continue
            for c in cluster:
                replaced = single.get(c)
                if replaced is None:
                    mapped = self._trie.replacement(c)
                    replaced = single[c] = c if mapped is None else mapped
                parts.append(replaced)
            start = end
        return "".join(parts)


def _continues(before: str, c: str) -> bool:
    """Return whether there is no boundary of a grapheme cluster (UAX 29) before c.

    Clusters of 6 bytes and more, such as Hangul syllables and flags, need not be known.
    """
    if c < "\u0300":
        return (c == "\n" and before == "\r") or (c >= " " and before in _PREPENDED)
    if _is_control(before):
        return False
    if c in "\u200c\u200d" or "\U0001f3fb" <= c <= "\U0001f3ff" or _is_tag(c):
        return True
    category = unicodedata.category(c)
    if category == "Mc" and ord(c) in _SEPARATE_MARKS:
        return before in _PREPENDED
    return category in ("Mn", "Me", "Mc") or c in "\u0e33\u0eb3" or before in _PREPENDED


_PREPENDED = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e"
# Spacing marks that do not continue a cluster.
_SEPARATE_MARKS = CodePoints(
    "102b-102c 1038 1062-1064 1067-106d 1083 1087-108c 108f 109a-109c 1a61 1a63-1a64 aa7b aa7d "
    "11720-11721"
)


def _is_tag(c: str) -> bool:
    return "\U000e0020" <= c <= "\U000e007f"


def _is_control(c: str) -> bool:
    if _is_tag(c):
        return False
    if "\U000e0000" <= c <= "\U000e0fff":  # reserved, but variation selectors
        return unicodedata.category(c) != "Mn"
    category = unicodedata.category(c)
    return category in ("Cc", "Zl", "Zp", "Cs") or (
        category == "Cf" and c not in "\u200c\u200d" and c not in _PREPENDED
    )
