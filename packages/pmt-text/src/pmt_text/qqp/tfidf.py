"""Tf-idf vectors of texts, and sparse features of pairs for a linear model."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError, ShapeError, field, json_errors, json_object
from pmt_text.batching.ragged import IndexedBatch, Ragged, shard_rows
from pmt_text.files.errors import check_at_least
from pmt_text.qqp.word_overlap import jaccard
from pmt_text.tokenizers.normalize import Tokenize, tokenize

_MIN_IDF, _MAX_IDF = 1e-9, 1e9  # whose squares and sums are exact enough in float64
_CHUNK = 20_000  # pairs; bounds the memory that encoding needs besides its result


@dataclass(frozen=True, slots=True, eq=False)
class BagBatch(IndexedBatch):
    """b sparse vectors, padded on the right with feature 0 of value 0.

    Attributes:
        ids: feature indices, (b, t) int64.
        values: of these features, (b, t) float32.
        scores: dense features, (b, k) float32.
        labels: (b,) int64, or None if unknown.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import TfIdf
        >>> tfidf = TfIdf.learn([["who", "is", "he"], ["who", "was", "she"]])
        >>> bags = tfidf.encode([("Who is he?", "Who was he?"), ("Who?", "Who?")])
        >>> batch = bags.batch(np.array([0, 1]))
        >>> batch.ids.shape, batch.values.dtype
        ((2, 4), dtype('float32'))
        >>> batch.scores.round(2)  # Jaccard, cosine, weighted overlap
        array([[0.6 , 0.6 , 0.46],
               [1.  , 1.  , 1.  ]], dtype=float32)
    """

    ids: NDArray[np.int64]
    values: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int64] | None

    def shard(self, i: int, n: int) -> BagBatch:
        """Return views of rows i, i + n, ...; see `shard_rows`."""
        rows = shard_rows(i, n)
        labels = None if self.labels is None else self.labels[rows]
        ids, values, scores = self.ids[rows], self.values[rows], self.scores[rows]
        return BagBatch(ids, values, scores, labels, index=self.index[rows])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EncodedBags(Ragged):
    """n sparse vectors with m values in all.

    Attributes:
        ids: feature indices, (m,) int32.
        values: of these features, (m,) float32.
        scores: dense features, (n, k) float32.
        labels: (n,) int64, or None if unknown.

    Examples:
        >>> from pmt_text import TfIdf
        >>> tfidf = TfIdf.learn([["who", "is", "he"], ["who", "was", "she"]])
        >>> bags = tfidf.encode([("Who is he?", "Who was he?"), ("Who?", "Who?")], [0, 1])
        >>> len(bags), bags.lengths, bags.labels
        (2, array([4, 1]), array([0, 1]))
        >>> bags.scores.shape
        (2, 3)
    """

    ids: NDArray[np.int32]
    values: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if len(self.scores) != len(self):
            raise ShapeError(f"{len(self)} bags need {len(self)} rows of scores")
        if self.labels is not None and self.labels.shape != (len(self),):
            raise ShapeError(f"{len(self)} bags need labels ({len(self)},): {self.labels.shape}")

    def batch(self, indices: NDArray[np.integer]) -> BagBatch:
        """Return the vectors at `indices` (b,), in that order."""
        rows = self.rows(indices)
        ids, values = rows.take(self.ids, np.int64(0)), rows.take(self.values, np.float32(0))
        labels = None if self.labels is None else self.labels[rows.index]
        return BagBatch(ids, values, self.scores[rows.index], labels, index=rows.index)


class TfIdf:
    """Texts as unit vectors with the value (1 + ln count) * idf of each known word.

    Salton and Buckley 1988, with the smoothed idf = ln((1 + n) / (1 + texts with the word)) + 1.

    Args:
        idf: of each known word; their order is that of the components.

    Raises:
        DataError: if an idf is not positive and finite.

    Examples:
        >>> from pmt_text import TfIdf
        >>> tfidf = TfIdf.learn([["who", "is", "he"], ["who", "was", "she"]])
        >>> {word: round(weight, 3) for word, weight in tfidf.idf.items()}
        {'who': 1.0, 'he': 1.405, 'is': 1.405, 'she': 1.405, 'was': 1.405}
        >>> tfidf.encode([("Who?", "Who?")]).ids  # component v + 0: the product of both values
        array([5], dtype=int32)
    """

    def __init__(self, idf: Mapping[str, float]) -> None:
        self.idf = dict(idf)
        self._index = {word: i for i, word in enumerate(self.idf)}
        self._weight = np.fromiter(self.idf.values(), np.float64, len(self.idf))
        if not ((self._weight >= _MIN_IDF) & (self._weight <= _MAX_IDF)).all():
            raise DataError(f"expected every idf to be in {_MIN_IDF} to {_MAX_IDF}")

    @classmethod
    def learn(cls, texts: Iterable[Sequence[str]], min_count: int = 1) -> TfIdf:
        """Count the words of the tokens of n texts; those in fewer than `min_count` are unknown."""
        check_at_least(1, min_count=min_count)
        n, counts = 0, Counter[str]()
        for tokens in texts:
            n += 1
            counts.update(set(tokens))
        frequent = [(word, count) for word, count in counts.items() if count >= min_count]
        frequent.sort(key=lambda item: (-item[1], item[0]))
        return cls({word: math.log((1 + n) / (1 + count)) + 1 for word, count in frequent})

    def __len__(self) -> int:
        """Return the number of known words v."""
        return len(self.idf)

    def encode(
        self,
        pairs: Sequence[tuple[str, str]],
        labels: Sequence[int] | NDArray[np.integer] | None = None,
        *,
        tokenize: Tokenize = tokenize,
    ) -> EncodedBags:
        """Return features of n pairs of texts, with their labels (n,).

        With a and b for the tf-idf vectors of a pair, the sparse vector has |a - b| in the
        components 0 ... v - 1 and a * b in v ... 2v - 1. The scores (n, 3) are the `jaccard`
        similarity of the words (including unknown ones), the cosine a . b, and the weighted
        overlap sum min(a, b) / sum max(a, b). tokenize: maps a text to its tokens; may cache them.
        """
        parts = (pairs[start : start + _CHUNK] for start in range(0, len(pairs), _CHUNK))
        chunks = [
            self._encode_chunk([tokenize(text) for pair in part for text in pair]) for part in parts
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
        """Return sizes (n,) of the sparse vectors, their ids and values (m,), and scores (n, 3)."""
        n, v = len(texts) // 2, max(len(self), 1)
        question, word, value = self._vectors(texts)
        # The words of either question of a pair, each once, with its value in a and in b.
        key, inverse = np.unique((question >> 1) * v + word, return_inverse=True)
        a, b = (
            np.bincount(inverse, np.where(question & 1 == parity, value, 0), len(key))
            for parity in (0, 1)
        )
        pair, word = key // v, key % v
        cosine = np.bincount(pair, a * b, n)
        least, most = np.bincount(pair, np.minimum(a, b), n), np.bincount(pair, np.maximum(a, b), n)
        similarities = [jaccard(texts[2 * i], texts[2 * i + 1]) for i in range(n)]
        scores = np.stack((similarities, cosine, least / np.maximum(most, 1e-12)), axis=1)
        rows = np.concatenate((pair, pair))
        columns = np.concatenate((word, word + v)).astype(np.int32)
        values = np.concatenate((abs(a - b), a * b))
        (nonzero,) = np.nonzero(values > 1e-9)
        order = nonzero[np.argsort(rows[nonzero], kind="stable")]
        sizes = np.bincount(rows[nonzero], minlength=n)
        return sizes, columns[order], values[order].astype(np.float32), scores.astype(np.float32)

    def _vectors(
        self, texts: Sequence[Sequence[str]]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Return text, word and value of the nonzero components of all vectors, (m,) each."""
        v = max(len(self), 1)
        find = self._index.get
        keys = [
            i * v + index
            for i, tokens in enumerate(texts)
            for token in tokens
            if (index := find(token)) is not None
        ]
        key, count = np.unique(np.array(keys, np.int64), return_counts=True)
        text, word = key // v, key % v
        value = (1 + np.log(count)) * self._weight[word]
        norm = np.sqrt(np.bincount(text, value * value, len(texts)))
        return text, word, value / norm[text]

    def to_json(self) -> dict[str, Any]:
        """Return the words and their weights as a JSON object."""
        return {"words": list(self.idf), "idf": list(self.idf.values())}

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> TfIdf:
        """Return the weights of a JSON object made by `to_json`. Raises DataError for another."""
        state = json_object(state, ("words", "idf"))
        words, idf = field(state, "words", list[str]), field(state, "idf", list[float])
        with json_errors(state.where):
            if len(words) != len(idf):
                raise DataError(f"expected an idf for each of {len(words)} words, got {len(idf)}")
            if len(set(words)) != len(words):
                raise DataError("a word occurs twice in the tf-idf weights")
            return cls(dict(zip(words, idf)))
