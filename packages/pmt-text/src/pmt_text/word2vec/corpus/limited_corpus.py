"""`LimitedCorpus`: the beginning of a corpus."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pmt_core import SettingsError
from pmt_text.word2vec.corpus.text_corpus import SENTENCE_END, TextCorpus

__all__ = ["LimitedCorpus"]


class LimitedCorpus(TextCorpus):
    """The first `limit` words of a file; see `TextCorpus` for the rest."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        limit: int,
        *,
        sentences: str = "chunks",
        sentence_words: int = 1000,
    ) -> None:
        if limit < 1:
            raise SettingsError(f"limit is a number of words, 1 or more, got {limit}")
        super().__init__(path, sentences=sentences, sentence_words=sentence_words)
        self.limit = limit

    def word_lists(self) -> Iterator[list[bytes]]:
        """Its words in order; where one too many is met, nothing more is read."""
        left = self.limit
        for words in super().word_lists():
            count = len(words) - words.count(SENTENCE_END)
            if count >= left:
                yield _first(words, left)
                return
            left -= count
            yield words


def _first(words: list[bytes], count: int) -> list[bytes]:
    """`words` until so many that are no ends of sentences have come."""
    for place, word in enumerate(words):
        count -= word != SENTENCE_END
        if not count:
            return words[: place + 1]
    return words
