"""How often frequent words are passed over (Mikolov et al. 2013b, section 2.3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["keep_probabilities"]


def keep_probabilities(counts: NDArray[np.integer], threshold: float) -> NDArray[np.float32]:
    """The probability with which an occurrence of each word is kept.

    sqrt(t / f) + t / f, at most 1, where f is the word's part of all words: the formula of the C
    program, somewhat milder than the paper's sqrt(t / f). counts: (v,), each above 0. threshold:
    t; 0 keeps everything. Returns (v,).
    """
    if not threshold:
        return np.ones(len(counts), np.float32)
    ratio = threshold / (counts / counts.sum())
    kept: NDArray[np.float32] = np.minimum(1, np.sqrt(ratio) + ratio).astype(np.float32)
    return kept
