"""Normalizers of a tokenizer.json: functions from text to text."""

from __future__ import annotations

from collections.abc import Callable

from pmt_core import DataError, JsonObject, field, json_object, value_text
from pmt_text.tokenizers.pretrained.bert_text import Normalizer, bert_normalizer


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
        for part in made:
            if part is not None:
                text = part(text)
        return text

    return normalize


_KINDS: dict[str, Callable[[JsonObject], Normalizer]] = {
    "BertNormalizer": _bert,
    "Sequence": _sequence,
}
