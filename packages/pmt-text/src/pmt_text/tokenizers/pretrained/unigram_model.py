"""The Unigram model: the most probable pieces of a word (Kudo 2018), by Viterbi's algorithm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pmt_text.tokenizers.pretrained.bpe_model import byte_tokens

_PENALTY = 10.0  # of an unknown character, below the least probable piece


@dataclass(frozen=True, slots=True, eq=False)
class UnigramModel:
    """Split words into the pieces whose log-probabilities have the largest sum.

    Attributes:
        ids: id of each piece.
        scores: log-probability of each piece.
        lengths: lengths of the pieces in characters, ascending.
        unknown: id of unknown characters; None: there must be none.
        byte_fallback: whether unknown characters become tokens of their bytes, "<0xC3>".
        lowest: the smallest score.
    """

    ids: Mapping[str, int]
    scores: Mapping[str, float]
    lengths: tuple[int, ...]
    unknown: int | None
    byte_fallback: bool
    lowest: float

    def __call__(self, word: str) -> tuple[int, ...]:
        """Return the ids of a word."""
        ids: list[int] = []
        for piece in self._pieces(word):
            known = self.ids.get(piece)
            if known is not None:
                ids.append(known)
                continue
            parts = byte_tokens(piece, self.ids) if self.byte_fallback else None
            if parts is not None:
                ids += parts
            elif self.unknown is not None:
                ids.append(self.unknown)
        return tuple(ids)

    def _pieces(self, word: str) -> list[str]:
        """Return the best pieces; adjacent unknown characters are one piece."""
        n = len(word)
        best: list[float | None] = [0.0, *[None] * n]
        start_of = [0] * (n + 1)
        is_unknown = [False] * (n + 1)
        scores, lengths = self.scores, self.lengths
        for start in range(n):
            score = best[start] or 0.0
            has_single = False
            for length in lengths:
                end = start + length
                if end > n:
                    break
                piece_score = scores.get(word[start:end])
                if piece_score is None:
                    continue
                has_single = has_single or length == 1
                total, old = piece_score + score, best[end]
                if old is None or total > old:
                    best[end], start_of[end], is_unknown[end] = total, start, False
            if not has_single:
                total, old = self.lowest - _PENALTY + score, best[start + 1]
                if old is None or total > old:
                    best[start + 1], start_of[start + 1] = total, start
                    is_unknown[start + 1] = True
        return self._backtrack(word, start_of, is_unknown)

    def _backtrack(self, word: str, start_of: list[int], is_unknown: list[bool]) -> list[str]:
        pieces: list[str] = []
        end, after_unknown = len(word), False
        while end:
            start = start_of[end]
            piece = word[start:end]
            unknown = is_unknown[end] or (
                self.unknown is not None and self.ids[piece] == self.unknown
            )
            if unknown and after_unknown:
                pieces[-1] = piece + pieces[-1]
            else:
                pieces.append(piece)
            end, after_unknown = start, unknown
        return pieces[::-1]
