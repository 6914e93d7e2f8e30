"""WordPiece: the subword tokenizer of BERT (Wu et al. 2016; Devlin et al. 2018)."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_core import TEXT_LIMITS, DataError, FileLimits, SettingsError, ShapeError
from pmt_text.files.text_lines import TextLines, unusable_line
from pmt_text.tokenizers.vocabulary import truncated_lengths

_INSIDE = "##"  # prefix of a piece that does not begin a word
_MAX_WORD = 100  # characters; longer words are unknown, as in BERT
_CACHED = 1 << 17


class WordPiece:
    """Tokenizer with the vocabulary of a BERT model (Wu et al. 2016; Devlin et al. 2018).

    The text is split by `bert_words`. Each word is split into the longest prefix in the
    vocabulary, then the longest ``##piece`` of the rest, and so on. If nothing fits, or the word
    has more than 100 characters, the whole word is the unknown token. Brackets in a text are
    punctuation: no text gives ``[SEP]``.

    Args:
        tokens: the vocabulary in the order of the ids.
        lower: True for an "uncased" vocabulary.
        unknown, first, separator, padding: names of these special tokens.

    Raises:
        DataError: if special tokens are missing, or a token occurs twice.

    Examples:
        >>> from pmt_text import WordPiece
        >>> tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##like", "##ly", "?"]
        >>> wordpiece = WordPiece(tokens)
        >>> wordpiece.tokenize("Unlikely?")
        ['un', '##like', '##ly', '?']
        >>> ids, token_types = wordpiece.encode_with_specials("Unlikely", "?")
        >>> wordpiece.tokens(ids)
        ['[CLS]', 'un', '##like', '##ly', '[SEP]', '?', '[SEP]']
        >>> token_types
        array([0, 0, 0, 0, 0, 1, 1])
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
        self._tokens = list(tokens)
        self._ids = {token: i for i, token in enumerate(self._tokens)}
        if len(self._ids) != len(self._tokens):
            twice = next(t for i, t in enumerate(self._tokens) if self._ids[t] != i)
            raise DataError(f"{twice!r} occurs twice in the vocabulary")
        missing = [t for t in (unknown, first, separator, padding) if t not in self._ids]
        if missing:
            raise DataError(
                f"the vocabulary has no {', '.join(missing)}: give the vocab.txt of a BERT model, "
                "or the names that its special tokens have"
            )
        self.lower = lower
        self.unknown_id, self.first_id = self._ids[unknown], self._ids[first]
        self.separator_id, self.padding_id = self._ids[separator], self._ids[padding]
        self._cache: dict[str, tuple[int, ...]] = {}

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        lower: bool = True,
        limits: FileLimits = TEXT_LIMITS,
    ) -> WordPiece:
        """Load a vocab.txt: one token per line, in the order of the ids. Raises DataError.

        Empty lines at the end are skipped. limits: of a line and of a compressed file.
        """
        tokens: list[str] = []
        with TextLines(path, limits=limits) as lines:
            for number, line in lines:
                if line is None:
                    reason = unusable_line(limits=limits)
                    raise DataError(f"{lines.path}:{number}: not UTF-8 ({reason})")
                tokens.append(line.rstrip(" \t"))
        while tokens and not tokens[-1]:
            tokens.pop()
        try:
            return cls(tokens, lower=lower)
        except DataError as error:
            raise DataError(f"{os.fspath(path)}: {error}") from error

    def encode(self, text: str) -> NDArray[np.int64]:
        """Return the ids (n,) of the pieces of a text, without special tokens."""
        ids: list[int] = []
        for word in bert_words(text, lower=self.lower):
            cached = self._cache.get(word)
            ids.extend(self._encode_word(word) if cached is None else cached)
        return np.array(ids, np.int64)

    def encode_with_specials(
        self, text: str, second: str | None = None, *, max_length: int | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Encode ``[CLS] text [SEP]``, or ``[CLS] text [SEP] second [SEP]``.

        max_length: maximal number of ids; the longer text is truncated first. Returns ids (n,) and
        token types (n,): 0 up to the first ``[SEP]``, 1 after it.
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
        """Return the pieces of a text."""
        return self.tokens(self.encode(text))

    def tokens(self, ids: Iterable[int] | NDArray[np.integer]) -> list[str]:
        """Return the pieces of n ids, (n,). Raises ShapeError for an unknown id."""
        indices = [int(i) for i in ids]
        for i in indices:
            if not 0 <= i < len(self):
                raise ShapeError(f"ids must be in 0 to {len(self) - 1}, got {i}")
        return [self._tokens[i] for i in indices]

    def decode(self, ids: Iterable[int] | NDArray[np.integer]) -> str:
        """Join pieces to words, with one space between words and punctuation.

        Accents, case and the original spaces are lost.
        """
        return " ".join(self.tokens(ids)).replace(f" {_INSIDE}", "")

    def id_of(self, token: str) -> int:
        """Return the id of a token; that of the unknown token if it is not in the vocabulary."""
        return self._ids.get(token, self.unknown_id)

    def __len__(self) -> int:
        return len(self._tokens)

    def __repr__(self) -> str:
        return f"WordPiece({len(self)} tokens)"

    def _encode_word(self, word: str) -> tuple[int, ...]:
        ids = self._pieces(word) if len(word) <= _MAX_WORD else (self.unknown_id,)
        if len(self._cache) < _CACHED:
            self._cache[word] = ids
        return ids

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
    """Truncate one or two parts to `room` ids in total; of two the longer first."""
    if room < 0:
        raise SettingsError("max_length must hold [CLS], the [SEP]s and more")
    if len(parts) == 1:
        return [parts[0][:room]]
    first, second = truncated_lengths(len(parts[0]), len(parts[1]), room)
    return [parts[0][:first], parts[1][:second]]


# --- words of BERT, before WordPiece ---

# Each Chinese character is a word: the blocks of ideographs, their extensions and compatibility
# ideographs. Not kana and hangul, which are written with spaces or in longer words.
_IDEOGRAPHS = [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF)]
_IDEOGRAPHS += [(0x2A700, 0x2B73F), (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0x2F800, 0x2FA1F)]


