"""Post-processors: the special tokens and token types around one text or two, and truncation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pmt_core import DataError, JsonObject, SettingsError, field, json_object, value_text


class EncodedText(NamedTuple):
    """Ids (t) and token types (t) of one text or two, with special tokens.

    Examples:
        >>> from pmt_text import EncodedText
        >>> encoded = EncodedText([2, 4, 3, 7, 3], [0, 0, 0, 1, 1])  # [CLS] text [SEP] second [SEP]
        >>> encoded.ids, encoded.token_types
        ([2, 4, 3, 7, 3], [0, 0, 0, 1, 1])
    """

    ids: list[int]
    token_types: list[int]


class TemplatePart(NamedTuple):
    """A part of a template: special tokens, or the place of text 0 or 1."""

    ids: tuple[int, ...]
    text: int | None
    token_type: int


Template = tuple[TemplatePart, ...]


@dataclass(frozen=True, slots=True)
class PostProcessor:
    """The templates for one text and for two."""

    single: Template
    pair: Template

    @property
    def before(self) -> int:
        """Number of special tokens before one text."""
        start = next(i for i, part in enumerate(self.single) if part.text is not None)
        return sum(len(part.ids) for part in self.single[:start])

    def specials(self, texts: int) -> int:
        """Return the number of special tokens around one text or two."""
        return sum(len(part.ids) for part in self._template(texts))

    def __call__(self, texts: Sequence[list[int]]) -> EncodedText:
        """Return the ids of one text or two with special tokens, and the token types."""
        ids: list[int] = []
        types: list[int] = []
        for part_ids, text, token_type in self._template(len(texts)):
            part = part_ids if text is None else texts[text]
            ids += part
            types += [token_type] * len(part)
        return EncodedText(ids, types)

    def _template(self, texts: int) -> Template:
        return self.single if texts == 1 else self.pair


def _specials(*ids: int, token_type: int = 0) -> TemplatePart:
    return TemplatePart(ids, None, token_type)


def _text(text: int, token_type: int) -> TemplatePart:
    return TemplatePart((), text, token_type)


_MOST_ID = (1 << 31) - 1

NO_SPECIALS = PostProcessor((_text(0, 0),), (_text(0, 0), _text(1, 1)))
"""The texts alone."""


def read_post_processor(entry: JsonObject | None) -> PostProcessor:
    """Return the post-processor of a tokenizer.json. Raises DataError, also for unknown kinds."""
    if entry is None:
        return NO_SPECIALS
    kind = field(entry, "type", str)
    if kind == "TemplateProcessing":
        return _template_processing(entry)
    if kind == "BertProcessing":
        cls, sep = _named_id(entry, "cls"), _named_id(entry, "sep")
        single = (_specials(cls), _text(0, 0), _specials(sep))
        return PostProcessor(single, (*single, _text(1, 1), _specials(sep, token_type=1)))
    if kind == "RobertaProcessing":
        cls, sep = _named_id(entry, "cls"), _named_id(entry, "sep")
        single = (_specials(cls), _text(0, 0), _specials(sep))
        return PostProcessor(single, (*single, _specials(sep), _text(1, 0), _specials(sep)))
    if kind == "ByteLevel":  # corrects offsets only
        return NO_SPECIALS
    if kind == "Sequence":
        return _only_templates(entry)
    raise DataError(
        f"{entry.where}: unknown post-processor {value_text(kind)}; known are TemplateProcessing, "
        "BertProcessing, RobertaProcessing, ByteLevel, Sequence"
    )


def _only_templates(entry: JsonObject) -> PostProcessor:
    parts = [json_object(part, where=entry.where) for part in field(entry, "processors", list)]
    made = [part for part in map(read_post_processor, parts) if part is not NO_SPECIALS]
    if len(made) > 1:
        raise DataError(f"{entry.where}: more than one post-processor adds special tokens")
    return made[0] if made else NO_SPECIALS


def _named_id(entry: JsonObject, key: str) -> int:
    pair = field(entry, key, list)
    if len(pair) != 2 or type(pair[1]) is not int or not 0 <= pair[1] <= _MOST_ID:
        raise DataError(f"{entry.where}[{key!r}]: expected a token and its id")
    return int(pair[1])


def _template_processing(entry: JsonObject) -> PostProcessor:
    tokens = field(entry, "special_tokens", dict)
    single = _template(entry, "single", tokens)
    return PostProcessor(single, _template(entry, "pair", tokens))


def _template(entry: JsonObject, key: str, tokens: Mapping[str, object]) -> Template:
    parts = []
    for item in field(entry, key, list[dict[str, Any]]):
        if "Sequence" in item:
            text = field(item, "Sequence", dict)
            name = field(text, "id", str)
            if name not in ("A", "B") or (key == "single" and name == "B"):
                raise DataError(f"{entry.where}[{key!r}]: unknown sequence {value_text(name)}")
            parts.append(
                _text("AB".index(name), field(text, "type_id", int, 0, minimum=0, maximum=_MOST_ID))
            )
        else:
            special = field(item, "SpecialToken", dict)
            named = field(tokens, field(special, "id", str), dict)
            ids = field(named, "ids", list[int])
            if min(ids, default=0) < 0 or max(ids, default=0) > _MOST_ID:
                raise DataError(f"{entry.where}[{key!r}]: expected ids from 0 to {_MOST_ID:,}")
            token_type = field(special, "type_id", int, 0, minimum=0, maximum=_MOST_ID)
            parts.append(_specials(*ids, token_type=token_type))
    expected = [0] if key == "single" else [0, 1]
    if sorted(part.text for part in parts if part.text is not None) != expected:
        raise DataError(f"{entry.where}[{key!r}]: expected each text once")
    return tuple(parts)


@dataclass(frozen=True, slots=True)
class Truncation:
    """How texts are truncated.

    Attributes:
        max_length: ids, the special tokens included.
        strategy: "LongestFirst", "OnlyFirst" or "OnlySecond": which of two texts is truncated.
        left: whether the beginning is left out, and not the end.
    """

    max_length: int
    strategy: str = "LongestFirst"
    left: bool = False

    def __call__(self, texts: list[list[int]], specials: int) -> list[list[int]]:
        """Return one text or two, truncated. Raises SettingsError if the rest does not fit."""
        room = self.max_length - specials
        excess = sum(map(len, texts)) - room
        if excess <= 0:
            return texts
        if room < 0:
            raise SettingsError(
                f"max_length is at least {specials}, the number of special tokens, got "
                f"{self.max_length}"
            )
        lengths = [len(text) for text in texts]
        if len(texts) == 1:
            lengths = [room]
        elif self.strategy == "LongestFirst":
            lengths = _longest_first(lengths[0], lengths[1], room)
        else:
            i = int(self.strategy == "OnlySecond")
            lengths[i] -= excess
            if lengths[i] < 0:
                raise SettingsError(
                    f"the text to truncate ({self.strategy}) is too short: {excess} ids are to be "
                    f"left out, it has {len(texts[i])}"
                )
        return [self._cut(text, n) for text, n in zip(texts, lengths, strict=True)]

    def _cut(self, text: list[int], length: int) -> list[int]:
        return text[len(text) - length :] if self.left else text[:length]


def _longest_first(first: int, second: int, room: int) -> list[int]:
    """Return the lengths of two texts when the longer one is truncated first."""
    shorter, longer = sorted((first, second))
    if shorter > room - shorter:
        shorter, longer = room // 2, room - room // 2
    else:
        longer = room - shorter
    return [shorter, longer] if first <= second else [longer, shorter]
