"""Question pairs into ids, match types and features, with similarities of word vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pmt_apps.qqp.models.pair_model import Texts
from pmt_core import StateError
from pmt_nn import Buffer
from pmt_text import (
    SPECIAL_TOKENS,
    VECTOR_SIMILARITIES,
    EncodedPairs,
    InverseDocumentFrequency,
    PairEncoder,
    QuestionPair,
    Tokenize,
    VectorSimilarities,
    Vocabulary,
    count_tokens,
    tokenize,
)
from pmt_train import progress_bar

_CHUNK = 2000  # pairs between two updates of the progress bar


class QuestionEncoder:
    """Encodes pairs of questions by a `PairEncoder`, and adds similarities of word vectors.

    Args:
        pairs: the encoder of ids, match types and features.
        tokenize: splits a text into tokens.
        vectors: (v, d), word vectors of the vocabulary for further features; None: no features.
            They may be loaded after the construction, but before the first use.
    """

    def __init__(
        self, pairs: PairEncoder, tokenize: Tokenize = tokenize, vectors: Buffer | None = None
    ) -> None:
        self.pairs = pairs
        self.tokenize = tokenize
        self.vectors = vectors
        self._similarities: VectorSimilarities | None = None

    @classmethod
    def learn(
        cls,
        pairs: Sequence[QuestionPair],
        tokenize: Tokenize = tokenize,
        *,
        min_count: int,
        max_length: int,
    ) -> QuestionEncoder:
        """Build the vocabulary and the inverse document frequencies of training pairs."""

        def questions(description: str) -> Iterator[str]:
            with progress_bar(len(pairs), description) as bar:
                for pair in pairs:
                    yield pair.question1
                    yield pair.question2
                    bar.update(1)

        # Two passes: all tokens as lists of strings would need far more memory than all else.
        counts = count_tokens(questions("counting words"), tokenize)
        words = Vocabulary.from_counts(counts, min_count)
        idf = InverseDocumentFrequency.of_texts(questions("weighing words"), tokenize)
        return cls(PairEncoder(words, max_length, idf), tokenize)

    def with_vectors(self, vectors: NDArray[np.float32]) -> QuestionEncoder:
        """Return an encoder that adds the similarities of these word vectors."""
        return QuestionEncoder(self.pairs, self.tokenize, Buffer(vectors))

    @property
    def vocabulary(self) -> Vocabulary:
        """The words with an id."""
        return self.pairs.vocabulary

    @property
    def n_features(self) -> int:
        """Number of features of a pair."""
        return self.pairs.features + (0 if self.vectors is None else len(VECTOR_SIMILARITIES))

    def encode(self, texts: Texts, labels: NDArray[np.int64] | None = None) -> EncodedPairs:
        """Encode n pairs of texts; labels: (n,)."""
        parts = []
        with progress_bar(len(texts), "encoding") as bar:
            for start in range(0, max(len(texts), 1), _CHUNK):
                chunk = texts[start : start + _CHUNK]
                part = self.pairs.encode(chunk, tokenize=self.tokenize)
                parts.append(self._with_similarities(part))
                bar.update(len(part))
        return replace(EncodedPairs.joined(parts), labels=labels)

    def _with_similarities(self, part: EncodedPairs) -> EncodedPairs:
        if self.vectors is None:
            return part
        if self._similarities is None:
            words, idf = self.vocabulary.to_json(), self.pairs.idf
            weights = [1.0 if idf is None else idf(word) for word in words]
            self._similarities = VectorSimilarities(
                self.vectors.data, np.array(weights, np.float32)
            )
        features = self._similarities(part)
        if part.features is not None:
            features = np.concatenate([part.features, features], axis=1)
        return replace(part, features=features)

    def mean_vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the mean vector of the known words of each text, (n, d); zeros if none is known.

        Raises:
            StateError: if there are no word vectors.
        """
        if self.vectors is None:
            raise StateError("this model has no word vectors: train with --vectors-epochs")
        vectors = self.vectors.data
        means = np.zeros((len(texts), vectors.shape[1]), np.float32)
        with progress_bar(len(texts), "averaging word vectors") as bar:
            for mean, text in zip(means, texts, strict=True):
                ids = self.vocabulary.ids(self.tokenize(text))
                known = ids[ids >= len(SPECIAL_TOKENS)]
                if len(known):
                    mean[...] = vectors[known].mean(axis=0)
                bar.update(1)
        return means