# Control, format, surrogate and private use. Not "Cn": a character that is newer than Python's
# table, such as an emoji of Unicode 15 on Python 3.11, is kept, so that all versions agree.
_CONTROL = ("Cc", "Cf", "Cs", "Co")


def bert_words(text: str, *, lower: bool = True) -> list[str]:
    """Split `text` at spaces, and around punctuation and ideographs, as BERT does.

    Control characters are dropped.

    Args:
        text: of any length.
        lower: convert to lower case and remove accents, as for "uncased" vocabularies.

    Examples:
        >>> from pmt_text import bert_words
        >>> bert_words("Café au lait, $3.50!")
        ['cafe', 'au', 'lait', ',', '$', '3', '.', '50', '!']
        >>> bert_words("Café", lower=False)
        ['Café']
    """
    words: list[str] = []
    for part in "".join(map(_clean_character, text)).split():
        words.extend(_split_punctuation(_plain(part) if lower else part))
    return words


def _clean_character(c: str) -> str:
    """Return "" for a control character, and a plain space for any, also around an ideograph."""
    if c in "\t\n\r":
        return " "
    category = unicodedata.category(c)
    if category in _CONTROL or c == "\ufffd":
        return ""
    if category == "Zs":
        return " "
    return f" {c} " if _is_ideograph(ord(c)) else c


def _is_ideograph(code: int) -> bool:
    return code >= 0x3400 and any(first <= code <= last for first, last in _IDEOGRAPHS)


def _plain(word: str) -> str:
    parts = unicodedata.normalize("NFD", word.lower())
    return "".join(c for c in parts if unicodedata.category(c) != "Mn")


def _split_punctuation(word: str) -> list[str]:
    parts: list[str] = []
    joined = False
    for c in word:
        letter = not _is_punctuation(c)
        if joined and letter:
            parts[-1] += c
        else:
            parts.append(c)
        joined = letter
    return parts


def _is_punctuation(c: str) -> bool:
    """Return whether c is punctuation, or an ASCII symbol such as $ and ^."""
    if c.isascii():
        return not (c.isalnum() or c.isspace())
    return unicodedata.category(c)[0] == "P"
