"""Tokens as numbers: `TokenNumbers` of any texts, and `TokenCache`, which keeps those of each."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pmt_text.tokenizers.normalize import NotAlone, Tokenize, tokenize, tokens_alone

_BLOCK = 8192  # texts; bounds the memory that counting takes
_END = "\x00\x1e\x00"  # a piece behind each text of a block; a text that has it is tokenized alone
_END_BYTES = array("i", [-1]).tobytes()


class NumberedTokens(NamedTuple):
    """Tokens of n texts as numbers.

    Attributes:
        numbers: of the tokens of all texts, (m,).
        lengths: number of tokens of each text, (n,).

    Examples:
        >>> from pmt_text import TokenCache
        >>> numbers, lengths = TokenCache().encode(["Who is he?", "Who?"])
        >>> numbers.tolist(), lengths.tolist()
        ([0, 1, 2, 3, 0, 3], [4, 2])
    """

    numbers: NDArray[np.int32]
    lengths: NDArray[np.int64]


class TokenNumbers:
    """Numbers of tokens: 0, 1, ... in the order of their first occurrence.

    Args:
        tokenize: maps a text to its tokens. The default is fast: it is not called for a text whose
            pieces between spaces occurred before.
    """

    def __init__(self, tokenize: Tokenize = tokenize) -> None:
        self._words: list[str] = []
        self._number_of: dict[str, int] = {}
        self._tokenize = tokenize
        self._pieces = _Pieces(self._number_of)

    @property
    def words(self) -> Sequence[str]:
        """The tokens in the order of their numbers."""
        self._words += _last(self._number_of, len(self._number_of) - len(self._words))
        return self._words

    def encode(self, texts: Iterable[str]) -> NumberedTokens:
        """Return the numbers of the tokens of n texts."""
        blocks = [self._encode_block(block) for block in text_blocks(texts)]
        if len(blocks) == 1:
            return blocks[0]
        numbers = [np.zeros(0, np.int32), *(block.numbers for block in blocks)]
        lengths = [np.zeros(0, np.int64), *(block.lengths for block in blocks)]
        return NumberedTokens(np.concatenate(numbers), np.concatenate(lengths))

    def _encode_block(self, texts: Sequence[str]) -> NumberedTokens:
        """Return the numbers of the tokens of a few thousand texts."""
        joined = f" {_END} ".join([*texts, ""])
        if self._tokenize is tokenize and joined.count(_END) == len(texts):
            values = self._block_values(joined, texts)
        else:
            values = [part for text in texts for part in (self.bytes_of(text), _END_BYTES)]
        flat = np.frombuffer(b"".join(values), np.int32)
        ends = np.flatnonzero(flat < 0)
        return NumberedTokens(flat[flat >= 0], np.diff(ends, prepend=-1) - 1)

    def _block_values(self, joined: str, texts: Sequence[str]) -> list[bytes]:
        """Return the numbers of the tokens of texts, with `_END_BYTES` behind those of each.

        All pieces of the texts are looked up by one call, which stops at a piece that is not
        tokenized alone. Tokens get their numbers as if the texts were encoded one by one.
        """
        pieces = iter(joined.split(" ")[:-1])
        values: list[bytes] = []
        row = 0
        lookup = map(self._pieces.__getitem__, pieces)
        while True:
            part: list[bytes] = []
            try:
                part.extend(lookup)  # what came before an exception stays
            except NotAlone:
                while part and part[-1] is not _END_BYTES:
                    part.pop()
                row += part.count(_END_BYTES)
                values += part
                values += _numbers(self._tokenize(texts[row]), self._number_of), _END_BYTES
                row += 1
                _END in pieces  # noqa: B015  (goes on behind the end of the text)
            else:
                return values + part

    def bytes_of(self, text: str) -> bytes:
        """Return the numbers of the tokens of a text as the bytes of int32."""
        if self._tokenize is tokenize and _END not in text:
            try:
                return b"".join(map(self._pieces.__getitem__, text.split(" ")))
            except NotAlone:
                pass
        return _numbers(self._tokenize(text), self._number_of)


class _Pieces(dict[str, bytes]):
    """The numbers of the tokens of pieces that are tokenized alone, as the bytes of int32."""

    def __init__(self, number_of: dict[str, int]) -> None:
        super().__init__({_END: _END_BYTES})
        self._number_of = number_of

    def __missing__(self, piece: str) -> bytes:
        value = self[piece] = _numbers(tokens_alone(piece), self._number_of)
        return value


def _numbers(tokens: Iterable[str], number_of: dict[str, int]) -> bytes:
    """Return the numbers of tokens as the bytes of int32; new tokens get the next numbers."""
    return array("i", [number_of.setdefault(token, len(number_of)) for token in tokens]).tobytes()


class TokenCache:
    """Calls `tokenize` once for each distinct text, and returns equal tokens afterwards.

    Counting words, encoding pairs, mining and a report may all need the tokens of the same texts.
    They are kept as numbers of distinct tokens in one flat array: 4 bytes a token, and about 100
    bytes a text for its entry in a dictionary.

    Examples:
        >>> from pmt_text import TokenCache
        >>> tokens = TokenCache()
        >>> tokens("How do I swim?")
        ['how', 'do', 'i', 'swim', '?']
        >>> tokens.encode(["I swim?", "How?"])
        NumberedTokens(numbers=array([2, 3, 4, 0, 4], dtype=int32), lengths=array([3, 2]))
    """

    def __init__(self) -> None:
        self._source = TokenNumbers()
        self._tokens = array("i")
        self._offsets = array("q", [0])
        self._rows: dict[str, int] = {}

    @property
    def words(self) -> Sequence[str]:
        """The tokens in the order of their numbers."""
        return self._source.words

    def __call__(self, text: str) -> list[str]:
        """Return the tokens of a text."""
        row = self._rows.get(text)
        if row is None:
            row = self._rows[text] = len(self._rows)
            self._add([text])
        words = self._source.words
        return [words[i] for i in self._tokens[self._offsets[row] : self._offsets[row + 1]]]

    def encode(self, texts: Iterable[str]) -> NumberedTokens:
        """Return the numbers of the tokens of n texts."""
        number, known = self._rows.setdefault, len(self._rows)
        rows = np.array([number(text, len(self._rows)) for text in texts], np.int64)
        if len(self._rows) > known:
            self._add(_last(self._rows, len(self._rows) - known))
        offsets = np.frombuffer(self._offsets, np.int64)
        tokens = np.frombuffer(self._tokens, np.int32)
        lengths = offsets[rows + 1] - offsets[rows]
        shift = offsets[rows] - (np.cumsum(lengths) - lengths)
        return NumberedTokens(tokens[np.repeat(shift, lengths) + np.arange(lengths.sum())], lengths)

    def _add(self, texts: Iterable[str]) -> None:
        """Tokenize the texts of new rows."""
        numbers, lengths = self._source.encode(texts)
        self._offsets.frombytes((np.cumsum(lengths) + len(self._tokens)).tobytes())
        self._tokens.frombytes(numbers.tobytes())


def _last(keys: dict[str, int], count: int) -> list[str]:
    """Return the keys that were added last, in their order, without looking at all others."""
    return list(islice(reversed(keys), count))[::-1]


def token_numbers(tokenize: Tokenize) -> TokenNumbers | TokenCache:
    """Return what makes numbers of the tokens of a tokenizer; a `TokenCache` makes its own."""
    return tokenize if isinstance(tokenize, TokenCache) else TokenNumbers(tokenize)


def count_tokens(texts: Iterable[str], tokenize: Tokenize = tokenize) -> Counter[str]:
    """Return how often each token occurs in texts, much faster than from lists of tokens.

    Args:
        texts: read once.
        tokenize: maps a text to its tokens; a `TokenCache` is the fastest.

    Examples:
        >>> from pmt_text import count_tokens
        >>> count_tokens(["Who is he?", "Who?"])
        Counter({'who': 2, '?': 2, 'is': 1, 'he': 1})
    """
    tokens = token_numbers(tokenize)
    counts = np.zeros(0, np.int64)
    for block in text_blocks(texts):
        more = np.bincount(tokens.encode(block).numbers, minlength=len(counts))
        more[: len(counts)] += counts
        counts = more
    occurring = np.flatnonzero(counts).tolist()
    words = tokens.words
    return Counter(
        dict(zip([words[i] for i in occurring], counts[occurring].tolist(), strict=True))
    )


def text_blocks(texts: Iterable[str]) -> Iterator[list[str]]:
    """Cut texts into lists of a few thousand, to be encoded at once."""
    remaining = iter(texts)
    while block := list(islice(remaining, _BLOCK)):
        yield block
