"""Models of a tokenizer.json: the ids of the pieces of a word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pmt_core import DataError, JsonObject, field, value_text
from pmt_text.tokenizers.pretrained.bpe_model import BpeModel
from pmt_text.tokenizers.pretrained.unigram_model import UnigramModel
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


def _bpe(entry: JsonObject) -> Model:
    ids = vocabulary(entry)
    dropout = field(entry, "dropout", float | None, None)
    if dropout:
        raise DataError(
            f"{entry.where}['dropout']: merges are left out at random, which is for the training "
            f"of a model; set it to null, got {dropout}"
        )
    unknown = _optional_text(entry, "unk_token")
    inside = _optional_text(entry, "continuing_subword_prefix") or ""
    model = BpeModel(
        ids,
        _merges(entry, ids, len(inside)),
        _unknown(entry, ids) if unknown is not None else None,
        inside,
        _optional_text(entry, "end_of_word_suffix") or "",
        field(entry, "fuse_unk", bool, False),
        field(entry, "byte_fallback", bool, False),
        field(entry, "ignore_merges", bool, False),
    )
    return Model(model, ids, model.unknown)


def _optional_text(entry: JsonObject, key: str) -> str | None:
    value: str | None = field(entry, key, str | None, None)
    return value


def _merges(
    entry: JsonObject, ids: Mapping[str, int], prefix: int
) -> dict[tuple[int, int], tuple[int, int]]:
    """Return rank and result of each pair of ids; prefix: length of that of inner symbols."""
    merges: dict[tuple[int, int], tuple[int, int]] = {}
    for rank, item in enumerate(field(entry, "merges", list)):
        parts = item.split(" ") if isinstance(item, str) else item
        if not isinstance(parts, list) or [type(part) for part in parts] != [str, str]:
            raise DataError(f"{entry.where}['merges'][{rank}]: expected a pair of tokens")
        left, right = parts
        made = left + right[prefix:]
        missing = [token for token in (left, right, made) if token not in ids]
        if missing:
            raise DataError(
                f"{entry.where}['merges'][{rank}]: {value_text(missing[0])} is not in the "
                "vocabulary"
            )
        merges[ids[left], ids[right]] = (rank, ids[made])
    return merges


def _unigram(entry: JsonObject) -> Model:
    pieces = field(entry, "vocab", list, minimum=1, maximum=_MOST_IDS)
    for i, item in enumerate(pieces):
        is_pair = isinstance(item, list) and len(item) == 2
        if not is_pair or type(item[0]) is not str or type(item[1]) not in (int, float):
            raise DataError(f"{entry.where}['vocab'][{i}]: expected a piece and its score")
    ids = {piece: i for i, (piece, _) in enumerate(pieces)}
    scores = {piece: float(score) for piece, score in pieces if piece}
    unknown: int | None = field(entry, "unk_id", int | None, None)
    if unknown is not None and not 0 <= unknown < len(pieces):
        raise DataError(
            f"{entry.where}['unk_id']: expected the index of a piece, 0 to {len(pieces) - 1}, got "
            f"{unknown}"
        )
    model = UnigramModel(
        ids,
        scores,
        tuple(sorted({len(piece) for piece in scores})),
        unknown,
        field(entry, "byte_fallback", bool, False),
        min(score for _, score in pieces),
    )
    return Model(model, ids, unknown)


def _word_level(entry: JsonObject) -> Model:
    ids = vocabulary(entry)
    unknown = _unknown(entry, ids)
    return Model(lambda word: (ids.get(word, unknown),), ids, unknown)


_KINDS: dict[str, Callable[[JsonObject], Model]] = {
    "BPE": _bpe,
    "Unigram": _unigram,
    "WordLevel": _word_level,
    "WordPiece": _word_piece,
}
