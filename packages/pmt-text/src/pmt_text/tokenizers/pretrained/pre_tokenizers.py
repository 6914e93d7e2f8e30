"""Pre-tokenizers of a tokenizer.json: they split a normalized text into words."""

from __future__ import annotations

from collections.abc import Callable

from pmt_core import DataError, JsonObject, field, json_object, value_text
from pmt_text.tokenizers.pretrained.bert_text import split_bert_words

PreTokenizer = Callable[[list[str], bool], list[str]]
"""(parts of a text, whether the first is its beginning) -> smaller parts."""


def read_pre_tokenizer(entry: JsonObject | None) -> PreTokenizer | None:
    """Return the pre-tokenizer of an entry. Raises DataError, also for unknown kinds."""
    if entry is None:
        return None
    kind = field(entry, "type", str)
    if kind not in _KINDS:
        known = ", ".join(_KINDS)
        raise DataError(
            f"{entry.where}: unknown pre-tokenizer {value_text(kind)}; known are {known}"
        )
    return _KINDS[kind](entry)


def each_part(split: Callable[[str], list[str]]) -> PreTokenizer:
    """Return the pre-tokenizer that splits each part by itself."""

    def pre_tokenize(parts: list[str], at_start: bool) -> list[str]:
        if len(parts) == 1:
            return split(parts[0])
        return [word for part in parts for word in split(part)]

    return pre_tokenize


def _bert(entry: JsonObject) -> PreTokenizer:
    return each_part(split_bert_words)


def _sequence(entry: JsonObject) -> PreTokenizer:
    parts = field(entry, "pretokenizers", list)
    made = [read_pre_tokenizer(json_object(part, where=entry.where)) for part in parts]

    def pre_tokenize(parts: list[str], at_start: bool) -> list[str]:
        for step in made:
            if step is not None:
                parts = step(parts, at_start)
        return parts

    return pre_tokenize


_KINDS: dict[str, Callable[[JsonObject], PreTokenizer]] = {
    "BertPreTokenizer": _bert,
    "Sequence": _sequence,
}
