"""The WordPiece model: the longest prefix of a word, then of the rest (Wu et al. 2016)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MAX_WORD = 100
"""Characters: a longer word is unknown, as in BERT."""


@dataclass(frozen=True, slots=True, eq=False)
class WordPieceModel:
    """Split words into the longest pieces of a vocabulary; a word that does not fit is unknown.

    Attributes:
        ids: id of each piece.
        unknown: id of the unknown token.
        inside: prefix of a piece that does not begin a word.
        max_word: characters of the longest word that is split.
    """

    ids: Mapping[str, int]
    unknown: int
    inside: str = "##"
    max_word: int = MAX_WORD

    def __call__(self, word: str) -> tuple[int, ...]:
        """Return the ids of a word."""
        if len(word) > self.max_word:
            return (self.unknown,)
        whole = self.ids.get(word)
        if whole is not None:
            return (whole,)
        pieces: list[int] = []
        start = 0
        while start < len(word):
            prefix = self.inside if start else ""
            for end in range(len(word), start, -1):
                piece = self.ids.get(prefix + word[start:end])
                if piece is not None:
                    break
            else:
                return (self.unknown,)
            pieces.append(piece)
            start = end
        return tuple(pieces)
