"""Older files of tokenizers as the tokenizer.json that they are: vocab.txt, merges.txt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pmt_core import DataError, JsonObject, field, json_object, read_json, value_text
from pmt_text.files.text_lines import TextLines, unusable_line

_BERT_TOKENS = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}
_ROBERTA_TOKENS = {
    "cls_token": "<s>",
    "pad_token": "<pad>",
    "sep_token": "</s>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}
_FLAGS = ("special", "single_word", "lstrip", "rstrip", "normalized")


def word_piece_json(path: Path, config: JsonObject, names: Mapping[str, str]) -> JsonObject:
    """Return the tokenizer.json of a vocab.txt, with the settings of BertTokenizer.

    config: tokenizer_config.json. names: special tokens by their part. Raises DataError.
    """
    tokens = _read_lines(path)
    vocabulary = {token: i for i, token in enumerate(tokens)}
    if len(vocabulary) != len(tokens):
        twice = next(token for i, token in enumerate(tokens) if vocabulary[token] != i)
        raise DataError(f"{path}: {value_text(twice)} occurs twice")
    parts = {part: names.get(part, token) for part, token in _BERT_TOKENS.items()}
    required = [parts[part] for part in ("unk_token", "cls_token", "sep_token")]
    missing = [token for token in required if token not in vocabulary]
    if missing:
        raise DataError(
            f"{path} has no {', '.join(missing)}: give the vocab.txt of a BERT model, or name its "
            "special tokens in tokenizer_config.json"
        )
    content = word_piece_content(
        vocabulary,
        parts,
        _added_tokens(path.parent, config, vocabulary, parts),
        lower=field(config, "do_lower_case", bool, True),
        strip_accents=field(config, "strip_accents", bool | None, None),
        split_chinese=field(config, "tokenize_chinese_chars", bool, True),
    )
    content.where = str(path)
    return content


def word_piece_content(
    vocabulary: Mapping[str, int],
    parts: Mapping[str, str],
    added_tokens: list[dict[str, Any]],
    *,
    lower: bool,
    strip_accents: bool | None = None,
    split_chinese: bool = True,
) -> JsonObject:
    """Return the tokenizer.json of a WordPiece vocabulary with the stages of BERT.

    parts: special tokens by their part. lower: whether texts are converted to lower case.
    strip_accents: None means with lower case.
    """
    unknown, cls, sep = (parts[part] for part in ("unk_token", "cls_token", "sep_token"))
    return JsonObject(
        version="1.0",
        truncation=None,
        padding=None,
        added_tokens=added_tokens,
        normalizer={
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": split_chinese,
            "strip_accents": strip_accents,
            "lowercase": lower,
        },
        pre_tokenizer={"type": "BertPreTokenizer"},
        post_processor={
            "type": "BertProcessing",
            "sep": [sep, vocabulary[sep]],
            "cls": [cls, vocabulary[cls]],
        },
        decoder={"type": "WordPiece", "prefix": "##", "cleanup": True},
        model={
            "type": "WordPiece",
            "unk_token": unknown,
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": dict(vocabulary),
        },
    )


def word_piece_of_tokens(tokens: Sequence[str], *, lower: bool) -> JsonObject:
    """Return the tokenizer.json of the tokens of a vocabulary, in the order of their ids.

    Raises DataError if a special token of BERT is missing, or a token occurs twice.
    """
    vocabulary = {token: i for i, token in enumerate(tokens)}
    missing = [token for token in _BERT_TOKENS.values() if token not in vocabulary]
    if missing or len(vocabulary) != len(tokens):
        raise DataError(
            f"expected a vocabulary with {', '.join(_BERT_TOKENS.values())}, each token once; "
            + (f"there is no {missing[0]}" if missing else "a token occurs twice")
        )
    added = [_entry(vocabulary[token], token, special=True) for token in _BERT_TOKENS.values()]
    added.sort(key=lambda entry: int(entry["id"]))
    return word_piece_content(vocabulary, _BERT_TOKENS, added, lower=lower)


def byte_pair_json(folder: Path, config: JsonObject, names: Mapping[str, str]) -> JsonObject:
    """Return the tokenizer.json of vocab.json and merges.txt, as of RoBERTa and GPT-2.

    A vocabulary with the special tokens of RoBERTa gets its <s> and </s> around each text. Raises
    DataError.
    """
    path = folder / "merges.txt"
    stored = read_json(folder / "vocab.json")
    vocabulary: dict[str, int] = {token: field(stored, token, int) for token in stored}
    lines = _read_lines(path)
    merges = [line.split(" ") for line in lines if not line.startswith("#version")]
    parts = {part: names.get(part, token) for part, token in _ROBERTA_TOKENS.items()}
    cls, sep = parts["cls_token"], parts["sep_token"]
    post_processor: dict[str, Any] = {"type": "ByteLevel", "trim_offsets": True}
    prefix = field(config, "add_prefix_space", bool, False)
    if cls in vocabulary and sep in vocabulary:
        post_processor |= {
            "type": "RobertaProcessing",
            "sep": [sep, vocabulary[sep]],
            "cls": [cls, vocabulary[cls]],
        }
    content = JsonObject(
        version="1.0",
        truncation=None,
        padding=None,
        added_tokens=_added_tokens(folder, config, vocabulary, parts),
        normalizer=None,
        pre_tokenizer={"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True},
        post_processor={**post_processor, "add_prefix_space": prefix},
        decoder={"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True},
        model={
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": vocabulary,
            "merges": merges,
        },
    )
    content.where = str(folder)
    return content


def _added_tokens(
    folder: Path, config: JsonObject, vocabulary: Mapping[str, int], parts: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return the entries of `added_tokens`: of the config, or the special tokens, and others."""
    entries: dict[str, dict[str, Any]] = {}
    for part, token in parts.items():
        if token in vocabulary:
            strips = part == "mask_token" and token == "<mask>"  # as RoBERTa's does
            entries[token] = _entry(vocabulary[token], token, special=True, lstrip=strips)
    if (folder / "added_tokens.json").exists():
        table = read_json(folder / "added_tokens.json")
        for token in table:
            special = token in parts.values()
            entries[token] = _entry(field(table, token, int), token, special=special)
    decoder = field(config, "added_tokens_decoder", dict, {})
    for key in decoder:
        item = json_object(field(decoder, key, dict))
        if not key.isdecimal() or len(key) > 9:
            raise DataError(f"{item.where}: expected the id of a token as the key")
        flags = {flag: field(item, flag, bool, False) for flag in _FLAGS}
        content = field(item, "content", str)
        entries[content] = _entry(int(key), content, **flags)
    return sorted(entries.values(), key=lambda entry: entry["id"])


def _entry(number: int, content: str, **flags: bool) -> dict[str, Any]:
    return {"id": number, "content": content, **dict.fromkeys(_FLAGS, False), **flags}


def _read_lines(path: Path) -> list[str]:
    """Return the lines of a vocabulary, without empty ones at the end."""
    tokens: list[str] = []
    with TextLines(path) as lines:
        for number, line in lines:
            if line is None:
                raise DataError(f"{path}:{number}: not UTF-8 ({unusable_line()})")
            tokens.append(line)
    while tokens and not tokens[-1]:
        tokens.pop()
    return tokens
