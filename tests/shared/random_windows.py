"""Random context windows of word2vec, as a sampler would draw them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np


def zipf(v: int) -> np.ndarray:
    return (10_000 // np.arange(1, v + 1)) + 1


def random_windows(
    v: int, size: tuple[int, int], window: int, rng: np.random.Generator
) -> SimpleNamespace:
    """Three updates of a random text; each word has each of its neighbors by chance."""
    b, r = size
    u, n, m = 3, b * r, b + 2 * window
    words = np.minimum(rng.zipf(1.3, u * n + 2 * window) - 1, v - 1)
    words[-(window + b // 2) :] = v  # the last block is not full
    contexts = np.array([words[i * n : (i + 1) * n + 2 * window] for i in range(u)], np.int32)
    centers = contexts[:, window : window + n].reshape(u, r, b)
    mask = np.zeros((u, r, b, m), np.float32)
    for word in range(b):
        for column in range(word, word + 2 * window + 1):
            if column != word + window:
                mask[:, :, word, column] = rng.random((u, r)) < 0.7
    rows = contexts[:, np.arange(r)[:, np.newaxis] * b + np.arange(m)]
    mask *= (rows != v)[:, :, np.newaxis] & (centers != v)[..., np.newaxis]
    mask[0, 0, 1] = 0  # a word without context
    return SimpleNamespace(
        centers=centers,
        contexts=contexts,
        context_mask=mask,
        context_counts=mask.sum(axis=-1),
        noise=None,
    )
