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
    FileProblem,
    JsonObject,
    atomic_file,
    field,
    read_json,
)
from pmt_text.tokenizers.pretrained.vocabulary_files import byte_pair_json, word_piece_json

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
        return word_piece_json(folder / "vocab.txt", config, named.names), named
    if (folder / "vocab.json").exists() and (folder / "merges.txt").exists():
        return byte_pair_json(folder, config, named.names), named
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
