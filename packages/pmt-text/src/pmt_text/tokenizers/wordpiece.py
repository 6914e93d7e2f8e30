"""WordPiece: words cut into the longest pieces that a vocabulary has, as BERT reads them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError, SettingsError, ShapeError
from pmt_text.files.text_lines import TextLines
from pmt_text.tokenizers.bert_words import bert_words

__all__ = ["WordPiece"]

_INSIDE = "##"  # begins a piece that does not begin a word
_LONGEST_WORD = 100  # characters; longer ones are unknown, as in BERT
_CACHED = 1 << 17


class WordPiece:
    """Text to ids by a vocabulary in the form of BERT's (Wu et al. 2016; Devlin et al. 2018).

    The text is parted by `bert_words`; of each word the longest beginning that the vocabulary has
    is taken, then the longest ``##piece`` of what is left, and so on. Where nothing fits, or the
    word has more than 100 characters, all of it is the unknown token. Brackets in a text are
    marks like others: no text spells ``[SEP]``.

    tokens: the vocabulary in the order of the ids. lower: for an "uncased" one. unknown, first,
    separator, padding: names of special tokens in it.
    """

    def __init__(
        self,
        tokens: Sequence[str],
        *,
        lower: bool = True,
        unknown: str = "[UNK]",
        first: str = "[CLS]",
        separator: str = "[SEP]",
        padding: str = "[PAD]",
    ) -> None:
        """See the class. Raises DataError where tokens are missing or stand twice."""
        self._tokens = list(tokens)
        self._ids = {token: i for i, token in enumerate(self._tokens)}
        if len(self._ids) != len(self._tokens):
            twice = next(t for i, t in enumerate(self._tokens) if self._ids[t] != i)
            raise DataError(f"{twice!r} stands twice in the vocabulary")
        missing = [t for t in (unknown, first, separator, padding) if t not in self._ids]
        if missing:
            raise DataError(
                f"the vocabulary has no {', '.join(missing)}: give the vocab.txt of a BERT model, "
                "or the names that its special tokens have"
            )
        self.lower = lower
        self.unknown_id = self._ids[unknown]
        self.first_id = self._ids[first]
        self.separator_id = self._ids[separator]
        self.padding_id = self._ids[padding]
        self._cache: dict[str, tuple[int, ...]] = {}

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, lower: bool = True) -> WordPiece:
        """Read a vocab.txt: one token a line, the id is the line's number from 0.

        Raises FileProblem, DataError.
        """
        tokens: list[str] = []
        with TextLines(path) as lines:
            for number, line in lines:
                if line is None:
                    raise DataError(f"{lines.path}:{number}: not UTF-8 text, expected a token")
                tokens.append(line.rstrip(" \t"))
        try:
            return cls(tokens, lower=lower)
        except DataError as error:
            raise DataError(f"{os.fspath(path)}: {error}") from error

    def encode(self, text: str) -> NDArray[np.int64]:
        """The ids (n,) of the pieces of a text, without special tokens."""
        ids: list[int] = []
        for word in bert_words(text, lower=self.lower):
            found = self._cache.get(word)
            ids.extend(self._encode_word(word) if found is None else found)
        return np.array(ids, np.int64)

    def encode_marked(
        self, text: str, second: str | None = None, *, max_length: int | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What BERT reads: ``[CLS] text [SEP]``, or ``[CLS] text [SEP] second [SEP]``.

        max_length: most ids; the longer text is cut first, from its end. Returns (ids (n,),
        segments (n,): 0 up to the first ``[SEP]``, 1 behind it).
        """
        parts = [self.encode(text)] + ([self.encode(second)] if second is not None else [])
        if max_length is not None:
            parts = _cut(parts, max_length - 1 - len(parts))
        ids, segments = [self.first_id], [0]
        for segment, part in enumerate(parts):
            ids += [*part.tolist(), self.separator_id]
            segments += [segment] * (len(part) + 1)
        return np.array(ids, np.int64), np.array(segments, np.int64)

    def tokenize(self, text: str) -> list[str]:
        """The pieces of a text."""
        return self.tokens(self.encode(text))

    def tokens(self, ids: Iterable[int] | NDArray[np.integer]) -> list[str]:
        """The pieces of n ids, (n,). Raises ShapeError for an id that is not here."""
        wanted = [int(i) for i in ids]
        for i in wanted:
            if not 0 <= i < len(self):
                raise ShapeError(f"ids run from 0 to {len(self) - 1}, but {i} came")
        return [self._tokens[i] for i in wanted]

    def decode(self, ids: Iterable[int] | NDArray[np.integer]) -> str:
        """Pieces put together to words, with one space between words and marks alike.

        What WordPiece takes away (accents, case, where spaces were) is gone.
        """
        return " ".join(self.tokens(ids)).replace(f" {_INSIDE}", "")

    def id_of(self, token: str) -> int:
        """The id of one token of the vocabulary; that of the unknown token where it is not here."""
        return self._ids.get(token, self.unknown_id)

    def __len__(self) -> int:
        """Number of ids."""
        return len(self._tokens)

    def __repr__(self) -> str:
        return f"WordPiece({len(self)} tokens)"

    def _encode_word(self, word: str) -> tuple[int, ...]:
        found = self._pieces(word) if len(word) <= _LONGEST_WORD else (self.unknown_id,)
        if len(self._cache) < _CACHED:
            self._cache[word] = found
        return found

    def _pieces(self, word: str) -> tuple[int, ...]:
        pieces: list[int] = []
        start = 0
        while start < len(word):
            prefix = _INSIDE if start else ""
            for end in range(len(word), start, -1):
                piece = self._ids.get(prefix + word[start:end])
                if piece is not None:
                    break
            else:
                return (self.unknown_id,)
            pieces.append(piece)
            start = end
        return tuple(pieces)


def _cut(parts: list[NDArray[np.int64]], room: int) -> list[NDArray[np.int64]]:
    """One or two parts with `room` ids in all; of two the longer is cut first."""
    if room < 0:
        raise SettingsError("max_length must hold [CLS], the [SEP]s and more")
    if len(parts) == 1:
        return [parts[0][:room]]
    first, second = map(len, parts)
    excess = max(first + second - room, 0)
    # Down to equal lengths the longer one alone gives way, then both in turn, the second first.
    from_first = min(max(first - second, 0), excess)
    from_second = min(max(second - first, 0), excess)
    rest = excess - from_first - from_second
    from_first, from_second = from_first + rest // 2, from_second + rest - rest // 2
    return [parts[0][: first - from_first], parts[1][: second - from_second]]
