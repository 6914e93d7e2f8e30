"""The word-overlap baseline: Jaccard similarity and its best threshold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError, ShapeError
from pmt_text.tokenizers.normalize import Tokenize, tokenize


class Threshold(NamedTuple):
    """A threshold: scores of `value` and above are predicted as 1, with this `accuracy`."""

    value: float
    accuracy: float


def jaccard(tokens_a: Collection[str], tokens_b: Collection[str]) -> float:
    """Return the Jaccard similarity of two sets of tokens, 0 to 1; 1 if both are empty.

    Examples:
        >>> from pmt_text import jaccard
        >>> jaccard(["who", "is", "he"], ["who", "was", "he"])  # 2 of 4 words
        0.5
    """
    a, b = set(tokens_a), set(tokens_b)
    union = len(a | b)
    return len(a & b) / union if union else 1.0


def overlap_scores(
    pairs: Iterable[tuple[str, str]], *, tokenize: Tokenize = tokenize
) -> NDArray[np.float64]:
    """Return the `jaccard` similarity of the tokens of n pairs of texts, (n,).

    Args:
        pairs: of texts, (n,).
        tokenize: maps a text to its tokens; may cache them.

    Examples:
        >>> from pmt_text import overlap_scores
        >>> overlap_scores([("Who is he?", "Who's he?"), ("Who is he?", "Who IS he???")]).round(3)
        array([0.6, 1. ])
    """
    return np.array([jaccard(tokenize(a), tokenize(b)) for a, b in pairs], np.float64)


def best_threshold(
    scores: Sequence[float] | NDArray[np.floating], labels: Sequence[int] | NDArray[np.integer]
) -> Threshold:
    """Return the threshold of scores with the highest accuracy for labels of 0 and 1.

    In a tie the lowest threshold is taken. It lies half-way between two scores, or by at least 1
    below the lowest score (all are 1) or above the highest (none is). So it means the same after it
    was rounded to float32 or float16 with the scores, unless scores on its two sides become equal.

    Args:
        scores: (n,), finite.
        labels: (n,), 0 or 1.

    Returns:
        The threshold, `value`, and its `accuracy`: scores of `value` and above are predicted as 1.

    Raises:
        ShapeError: if the shapes are others.
        DataError: if there is no score, one is not finite, or a label is neither 0 nor 1.

    Examples:
        >>> from pmt_text import best_threshold
        >>> best_threshold([0.1, 0.3, 0.5, 0.9], [0, 0, 1, 1])
        Threshold(value=0.4, accuracy=1.0)
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
    # correct[k]: correct predictions if the k lowest scores are predicted as 0, the others as 1.
    correct = np.concatenate([[0], np.cumsum(1 - 2 * truth)]) + truth.sum()
    cuts = np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1, [len(values)]])
    cut = int(cuts[np.argmax(correct[cuts])])
    if cut == 0:
        value = values[0] - max(1.0, abs(values[0]))
    elif cut == len(values):
        value = values[-1] + max(1.0, abs(values[-1]))
    else:
        value = _between(values[cut - 1], values[cut])
    return Threshold(float(value), float(correct[cut] / len(values)))


def _between(low: np.float64, high: np.float64) -> np.float64:
    """Return a number above `low`, at most `high`, that stays above `low` when both are rounded."""
    middle = low / 2 + high / 2
    with np.errstate(over="ignore", under="ignore"):
        for dtype in (np.float16, np.float32, np.float64):
            if dtype(middle) == dtype(low) != dtype(high):
                return high
    return middle
