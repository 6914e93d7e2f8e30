"""Tokenize and normalize English text by the rules of `word_rules`, with a cache of pieces.

A few thousand pieces between spaces ("How", "the", "India?") make up most of any text, and most
have the same tokens in every text. These are kept, and the tokens of a text are joined from them.
Whether that is possible can be seen from the piece alone:

* Pieces whose tokens depend on their neighbors ("n't", "'s", "U.S.", "got"): a text with one is
  tokenized as a whole.
* Pieces that begin with a mark ("?", "(or"). A run of one mark is one token even if there are
  spaces in it, so the text before must not end with the same mark.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from pmt_text.tokenizers.word_rules import FIRST_HALVES, ONE_WORD, folded, split_words

Tokenize = Callable[[str], list[str]]
"""A function from a text to its tokens: `tokenize`, or one that keeps its results."""

T = TypeVar("T")

_SPECIAL = FIRST_HALVES.union(ONE_WORD)

_MAX_KEPT = 1 << 16  # pieces; they take about 13 MB
_MAX_LENGTH = 64  # characters of a piece that is kept

# What the text before may change, backticks, brackets of the treebank, and the last point of an
# abbreviation, which is removed unless it ends the text.
_DEPENDENT = re.compile(r"['+]|n't|.*(?:`|-[lr][rsc]b-|\.[a-z]\.\Z)", re.DOTALL)

# A word or number, which may be quoted, with a genitive and a mark at its end.
_SIMPLE = re.compile(r""""?([a-z][a-z0-9]*|[0-9]+)(?:-([a-z]+))?('s)?"?([?,.!:;)])?"?""")


def normalize(text: str) -> str:
    """Return the tokens of `text`, separated by single spaces.

    Idempotent: ``normalize(normalize(x)) == normalize(x)``. The result is empty if `text` has only
    spaces, quotes and invisible characters.

    Examples:
        >>> from pmt_text import normalize
        >>> normalize("What's the U.S. rate for 5,000 Pokémon?")
        "what 's the us rate for 5000 pokemon ?"
    """
    return " ".join(tokenize(text))


def tokenize(text: str) -> list[str]:
    r"""Return the tokens of `text`, raw or treebank-tokenized, as `normalize` joins them.

    Examples:
        >>> from pmt_text import tokenize
        >>> tokenize('I don\'t like "C++", do you???')
        ['i', 'do', 'not', 'like', 'c++', ',', 'do', 'you', '?']
        >>> tokenize("I do n't like `` C++ '' , do you ?")  # the Penn Treebank's form of it
        ['i', 'do', 'not', 'like', 'c++', ',', 'do', 'you', '?']
    """
    try:
        return list(itertools.chain.from_iterable(map(_alone.__getitem__, text.split(" "))))
    except NotAlone:
        return _with_marks(text)


class NotAlone(Exception):
    """The tokens of a piece depend on the text around it."""


def tokens_alone(piece: str) -> tuple[str, ...]:
    """Return the tokens that a piece between spaces adds to any text; raise NotAlone otherwise."""
    return tuple(_alone[piece])


def _with_marks(text: str) -> list[str]:
    """Return the tokens of a text with pieces that are `_NOT_ALONE`."""
    tokens: list[str] = []
    for piece in text.split(" "):
        of_piece = _alone[piece]
        if of_piece is _NOT_ALONE:
            first, more = _marked[piece]
            if more is None or (first and tokens and tokens[-1][-1] == first):
                return split_words(text)
            of_piece = more
        tokens += of_piece
    return tokens


class _Unknown:
    """In place of the tokens of a piece that cannot be tokenized alone."""

    def __iter__(self) -> Iterator[str]:
        raise NotAlone


_NOT_ALONE = _Unknown()


class _Marked(dict[str, tuple[str, Sequence[str] | None]]):
    """The mark that each piece begins with, or "", and its tokens; None if they may be others."""

    def __missing__(self, piece: str) -> tuple[str, Sequence[str] | None]:
        start = folded(piece).strip()
        first = "" if not start or start[0].isalnum() else start[0]
        tokens = split_words(piece)
        if _DEPENDENT.match(start) or (tokens and tokens[-1] in FIRST_HALVES):
            return _keep(self, piece, (first, None))
        return _keep(self, piece, (first, tuple(tokens)))


class _Alone(dict[str, Iterable[str]]):
    """The tokens of each piece, or `_NOT_ALONE`."""

    def __missing__(self, piece: str) -> Iterable[str]:
        if piece.isascii() and piece.isalpha() and (word := piece.lower()) not in _SPECIAL:
            return _keep(self, piece, (word,))
        simple = _SIMPLE.fullmatch(piece.lower())
        tokens: list[str] = []
        if simple is not None:  # nearly all pieces, so they do not pass all rules
            for token in filter(None, simple.groups()):
                tokens += ONE_WORD.get(token, (token,))
        if not tokens or not FIRST_HALVES.isdisjoint(tokens):
            first, by_all_rules = _marked[piece]
            if first or by_all_rules is None:
                return _keep(self, piece, _NOT_ALONE)
            return _keep(self, piece, by_all_rules)
        return _keep(self, piece, tuple(tokens))


def _keep(pieces: dict[str, T], piece: str, value: T) -> T:
    """Add the value of a piece, unless it is long; forget all others if there are too many."""
    if len(piece) <= _MAX_LENGTH:
        if len(pieces) >= _MAX_KEPT:
            pieces.clear()
        pieces[piece] = value
    return value


_marked, _alone = _Marked(), _Alone()
