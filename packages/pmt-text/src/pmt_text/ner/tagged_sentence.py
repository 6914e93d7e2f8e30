"""A sentence whose words carry tags."""

from __future__ import annotations

from dataclasses import dataclass

from pmt_core import DataError

__all__ = ["TaggedSentence"]


@dataclass(frozen=True, slots=True)
class TaggedSentence:
    """Words and their tags, as a line or two of a CoNLL file give them.

    words: of the sentence, at least one. tags: one a word ("O", "B-PER", ...), or None where they
    are not known. cells: all columns of each word's line, words and tags among them, where it
    comes from a file. document: the number of its document in the file, line: of its first word,
    both from 1; 0 where there is none.
    """

    words: tuple[str, ...]
    tags: tuple[str, ...] | None = None
    cells: tuple[tuple[str, ...], ...] = ()
    document: int = 0
    line: int = 0

    def __post_init__(self) -> None:
        if not self.words:
            raise DataError("a sentence has at least one word")
        for name, given in (("tags", self.tags), ("cells", self.cells)):
            if given and len(given) != len(self.words):
                raise DataError(
                    f"a sentence of {len(self.words)} words needs as many {name}, got {len(given)}"
                )

    def __len__(self) -> int:
        return len(self.words)
