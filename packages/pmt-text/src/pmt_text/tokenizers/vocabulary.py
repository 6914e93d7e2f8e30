"""Vocabulary: tokens and their ids."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError, ShapeError
from pmt_text.files.errors import check_at_least

SPECIAL_TOKENS = ("<pad>", "<unk>", "<cls>", "<sep>", "<mask>")
"""Names of the special tokens, in the order of their ids."""

PAD = 0
"""Id of ``<pad>``, the padding of shorter sequences."""

UNK = 1
"""Id of ``<unk>``, any token that is not in the vocabulary."""

CLS = 2
"""Id of ``<cls>``, the beginning of a sequence."""

SEP = 3
"""Id of ``<sep>``, the end of a sequence, or of the first of two."""

MASK = 4
"""Id of ``<mask>``, a token that is to be predicted."""


class Vocabulary:
    """An immutable list of tokens, `SPECIAL_TOKENS` first; the id of a token is its index.

    Args:
        tokens: in the order of their ids; `Vocabulary.build` makes them from texts.

    Raises:
        DataError: if special tokens are missing, or a token occurs twice.

    Examples:
        >>> from pmt_text import Vocabulary
        >>> vocabulary = Vocabulary.build([["the", "cat"], ["the", "dog"]])
        >>> vocabulary.to_json()
        ['<pad>', '<unk>', '<cls>', '<sep>', '<mask>', 'the', 'cat', 'dog']
        >>> vocabulary.ids(["the", "cow"])  # "cow" is unknown: 1
        array([5, 1])
        >>> vocabulary.tokens([5, 1])
        ['the', '<unk>']
    """

    __slots__ = ("_ids", "_tokens")

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = list(tokens)
        if tuple(self._tokens[: len(SPECIAL_TOKENS)]) != SPECIAL_TOKENS:
            raise DataError(
                f"a vocabulary begins with {', '.join(SPECIAL_TOKENS)}; this one begins with "
                f"{self._tokens[: len(SPECIAL_TOKENS)]!r:.80}: make it by Vocabulary.build"
            )
        self._ids = {token: index for index, token in enumerate(self._tokens)}
        if len(self._ids) != len(self._tokens):
            twice = [token for token, count in Counter(self._tokens).items() if count > 1]
            raise DataError(f"a token occurs twice in the vocabulary: {', '.join(twice[:5]):.80}")

    @classmethod
    def build(
        cls, texts: Iterable[Sequence[str]], min_count: int = 1, max_size: int | None = None
    ) -> Vocabulary:
        """Build the vocabulary of texts, most frequent tokens first, ties sorted.

        The result depends only on the counts, not on the order of the texts.

        Args:
            texts: lists of tokens.
            min_count: rarer tokens are unknown (``<unk>``).
            max_size: maximal number of tokens, special tokens included.

        Raises:
            SettingsError: if `min_count` is below 1, or `max_size` below the special tokens.
        """
        return cls.from_counts(Counter(itertools.chain.from_iterable(texts)), min_count, max_size)

    @classmethod
    def from_counts(
        cls, counts: Mapping[str, int], min_count: int = 1, max_size: int | None = None
    ) -> Vocabulary:
        """Build the vocabulary of tokens that occur this often; see `build`.

        `count_tokens` counts the tokens of texts.
        """
        check_at_least(1, min_count=min_count)
        check_at_least(len(SPECIAL_TOKENS), max_size=max_size)
        frequent = [(-count, token) for token, count in counts.items() if count >= min_count]
        words = [token for _, token in sorted(frequent) if token not in SPECIAL_TOKENS]
        room = None if max_size is None else max_size - len(SPECIAL_TOKENS)
        return cls([*SPECIAL_TOKENS, *words[:room]])

    def ids(self, tokens: Iterable[str]) -> NDArray[np.int64]:
        """Return the ids (n,) of n tokens; unknown tokens have the id of ``<unk>``."""
        return np.array(self.id_list(tokens), np.int64)

    def id_list(self, tokens: Iterable[str]) -> list[int]:
        """Return the ids as a list, which is faster for a few tokens."""
        get = self._ids.get
        return [get(token, UNK) for token in tokens]

    def id_of(self, token: str) -> int:
        """Return the id of a token; that of ``<unk>`` if it is unknown."""
        return self._ids.get(token, UNK)

    def tokens(self, ids: Iterable[int] | NDArray[np.integer]) -> list[str]:
        """Return the tokens of n ids, (n,). Raises `ShapeError` for an unknown id."""
        indices = np.asarray(list(ids), np.int64)
        if indices.size and not (indices.min() >= 0 and indices.max() < len(self)):
            raise ShapeError(
                f"ids must be in 0 to {len(self) - 1}, got {indices.min()} to {indices.max()}: "
                "they were made by another vocabulary"
            )
        return [self._tokens[index] for index in indices]

    def to_json(self) -> list[str]:
        """Return all tokens in the order of their ids."""
        return list(self._tokens)

    @classmethod
    def from_json(cls, tokens: Sequence[str]) -> Vocabulary:
        """Return the vocabulary of a list made by `to_json`. Raises DataError for anything else."""
        if not isinstance(tokens, list | tuple) or not set(map(type, tokens)) <= {str}:
            raise DataError("a vocabulary in JSON is a list of strings, as to_json() writes it")
        return cls(tokens)

    def __len__(self) -> int:
        return len(self._tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._ids

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        return self._tokens == other._tokens

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} tokens)"


def truncated_lengths(first: int, second: int, budget: int) -> tuple[int, int]:
    """Return the lengths to which to truncate two sequences, at most `budget` in total.

    The longer one is truncated first, then both alternately.
    """
    if first + second <= budget:
        return first, second
    half = budget // 2
    shorter = min(first, second)
    if shorter > half:
        return budget - half, half
    return min(first, budget - shorter), min(second, budget - shorter)
