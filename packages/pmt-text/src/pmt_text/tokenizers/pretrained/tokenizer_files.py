"""The files of a tokenizer: tokenizer.json, vocab.txt, vocab.json and merges.txt, and settings."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import Any

from pmt_core import (
    DataError,
    FileProblem,
    JsonObject,
    atomic_file,
    field,
    read_json,
    value_text,
)
from pmt_text.files.text_lines import TextLines, unusable_line

_PARTS = (
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
)
_NO_LIMIT = 1_000_000  # transformers writes 10^30 for no limit


@dataclass(frozen=True, slots=True)
class SpecialTokens:
    """What tokenizer_config.json says beside the tokenizer itself.

    Attributes:
        names: special tokens by their part, e.g. "pad_token".
        max_length: ids of the longest text that the model reads.
    """

    names: dict[str, str] = dataclass_field(default_factory=dict)
    max_length: int | None = None


def read_tokenizer_folder(path: str | os.PathLike[str]) -> tuple[JsonObject, SpecialTokens]:
    """Return the content of the tokenizer.json of a folder, or what it would be, and settings.

    path: the folder, or a file tokenizer.json. Raises FileProblem or DataError.
    """
    path = Path(path)
    is_folder = path.is_dir()
    folder = path if is_folder else path.parent
    config = _optional_json(folder / "tokenizer_config.json")
    named = _special_tokens(folder, config)
    if not is_folder:
        return read_json(path), named
    if (folder / "tokenizer.json").exists():
        return read_json(folder / "tokenizer.json"), named
    if (folder / "vocab.txt").exists():
        return _word_piece(folder / "vocab.txt", config, named.names), named
    raise FileProblem(
        f"{folder} holds no tokenizer.json, no vocab.txt, and not vocab.json with merges.txt; save "
        "the tokenizer there, e.g. with transformers: tokenizer.save_pretrained(folder)"
    )


def _optional_json(path: Path) -> JsonObject:
    return read_json(path) if path.exists() else JsonObject()


def _special_tokens(folder: Path, config: JsonObject) -> SpecialTokens:
    names: dict[str, str] = {}
    for table in (_optional_json(folder / "special_tokens_map.json"), config):
        for part in _PARTS:
            value = table.get(part)
            if isinstance(value, Mapping):
                value = field(field(table, part, dict), "content", str)
            if value is not None:
                names[part] = field({part: value}, part, str)
    limit = config.get("model_max_length")
    known = isinstance(limit, int) and not isinstance(limit, bool) and 0 < limit < _NO_LIMIT
    return SpecialTokens(names, limit if known else None)


def write_tokenizer_folder(
    folder: str | os.PathLike[str], content: Mapping[str, Any], named: SpecialTokens
) -> None:
    """Write tokenizer.json and tokenizer_config.json. Raises FileProblem."""
    config: dict[str, Any] = {"tokenizer_class": "PreTrainedTokenizerFast", **named.names}
    if named.max_length is not None:
        config["model_max_length"] = named.max_length
    for name, value in (("tokenizer.json", content), ("tokenizer_config.json", config)):
        with atomic_file(Path(folder) / name, "w") as file:
            file.write(json.dumps(value, ensure_ascii=False, indent=2))


def _word_piece(path: Path, config: JsonObject, names: Mapping[str, str]) -> JsonObject:
    """Return the tokenizer.json of a vocab.txt, with the settings of BertTokenizer."""
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
    unknown, cls, sep = required
    content = JsonObject(
        version="1.0",
        truncation=None,
        padding=None,
        added_tokens=[
            {"id": vocabulary[token], "content": token, "special": True, "normalized": False}
            | {"single_word": False, "lstrip": False, "rstrip": False}
            for token in parts.values()
            if token in vocabulary
        ],
        normalizer={
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": field(config, "tokenize_chinese_chars", bool, True),
            "strip_accents": field(config, "strip_accents", bool | None, None),
            "lowercase": field(config, "do_lower_case", bool, True),
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
            "vocab": vocabulary,
        },
    )
    content.where = str(path)
    return content


_BERT_TOKENS = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


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
