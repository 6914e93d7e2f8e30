"""Normalizers of a tokenizer.json: functions from text to text."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable
from typing import Literal

from pmt_core import DataError, JsonObject, field, json_object, value_text
from pmt_text.tokenizers.pretrained.bert_text import WHITE_SPACE, Normalizer, bert_normalizer
from pmt_text.tokenizers.pretrained.byte_level import byte_text
from pmt_text.tokenizers.pretrained.character_map import read_character_map
from pmt_text.tokenizers.pretrained.patterns import length_limit, read_pattern
from pmt_text.tokenizers.pretrained.unicode_tables import COMBINING, CharacterMap, CodePoints


def read_normalizer(entry: JsonObject | None) -> Normalizer | None:
    """Return the normalizer of an entry. Raises DataError, also for unknown kinds."""
    if entry is None:
        return None
    kind = field(entry, "type", str)
    if kind not in _KINDS:
        raise DataError(
            f"{entry.where}: unknown normalizer {value_text(kind)}; known are {', '.join(_KINDS)}"
        )
    return _KINDS[kind](entry)


def _bert(entry: JsonObject) -> Normalizer:
    lower = field(entry, "lowercase", bool, True)
    accents = field(entry, "strip_accents", bool | None, None)
    return bert_normalizer(
        clean=field(entry, "clean_text", bool, True),
        ideographs=field(entry, "handle_chinese_chars", bool, True),
        accents=lower if accents is None else accents,
        lower=lower,
    )


def _sequence(entry: JsonObject) -> Normalizer:
    parts = field(entry, "normalizers", list)
    made = [read_normalizer(json_object(part, where=entry.where)) for part in parts]

    def normalize(text: str) -> str:
        most = length_limit(len(text))
        for part in made:
            if part is not None:
                text = part(text)
            if len(text) > most:
                raise DataError(f"{entry.where}: the steps make a text 64 times as long")
        return text

    return normalize


def _lower(entry: JsonObject) -> Normalizer:
    table = CharacterMap(str.lower)  # by character: no final sigma
    return lambda text: text.lower() if text.isascii() else text.translate(table)


# Compatibility decompositions that Unicode has added since the tables of the tokenizers.
_NEW_DECOMPOSITIONS = re.compile(
    "([\u32ff\ua7f2-\ua7f4\uab69\U00010781-\U00010785\U00010787-\U000107b0\U000107b2-\U000107ba"
    "\U0001f16c\U0001fbf0-\U0001fbf9]+)"
)


def _unicode(name: Literal["NFC", "NFD", "NFKC", "NFKD"], entry: JsonObject) -> Normalizer:
    is_compatible = name in ("NFKC", "NFKD")

    def normalize(text: str) -> str:
        if text.isascii():
            return text
        if is_compatible and _NEW_DECOMPOSITIONS.search(text):
            parts = _NEW_DECOMPOSITIONS.split(text)
            parts[::2] = [unicodedata.normalize(name, part) for part in parts[::2]]
            return "".join(parts)
        return unicodedata.normalize(name, text)

    return normalize


def _strip_accents(entry: JsonObject) -> Normalizer:
    combining = CodePoints(COMBINING)
    table = CharacterMap(lambda c: "" if ord(c) in combining else c)
    return lambda text: text if text.isascii() else text.translate(table)


def _strip(entry: JsonObject) -> Normalizer:
    left = f"^[{WHITE_SPACE}]+" if field(entry, "strip_left", bool, True) else ""
    right = f"[{WHITE_SPACE}]+\\Z" if field(entry, "strip_right", bool, True) else ""
    pattern = re.compile("|".join(filter(None, (left, right))) or "(?!)")
    return lambda text: pattern.sub("", text)


def _replace(entry: JsonObject) -> Normalizer:
    pattern = read_pattern(entry)
    content = field(entry, "content", str)
    return lambda text: pattern.of(text).sub(lambda match: content, text)


def _prepend(entry: JsonObject) -> Normalizer:
    prefix = field(entry, "prepend", str)
    return lambda text: prefix + text if text else text


_NMT_DROPPED = re.compile("[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]")
_NMT_SPACES = re.compile("[\t\n\x0c\r \u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]")


def _nmt(entry: JsonObject) -> Normalizer:
    return lambda text: _NMT_SPACES.sub(" ", _NMT_DROPPED.sub("", text))


def _byte_level(entry: JsonObject) -> Normalizer:
    return byte_text


_KINDS: dict[str, Callable[[JsonObject], Normalizer]] = {
    "BertNormalizer": _bert,
    "ByteLevel": _byte_level,
    "Lowercase": _lower,
    "NFC": functools.partial(_unicode, "NFC"),
    "NFD": functools.partial(_unicode, "NFD"),
    "NFKC": functools.partial(_unicode, "NFKC"),
    "NFKD": functools.partial(_unicode, "NFKD"),
    "Nmt": _nmt,
    "Precompiled": read_character_map,
    "Prepend": _prepend,
    "Replace": _replace,
    "Sequence": _sequence,
    "Strip": _strip,
    "StripAccents": _strip_accents,
}
