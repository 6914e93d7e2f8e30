"""Models of a tokenizer.json: the ids of the pieces of a word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pmt_core import DataError, JsonObject, field, value_text
from pmt_text.tokenizers.pretrained.wordpiece_model import MAX_WORD, WordPieceModel

WordModel = Callable[[str], tuple[int, ...]]
_MOST_IDS = 1 << 24


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A model with its vocabulary.

    Attributes:
        encode_word: returns the ids of a word.
        ids: id of each token.
        unknown: id of the unknown token, if there is one.
    """

    encode_word: WordModel
    ids: Mapping[str, int]
    unknown: int | None


def read_model(entry: JsonObject) -> Model:
    """Return the model of a tokenizer.json. Raises DataError, also for unknown kinds."""
    kind = _kind(entry)
    if kind not in _KINDS:
        raise DataError(
            f"{entry.where}: unknown model {value_text(kind)}; known are {', '.join(_KINDS)}"
        )
    return _KINDS[kind](entry)


def _kind(entry: JsonObject) -> str:
    """Return the kind of a model; files of old versions do not have it."""
    if "type" in entry:
        return field(entry, "type", str)
    if "merges" in entry:
        return "BPE"
    return "Unigram" if "unk_id" in entry else "WordPiece"


def vocabulary(entry: JsonObject) -> dict[str, int]:
    """Return the ids of the tokens of a model. Raises DataError if they are not different."""
    ids: dict[str, int] = field(entry, "vocab", dict[str, int], minimum=1)
    numbers = ids.values()
    if min(numbers) < 0 or max(numbers) >= _MOST_IDS or len(set(numbers)) != len(ids):
        raise DataError(
            f"{entry.where}['vocab']: ids are different numbers from 0 to {_MOST_IDS - 1:,}"
        )
    return ids


def _unknown(entry: JsonObject, ids: Mapping[str, int]) -> int:
    token = field(entry, "unk_token", str)
    if token not in ids:
        raise DataError(f"{entry.where}['unk_token']: {value_text(token)} is not in the vocabulary")
    return ids[token]


def _word_piece(entry: JsonObject) -> Model:
    ids = vocabulary(entry)
    unknown = _unknown(entry, ids)
    model = WordPieceModel(
        ids,
        unknown,
        field(entry, "continuing_subword_prefix", str, "##"),
        field(entry, "max_input_chars_per_word", int, MAX_WORD, minimum=0, maximum=10_000),
    )
    return Model(model, ids, unknown)


_KINDS: dict[str, Callable[[JsonObject], Model]] = {
    "WordPiece": _word_piece,
}
