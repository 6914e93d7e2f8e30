"""Pre-tokenizers of a tokenizer.json: they split a normalized text into words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pmt_core import DataError, JsonObject, field, json_object, value_text
from pmt_text.tokenizers.pretrained.bert_text import (
    WHITE_SPACE,
    punctuation_class,
    split_bert_words,
)
from pmt_text.tokenizers.pretrained.byte_level import byte_text, gpt2_pattern
from pmt_text.tokenizers.pretrained.character_classes import JOINERS, class_body, class_ranges
from pmt_text.tokenizers.pretrained.patterns import length_limit, read_pattern
from pmt_text.tokenizers.pretrained.splitting import check_behavior, split_at

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


def _byte_level(entry: JsonObject) -> PreTokenizer:
    """Words of GPT-2, in a character for each byte; `add_prefix_space`: after a space."""
    prefix = field(entry, "add_prefix_space", bool, True)
    has_pattern = field(entry, "use_regex", bool, True)
    pattern = gpt2_pattern()

    def split(text: str) -> list[str]:
        if prefix and not text.startswith(" "):
            text = f" {text}"
        words = pattern.of(text).findall(text) if has_pattern else [text]
        return [*map(byte_text, words)]

    return each_part(split)


def _metaspace(entry: JsonObject) -> PreTokenizer:
    """Spaces become U+2581, one is put before the text, and each begins a word (SentencePiece)."""
    replacement = field(entry, "replacement", str, "\u2581", minimum=1, maximum=1)
    always = field(entry, "add_prefix_space", bool, True)  # of old versions
    scheme = field(entry, "prepend_scheme", str, "always" if always else "never")
    if scheme not in ("always", "first", "never"):
        raise DataError(
            f"{entry.where}['prepend_scheme']: always, first or never, got {value_text(scheme)}"
        )
    is_split = field(entry, "split", bool, True)
    word = re.compile(f"{re.escape(replacement)}?[^{re.escape(replacement)}]+|{replacement}")

    def pre_tokenize(parts: list[str], at_start: bool) -> list[str]:
        words: list[str] = []
        for i, part in enumerate(parts):
            text = part.replace(" ", replacement)
            prepends = scheme == "always" or (scheme == "first" and at_start and i == 0)
            if prepends and not text.startswith(replacement):
                text = replacement + text
            if is_split:
                words += word.findall(text)
            else:
                words.append(text)
        return words

    return pre_tokenize


def _white_space(entry: JsonObject) -> PreTokenizer:
    """Words of letters, digits and marks, and runs of other characters."""
    word = class_body(class_ranges("word")) + JOINERS
    full = re.compile(f"[{word}]+|[^{word}{WHITE_SPACE}]+")
    return each_part(full.findall)


def _white_space_split(entry: JsonObject) -> PreTokenizer:
    return each_part(re.compile(f"[^{WHITE_SPACE}]+").findall)


def _punctuation(entry: JsonObject) -> PreTokenizer:
    behavior = check_behavior(field(entry, "behavior", str, "Isolated"), entry.where)
    pattern = re.compile(f"[{punctuation_class()}]")
    return each_part(lambda text: split_at(text, _spans(pattern, text), behavior))


def _digits(entry: JsonObject) -> PreTokenizer:
    behavior = "Isolated" if field(entry, "individual_digits", bool, False) else "Contiguous"
    pattern = re.compile(f"[{class_body(class_ranges('N'))}]")
    return each_part(lambda text: split_at(text, _spans(pattern, text), behavior))


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in pattern.finditer(text))


def _split(entry: JsonObject) -> PreTokenizer:
    pattern = read_pattern(entry)
    behavior = check_behavior(field(entry, "behavior", str), entry.where)
    invert = field(entry, "invert", bool, False)
    return each_part(lambda text: split_at(text, pattern.spans(text), behavior, invert=invert))


def _delimiter(entry: JsonObject) -> PreTokenizer:
    delimiter = field(entry, "delimiter", str, minimum=1, maximum=1)
    return each_part(lambda text: [part for part in text.split(delimiter) if part])


def _sequence(entry: JsonObject) -> PreTokenizer:
    parts = field(entry, "pretokenizers", list)
    made = [read_pre_tokenizer(json_object(part, where=entry.where)) for part in parts]

    def pre_tokenize(parts: list[str], at_start: bool) -> list[str]:
        most = length_limit(sum(map(len, parts)))
        for step in made:
            if step is not None:
                parts = step(parts, at_start)
            if sum(map(len, parts)) > most:
                raise DataError(f"{entry.where}: the steps make a text 64 times as long")
        return parts

    return pre_tokenize


_KINDS: dict[str, Callable[[JsonObject], PreTokenizer]] = {
    "BertPreTokenizer": _bert,
    "ByteLevel": _byte_level,
    "CharDelimiterSplit": _delimiter,
    "Digits": _digits,
    "Metaspace": _metaspace,
    "Punctuation": _punctuation,
    "Sequence": _sequence,
    "Split": _split,
    "Whitespace": _white_space,
    "WhitespaceSplit": _white_space_split,
}
