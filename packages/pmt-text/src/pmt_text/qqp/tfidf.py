"""Words weighted by how much they say: tf-idf vectors, and what two of them have in common."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError, SettingsError
from pmt_text.qqp.sparse_batch import EncodedBags
from pmt_text.qqp.word_overlap import jaccard
from pmt_text.tokenizers.normalize import Tokenize, tokenize

__all__ = ["TfIdf"]

_CHUNK = 20_000  # pairs; bounds the memory that encoding needs besides its result


class TfIdf:
    """Texts as vectors of length 1 with (1 + ln count) * idf in the place of each known word.

    Salton and Buckley 1988, with the smoothed idf = ln((1 + n) / (1 + texts with the word)) + 1.

    idf: of every known word; a word's place is that in this mapping.
    """

    def __init__(self, idf: Mapping[str, float]) -> None:
        self.idf = dict(idf)
        self._place = {word: i for i, word in enumerate(self.idf)}
        self._weight = np.fromiter(self.idf.values(), np.float64, len(self.idf))
        if not (np.isfinite(self._weight).all() and (self._weight > 0).all()):
            raise DataError("every idf must be a number above 0")

    @classmethod
    def learn(cls, texts: Iterable[Sequence[str]], min_count: int = 1) -> TfIdf:
        """From the tokens of n texts; words in fewer than `min_count` of them are left out."""
        if min_count < 1:
            raise SettingsError(f"min_count must be 1 or more, not {min_count}")
        n, found = 0, Counter[str]()
        for tokens in texts:
            n += 1
            found.update(set(tokens))
        kept = [(word, count) for word, count in found.items() if count >= min_count]
        kept.sort(key=lambda item: (-item[1], item[0]))
        return cls({word: math.log((1 + n) / (1 + count)) + 1 for word, count in kept})

    def __len__(self) -> int:
        """The number of known words v."""
        return len(self.idf)

    def encode(
        self,
        pairs: Sequence[tuple[str, str]],
        labels: Sequence[int] | NDArray[np.integer] | None = None,
        *,
        tokenize: Tokenize = tokenize,
    ) -> EncodedBags:
        """What tells n pairs of texts apart; with a and b for the vectors of a pair:

        bags: |a - b| at the places 0 ... v - 1 and a * b at v ... 2v - 1, where they are not 0.
        scores: (n, 3): the words' `jaccard` (unknown ones count), the cosine a . b, and the
        weighted overlap sum min(a, b) / sum max(a, b).
        tokenize: a function from a text to its tokens; one that caches them shares the work.
        """
        chunks = [
            self._encode_chunk(
                [tokenize(text) for pair in pairs[start : start + _CHUNK] for text in pair]
            )
            for start in range(0, len(pairs), _CHUNK)
        ]
        sizes = np.concatenate([np.zeros(1, np.int64), *(chunk[0] for chunk in chunks)])
        return EncodedBags(
            ids=np.concatenate([np.empty(0, np.int32), *(chunk[1] for chunk in chunks)]),
            values=np.concatenate([np.empty(0, np.float32), *(chunk[2] for chunk in chunks)]),
            offsets=np.cumsum(sizes),
            scores=np.concatenate([np.empty((0, 3), np.float32), *(chunk[3] for chunk in chunks)]),
            labels=None if labels is None else np.asarray(labels, np.int64),
        )

    def _encode_chunk(
        self, texts: Sequence[Sequence[str]]
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]]:
        """Sizes (n,) of the bags, their ids and values (m,), and the scores (n, 3)."""
        n, v = len(texts) // 2, max(len(self), 1)
        question, word, value = self._vectors(texts)
        # The words of either question of a pair, each once, with its value in a and in b.
        key, place = np.unique((question >> 1) * v + word, return_inverse=True)
        a, b = (
            np.bincount(place, np.where(question & 1 == side, value, 0), len(key))
            for side in (0, 1)
        )
        pair, word = key // v, key % v
        cosine = np.bincount(pair, a * b, n)
        least, most = np.bincount(pair, np.minimum(a, b), n), np.bincount(pair, np.maximum(a, b), n)
        scores = np.empty((n, 3), np.float32)
        scores[:, 0] = [jaccard(texts[2 * i], texts[2 * i + 1]) for i in range(n)]
        scores[:, 1] = cosine
        scores[:, 2] = least / np.maximum(most, 1e-12)
        of, at, values = (
            np.concatenate(both) for both in ((pair, pair), (word, word + v), (abs(a - b), a * b))
        )
        kept = values > 1e-9
        of, at, values = of[kept], at[kept], values[kept]
        order = np.argsort(of, kind="stable")
        return (
            np.bincount(of, minlength=n),
            at[order].astype(np.int32),
            values[order].astype(np.float32),
            scores,
        )

    def _vectors(
        self, texts: Sequence[Sequence[str]]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """The vectors' numbers that are not 0: text, word and value of each, (m,)."""
        v = max(len(self), 1)
        find = self._place.get
        keys = np.array(
            [
                i * v + place
                for i, tokens in enumerate(texts)
                for token in tokens
                if (place := find(token)) is not None
            ],
            np.int64,
        )
        key, count = np.unique(keys, return_counts=True)
        text, word = key // v, key % v
        value = (1 + np.log(count)) * self._weight[word]
        norm = np.sqrt(np.bincount(text, value * value, len(texts)))
        return text, word, value / norm[text]

    def to_json(self) -> dict[str, Any]:
        """The words and their weights as JSON can hold them."""
        return {"words": list(self.idf), "idf": list(self.idf.values())}

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> TfIdf:
        """What `to_json` wrote."""
        words, idf = state.get("words"), state.get("idf")
        if not (isinstance(words, list) and isinstance(idf, list) and len(words) == len(idf)):
            raise DataError("tf-idf in JSON is {'words': [...], 'idf': [...]}, equally long")
        if len(set(words)) != len(words):
            raise DataError("a word stands twice in the tf-idf weights")
        return cls(dict(zip(words, idf)))
