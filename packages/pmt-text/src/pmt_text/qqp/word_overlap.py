"""Word overlap: the baseline that a model of question pairs has to beat."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError, ShapeError
from pmt_text.tokenizers.normalize import Tokenize, tokenize

__all__ = ["Threshold", "best_threshold", "jaccard", "overlap_scores"]


class Threshold(NamedTuple):
    """A cut of scores: at `value` and above is answered 1; `accuracy` is what that reaches."""

    value: float
    accuracy: float


def jaccard(tokens_a: Collection[str], tokens_b: Collection[str]) -> float:
    """The share of the different tokens that both have, 0 to 1; 1 where both have none."""
    a, b = set(tokens_a), set(tokens_b)
    union = len(a | b)
    return len(a & b) / union if union else 1.0


def overlap_scores(
    pairs: Iterable[tuple[str, str]], *, tokenize: Tokenize = tokenize
) -> NDArray[np.float64]:
    """The `jaccard` of the tokens of n pairs of texts, (n,).

    tokenize: a function from a text to its tokens; one that caches them shares the work.
    """
    return np.array([jaccard(tokenize(a), tokenize(b)) for a, b in pairs], np.float64)


def best_threshold(
    scores: Sequence[float] | NDArray[np.floating], labels: Sequence[int] | NDArray[np.integer]
) -> Threshold:
    """The cut of `scores` (n,) that agrees best with `labels` (n,) of 0 and 1.

    Scores at the threshold or above count as 1. The lowest of equally good cuts is taken; it lies
    half-way between two scores, at the lowest score (all are 1) or just above the highest (none).
    """
    values, truth = np.asarray(scores, np.float64), np.asarray(labels, np.int64)
    if values.shape != truth.shape or values.ndim != 1:
        raise ShapeError(f"scores and labels must both be (n,): {values.shape}, {truth.shape}")
    if not len(values):
        raise DataError("a threshold needs at least one score")
    if not np.isfinite(values).all():
        raise DataError("scores must be finite")
    if not np.isin(truth, (0, 1)).all():
        raise DataError("labels must be 0 or 1")
    order = np.argsort(values)
    values, truth = values[order], truth[order]
    # right[k]: right answers when the k lowest scores are answered 0 and the others 1.
    right = np.concatenate([[0], np.cumsum(1 - truth)]) + np.concatenate(
        [np.cumsum(truth[::-1])[::-1], [0]]
    )
    cuts = np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1, [len(values)]])
    cut = int(cuts[np.argmax(right[cuts])])
    if cut == 0:
        value = values[0]
    elif cut == len(values):
        value = np.nextafter(values[-1], np.inf)
    else:
        value = (values[cut - 1] + values[cut]) / 2
        value = value if value > values[cut - 1] else values[cut]  # neighbors in floating point
    return Threshold(float(value), float(right[cut] / len(values)))
