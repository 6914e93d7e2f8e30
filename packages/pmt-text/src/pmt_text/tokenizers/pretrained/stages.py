"""The stages of a tokenizer, built from the content of a tokenizer.json."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pmt_core import DataError, JsonObject, field, json_object, value_text
from pmt_text.tokenizers.pretrained.added_tokens import AddedToken, TokenFinder
from pmt_text.tokenizers.pretrained.bert_text import Normalizer
from pmt_text.tokenizers.pretrained.decoders import read_decoder
from pmt_text.tokenizers.pretrained.models import Model, read_model
from pmt_text.tokenizers.pretrained.normalizers import read_normalizer
from pmt_text.tokenizers.pretrained.post_processors import (
    PostProcessor,
    Truncation,
    read_post_processor,
)
from pmt_text.tokenizers.pretrained.pre_tokenizers import PreTokenizer, read_pre_tokenizer

_STRATEGIES = ("LongestFirst", "OnlyFirst", "OnlySecond")
Words = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Stages:
    """What a tokenizer does with a text, in this order, and the file that says so.

    Attributes:
        content: of the tokenizer.json.
        raw_tokens, normalized_tokens: find added tokens in the text, then in the normalized text.
        normalize, pre_tokenize: None if there is none.
        model: ids of words.
        post_process: adds special tokens.
        truncation: None if there is none.
        tokens: the token of each id.
        added: ids of the added tokens.
        special_ids: ids of the special tokens.
        size: the largest id and 1.
        padding_token: name of the padding token.
        decode: returns the text of tokens.
    """

    content: dict[str, Any]
    raw_tokens: TokenFinder
    normalized_tokens: TokenFinder
    normalize: Normalizer | None
    pre_tokenize: PreTokenizer | None
    model: Model
    post_process: PostProcessor
    truncation: Truncation | None
    tokens: Mapping[int, str]
    added: Mapping[str, int]
    special_ids: frozenset[int]
    size: int
    padding_token: str
    decode: Callable[[list[str]], str]

    @property
    def kind(self) -> str:
        """The kind of the model."""
        return str(self.content["model"].get("type", "of an old version"))

    def id_of(self, token: str) -> int | None:
        """Return the id of a token, None if it is unknown."""
        known = self.added.get(token)
        return self.model.ids.get(token) if known is None else known

    def text_ids(self, text: str, words: Words) -> list[int]:
        """Return the ids of a text without special tokens; words: the ids of words."""
        ids: list[int] = []
        for start, part in self.raw_tokens.split(text):
            if isinstance(part, int):
                ids.append(part)
                continue
            normal = part if self.normalize is None else self.normalize(part)
            for inner_start, inner in self.normalized_tokens.split(normal):
                if isinstance(inner, int):
                    ids.append(inner)
                    continue
                split = [inner]
                if self.pre_tokenize is not None:
                    split = self.pre_tokenize(split, start + inner_start == 0)
                ids += [i for pieces in map(words.__getitem__, split) for i in pieces]
        return ids


def read_stages(content: object) -> Stages:
    """Build the stages of a tokenizer.json. Raises DataError, also for what is not known."""
    content = json_object(content)
    model = read_model(json_object(field(content, "model", dict)))
    normalize = read_normalizer(_optional(content, "normalizer"))
    added = _added_tokens(content, model)
    padding = _optional(content, "padding")
    tokens = {i: token for token, i in model.ids.items()} | {t.id: t.content for t in added}
    return Stages(
        content=content,
        raw_tokens=TokenFinder([token for token in added if not token.normalized]),
        normalized_tokens=TokenFinder([t for t in added if t.normalized], normalize),
        normalize=normalize,
        pre_tokenize=read_pre_tokenizer(_optional(content, "pre_tokenizer")),
        model=model,
        post_process=read_post_processor(_optional(content, "post_processor")),
        truncation=_truncation(_optional(content, "truncation")),
        tokens=tokens,
        added={token.content: token.id for token in added},
        special_ids=frozenset(token.id for token in added if token.special),
        size=max(tokens) + 1,
        padding_token="[PAD]" if padding is None else field(padding, "pad_token", str),
        decode=read_decoder(_optional(content, "decoder")),
    )


def _optional(content: JsonObject, key: str) -> JsonObject | None:
    value: Any = field(content, key, dict | None, None)
    return None if value is None else json_object(value)


def _added_tokens(content: JsonObject, model: Model) -> list[AddedToken]:
    entries = field(content, "added_tokens", list, [])
    where = f"{content.where}['added_tokens']"
    added: dict[str, AddedToken] = {}
    owners: dict[int, str] = {}
    for i, entry in enumerate(entries):
        token = AddedToken.from_json(json_object(entry, where=f"{where}[{i}]"))
        known = model.ids.get(token.content)
        if known is not None and known != token.id:
            raise DataError(
                f"{where}[{i}]: {value_text(token.content)} has the id {token.id}, and {known} in "
                "the vocabulary"
            )
        if owners.setdefault(token.id, token.content) != token.content:
            raise DataError(f"{where}[{i}]: the id {token.id} occurs twice")
        added[token.content] = token
    return list(added.values())


def _truncation(entry: JsonObject | None) -> Truncation | None:
    if entry is None:
        return None
    strategy = field(entry, "strategy", str, "LongestFirst")
    direction = field(entry, "direction", str, "Right")
    if strategy not in _STRATEGIES or direction not in ("Left", "Right"):
        raise DataError(
            f"{entry.where}: strategy is one of {', '.join(_STRATEGIES)}, direction Left or Right, "
            f"got {value_text(strategy)}, {value_text(direction)}"
        )
    max_length = field(entry, "max_length", int, minimum=0)
    return Truncation(max_length, strategy, direction == "Left")
