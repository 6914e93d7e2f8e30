"""`TopicSampler`: training samples of word2vec from a generated text, without pmt_text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from pmt_core import RandomStream
from pmt_train import (
    FitOptions,
    History,
    TrainingLoop,
    Word2Vec,
    Word2VecSettings,
    Word2VecTrainer,
)

V, WINDOW, SENTENCE = 40, 5, 10


@dataclass(frozen=True)
class Windows:
    centers: np.ndarray
    contexts: np.ndarray
    context_mask: np.ndarray
    context_counts: np.ndarray
    noise: np.ndarray | None


class TopicSampler:
    """Sentences of ten words of one of two topics: words 0-19, or words 20-39.

    length: Words of the text.
    """

    def __init__(self, length: int = 8_000, chunk_words: int = 1_000) -> None:
        rng = np.random.default_rng(0)
        topics = rng.integers(0, 2, length // SENTENCE)
        words = 20 * topics[:, np.newaxis] + rng.integers(0, 20, (len(topics), SENTENCE))
        self.text = words.reshape(-1).astype(np.int32)
        self.counts = np.bincount(self.text, minlength=V).astype(np.int64)
        self.window = WINDOW
        self.words = len(self.text)
        self.chunk_words = chunk_words
        self.keep_probabilities = np.ones(V, np.float32)
        self.noise_weights = np.ones(V)

    def __len__(self) -> int:
        return -(-self.words // self.chunk_words)

    def epoch(self, n: int) -> Iterator[tuple[int, int]]:
        return ((n, number) for number in range(len(self)))

    def sample(
        self, epoch: int, number: int, size: tuple[int, int], noise_shape: tuple[int, ...] | None
    ) -> Windows:
        rng = np.random.default_rng([epoch, number])
        words = self.text[number * self.chunk_words : (number + 1) * self.chunk_words]
        n, (b, r), w = len(words), size, self.window
        u = -(-n // (r * b))
        padded = np.full(u * r * b + 2 * w, V, np.int32)
        padded[w : w + n] = words
        contexts = np.stack([padded[i * r * b : (i + 1) * r * b + 2 * w] for i in range(u)])
        mask = np.zeros((u * r, b, b + 2 * w), np.float32)
        sizes = rng.integers(1, w + 1, n)
        i = np.arange(n)
        for distance in range(-w, w + 1):
            j = i + distance
            is_context = (sizes >= abs(distance)) & (j >= 0) & (j < n) & (j != i)
            center = i[is_context & (i // SENTENCE == j // SENTENCE)]
            mask[center // b, center % b, center % b + w + distance] = 1
        noise = None if noise_shape is None else rng.integers(0, V, (u, *noise_shape))
        mask = mask.reshape(u, r, b, -1)
        centers = padded[w : w + u * r * b].reshape(u, r, b)
        return Windows(centers, contexts, mask, mask.sum(axis=-1), noise)

    def state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        return {"counts": self.counts}, {"length": self.words, "chunk_words": self.chunk_words}

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray], values: Mapping[str, Any]) -> Self:
        sampler = cls(**values)
        np.testing.assert_array_equal(arrays["counts"], sampler.counts)
        return sampler

    @property
    def descriptors(self) -> list[int]:
        return []


def topic_model(**changes: Any) -> Word2Vec:
    """An untrained model of the text."""
    settings = {"dimension": 16, "epochs": 2, "learning_rate": 0.05} | changes
    return Word2Vec(Word2VecSettings(**settings), V, RandomStream(7, "word2vec"))


def topic_contrast(model: Word2Vec) -> float:
    """Mean cosine of words of one topic, minus that of words of different topics."""
    unit = model.vectors / np.linalg.norm(model.vectors, axis=1, keepdims=True)
    cosines = unit @ unit.T
    topic = np.arange(V) // 20
    is_same = topic[:, np.newaxis] == topic
    return float(cosines[is_same].mean() - cosines[~is_same].mean())


def train(trainer: Word2VecTrainer, epochs: int = 2, **options: Any) -> History:
    """Train for some epochs without a word."""
    fit_options = FitOptions(epochs=epochs, quiet=True, **options)
    return TrainingLoop(trainer, trainer.sampler, fit_options).run()
