"""How much a word says: its inverse document frequency."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pmt_core import DataError, SettingsError

__all__ = ["InverseDocumentFrequency"]


class InverseDocumentFrequency:
    """log(n / (1 + d)) of a word that d of n different texts hold (Sparck Jones 1972), 0 or more.

    texts: n, 1 or more. counts: d by word; a word that is not there counts as 0.
    """

    __slots__ = ("_counts", "_memory", "texts")

    def __init__(self, texts: int, counts: Mapping[str, int]) -> None:
        if texts < 1:
            raise SettingsError(f"rarity is counted in 1 or more texts, not {texts}")
        self.texts = texts
        self._counts = dict(counts)
        self._memory: dict[str, float] = {}

    @classmethod
    def build(cls, texts: Iterable[Sequence[str]]) -> InverseDocumentFrequency:
        """Count in token lists; a text that comes again counts once.

        Words of a single text are not kept, as nearly half of all words are such: they come out
        like a word never seen, as rare as can be.
        """
        different = {" ".join(tokens) for tokens in texts}
        counts: Counter[str] = Counter()
        for text in different:
            counts.update(set(text.split()))
        kept = {word: count for word, count in sorted(counts.items()) if count > 1}
        return cls(max(len(different), 1), kept)

    def __call__(self, word: str) -> float:
        """The rarity of a word, in nats."""
        found = self._memory.get(word)
        if found is None:
            found = max(math.log(self.texts / (1 + self._counts.get(word, 0))), 0.0)
            self._memory[word] = found
        return found

    @property
    def highest(self) -> float:
        """The rarity of a word never seen: log n."""
        return math.log(self.texts)

    def to_json(self) -> dict[str, Any]:
        """All there is to know, as JSON can hold it."""
        return {"texts": self.texts, "counts": self._counts}

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> InverseDocumentFrequency:
        """What `to_json` wrote."""
        if set(state) != {"texts", "counts"} or not isinstance(state["counts"], dict):
            raise DataError(
                "word rarity in JSON is {'texts': int, 'counts': {word: int}}, as to_json() "
                "writes it"
            )
        return cls(int(state["texts"]), state["counts"])
