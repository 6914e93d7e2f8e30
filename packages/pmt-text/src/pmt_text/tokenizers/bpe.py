"""Byte-pair encoding: a subword tokenizer that restores any text exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import (
    DataError,
    SettingsError,
    ShapeError,
    field,
    json_errors,
    json_object,
    value_text,
)
from pmt_text.tokenizers import bpe_training
from pmt_text.tokenizers.bpe_training import Pair, merge_pair, split_words
from pmt_text.tokenizers.vocabulary import SPECIAL_TOKENS

_KIND = "byte-pair encoding"
_BYTES = 256
_CACHED = 1 << 17  # words; bounds the memory


class BytePairEncoding:
    """Byte-pair encoding on UTF-8 bytes (Sennrich et al. 2016).

    The ids are those of the special tokens, which no text can produce; then of the 256 bytes, so
    that nothing is unknown; then of the results of the merges, in order. A text is split into
    words (`split_words`), and the bytes of each word are merged, earliest learned pair first.

    Args:
        merges: pairs of symbols, see `learn_merges`.
        specials: names of the special tokens; by default those of `Vocabulary`, with its ids (PAD,
            CLS, SEP, ...).

    Raises:
        DataError: if merges or special tokens are invalid.

    Examples:
        >>> from pmt_text import BytePairEncoding
        >>> bpe = BytePairEncoding.train(["low lower lowest"] * 5, merges=3)
        >>> ids = bpe.encode("slow")
        >>> bpe.tokens(ids), len(bpe)  # 5 special tokens, 256 bytes, 3 merges
        (['s', 'low'], 264)
        >>> bpe.decode(bpe.encode("naïve café"))  # any text is restored
        'naïve café'
    """

    def __init__(self, merges: Iterable[Pair], specials: Sequence[str] = SPECIAL_TOKENS) -> None:
        self.merges = tuple((int(left), int(right)) for left, right in merges)
        self.specials = tuple(specials)
        _check_specials(self.specials)
        self._ranks = _ranks(self.merges)
        self._symbols = _symbols(self.merges)
        self._cache: dict[str, tuple[int, ...]] = {}

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        merges: int,
        *,
        min_count: int = 2,
        specials: Sequence[str] = SPECIAL_TOKENS,
    ) -> BytePairEncoding:
        """Learn up to `merges` merges from a corpus, e.g. its lines; see `learn_merges`.

        The result depends only on the counts of the words, not on the order of the texts.
        """
        words: Counter[str] = Counter()
        for text in texts:
            words.update(split_words(text))
        counted = {_bytes(word): words[word] for word in sorted(words)}
        return cls(bpe_training.learn_merges(counted, merges, min_count), specials)

    def encode(self, text: str) -> NDArray[np.int64]:
        """Return the ids (n,) of a text, without special tokens."""
        ids: list[int] = []
        for word in split_words(text):
            cached = self._cache.get(word)
            ids.extend(self._encode_word(word) if cached is None else cached)
        return np.array(ids, np.int64)

    def decode(self, ids: Iterable[int] | NDArray[np.integer]) -> str:
        """Return the text of n ids, (n,), without special tokens.

        Bytes that are not UTF-8 together, as a model may generate them, become U+FFFD, so that the
        text can be written to any file. Raises ShapeError for an unknown id.
        """
        return b"".join(self._bytes_of(ids)).decode("utf-8", "replace")

    def tokens(self, ids: Iterable[int] | NDArray[np.integer]) -> list[str]:
        """Return the text of each of n ids, for display; a part of a character is U+FFFD."""
        indices = [int(i) for i in ids]
        return [
            self.specials[i] if 0 <= i < len(self.specials) else part.decode("utf-8", "replace")
            for i, part in zip(indices, self._bytes_of(indices), strict=True)
        ]

    def id_of(self, special: str) -> int:
        """Return the id of a special token. Raises SettingsError if it does not exist."""
        if special not in self.specials:
            raise SettingsError(
                f"{special!r} is not a special token, one of {', '.join(self.specials) or 'none'}"
            )
        return self.specials.index(special)

    def to_json(self) -> dict[str, Any]:
        """Return the encoding as a JSON object."""
        return {
            "kind": _KIND,
            "specials": list(self.specials),
            "merges": [list(pair) for pair in self.merges],
        }

    @classmethod
    def from_json(cls, content: object) -> BytePairEncoding:
        """Return the encoding of a JSON object made by `to_json`; else raise DataError."""
        kind = field(content, "kind", str)
        state = json_object(content, ("kind", "specials", "merges"))
        merges, specials = field(state, "merges", list), field(state, "specials", list)
        with json_errors(state.where):
            if kind != _KIND:
                raise DataError(f'expected an object with "kind": "{_KIND}", as to_json makes it')
            if not set(map(type, specials)) <= {str}:
                raise DataError("the special tokens must be a list of strings")
            if not all(map(_is_pair, merges)):
                raise DataError("the merges must be a list of pairs of integers")
            return cls([(left, right) for left, right in merges], specials)

    def __len__(self) -> int:
        return len(self.specials) + len(self._symbols)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BytePairEncoding):
            return NotImplemented
        return self.merges == other.merges and self.specials == other.specials

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"BytePairEncoding({len(self.merges)} merges, {len(self.specials)} special tokens)"

    def _encode_word(self, word: str) -> tuple[int, ...]:
        symbols = list(_bytes(word))
        ranks, never = self._ranks, len(self.merges)
        while len(symbols) > 1:
            pair = min(pairwise(symbols), key=lambda pair: ranks.get(pair, never))
            rank = ranks.get(pair)
            if rank is None:
                break
            symbols = merge_pair(symbols, pair, _BYTES + rank)
        first = len(self.specials)
        ids = tuple(first + symbol for symbol in symbols)
        if len(self._cache) < _CACHED:
            self._cache[word] = ids
        return ids

    def _bytes_of(self, ids: Iterable[int] | NDArray[np.integer]) -> list[bytes]:
        first, count = len(self.specials), len(self)
        parts = []
        for i in ids:
            if not 0 <= i < count:
                raise ShapeError(
                    f"ids must be in 0 to {count - 1}, got {i}: it was made by another encoding"
                )
            parts.append(b"" if i < first else self._symbols[i - first])
        return parts


def _bytes(text: str) -> bytes:
    # Strings may contain halves of a surrogate pair, which are not UTF-8 and decoded as U+FFFD.
    return text.encode("utf-8", "surrogatepass")


def _symbols(merges: Sequence[Pair]) -> list[bytes]:
    """Return the bytes of each symbol."""
    symbols = [bytes([byte]) for byte in range(_BYTES)]
    for i, (left, right) in enumerate(merges):
        if not (0 <= left < len(symbols) and 0 <= right < len(symbols)):
            raise DataError(
                f"merge {i} is of symbols below {len(symbols)} (bytes, and what earlier merges "
                f"made), got ({value_text(left)}, {value_text(right)})"
            )
        made = symbols[left] + symbols[right]
        most = bpe_training.MAX_WORD_BYTES
        if len(made) > most:  # merges of a hostile file could double up to all memory
            raise DataError(f"merge {i} makes {len(made)} bytes; a word has at most {most}")
        symbols.append(made)
    return symbols


def _ranks(merges: Sequence[Pair]) -> dict[Pair, int]:
    ranks = {pair: i for i, pair in enumerate(merges)}
    if len(ranks) != len(merges):
        twice = next(pair for i, pair in enumerate(merges) if ranks[pair] != i)
        raise DataError(f"a pair can be merged once only, but {twice} occurs twice")
    return ranks


def _check_specials(specials: Sequence[str]) -> None:
    if len(set(specials)) != len(specials):
        raise DataError(f"special tokens must have different names, got {', '.join(specials):.80}")


def _is_pair(entry: object) -> bool:
    return isinstance(entry, list) and len(entry) == 2 and all(type(part) is int for part in entry)
