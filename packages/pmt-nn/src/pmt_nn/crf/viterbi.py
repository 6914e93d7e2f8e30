"""Viterbi decoding of a linear chain: the best tag sequence, or the k best.

Letters and scores are those of `forward_backward.py`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Array
from pmt_core import check_sizes
from pmt_nn.crf.forward_backward import Lengths


def viterbi_decode(
    emissions: Array, transitions: Array, start: Array, end: Array, lengths: Lengths
) -> tuple[NDArray[np.int64], Array]:
    """Return the tags (b, t) of the highest score and the scores (b,) (Viterbi 1967).

    Tags beyond the length are 0. Of equal scores the lowest tags win.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import viterbi_decode
        >>> emissions = np.array([[[1.0, 0.0], [0.0, 0.5], [1.0, 0.0]]])  # each step alone: 0 1 0
        >>> start = end = np.zeros(2)
        >>> lengths = np.array([3])
        >>> viterbi_decode(emissions, np.zeros((2, 2)), start, end, lengths)
        (array([[0, 1, 0]]), array([2.5]))
        >>> stay = np.array([[1.0, 0.0], [0.0, 1.0]])  # a score for keeping the tag
        >>> viterbi_decode(emissions, stay, start, end, lengths)
        (array([[0, 0, 0]]), array([4.]))
    """
    b, t, n = emissions.shape
    tags = np.zeros((b, t), np.int64)
    if not t:
        return tags, np.zeros(b, emissions.dtype)
    shortest = int(lengths.min(initial=t))
    previous = np.empty((t, b, n), np.int64)
    incoming = np.ascontiguousarray(transitions.T)  # the maximum is then over contiguous rows
    steps = np.empty((b, n, n), np.result_type(emissions, start, transitions))
    best = (start + emissions[:, 0]).astype(steps.dtype, copy=False)
    from_best = best[:, np.newaxis]  # a view (b, 1, n): score of the best prefix for each tag
    longer = np.empty_like(best)
    for i in range(1, t):
        np.add(from_best, incoming, out=steps)
        steps.argmax(axis=2, out=previous[i])
        np.maximum.reduce(steps, axis=2, out=longer)
        if i < shortest:
            np.add(longer, emissions[:, i], out=best)
        else:
            longer += emissions[:, i]
            np.copyto(best, longer, where=(i < lengths)[:, np.newaxis])
    best = best + end
    score = np.where(lengths > 0, best.max(axis=1), 0)
    tag = best.argmax(axis=1)
    if b == 1:
        tags[0, : lengths[0]] = _traced_back(previous[: lengths[0], 0].tolist(), int(tag[0]))
        return tags, score.astype(emissions.dtype)
    rows = np.arange(b)
    for i in range(t - 1, -1, -1):
        if i < shortest:
            tags[:, i] = tag
            tag = previous[i, rows, tag] if i else tag
        else:
            inside = i < lengths
            tags[:, i] = np.where(inside, tag, 0)
            tag = np.where(inside, previous[i, rows, tag], tag)
    return tags, score.astype(emissions.dtype)


def _traced_back(previous: list[list[int]], tag: int) -> list[int]:
    """Return the best tags of one sequence; for a few numbers lists are faster than arrays."""
    tags = []
    for row in reversed(previous):
        tags.append(tag)
        tag = row[tag]
    return tags[::-1]


def viterbi_n_best(
    emissions: Array, transitions: Array, start: Array, end: Array, lengths: Lengths, k: int
) -> tuple[NDArray[np.int64], Array]:
    """Return the tags (b, k, t) of the k highest scores, best first, and the scores (b, k).

    The tag sequences of a row differ. If there are fewer than k with a score above -inf, the
    others have the score -inf and the tags 0; an empty sequence is the only one of its row. Tags
    beyond the length are 0. The recursion keeps the k best prefixes that end in each tag (the
    list Viterbi algorithm, Seshadri & Sundberg 1994).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import viterbi_n_best
        >>> emissions = np.array([[[2.0, 0.0], [0.0, 1.0]]])
        >>> start, end, lengths = np.zeros(2), np.zeros(2), np.array([2])
        >>> tags, scores = viterbi_n_best(emissions, np.zeros((2, 2)), start, end, lengths, k=3)
        >>> tags
        array([[[0, 1],
                [0, 0],
                [1, 1]]])
        >>> scores
        array([[3., 2., 1.]])
    """
    check_sizes("viterbi_n_best", k=k)
    b, t, n = emissions.shape
    best = np.full((b, n, k), -np.inf, emissions.dtype)  # of the prefixes that end in each tag
    best[:, :, 0] = start + emissions[:, 0] if t else 0
    previous = np.zeros((t, b, n, k), np.int64)  # index of the prefix: its tag times k + its rank
    for i in range(1, t):
        steps = best[:, :, np.newaxis] + transitions[:, :, np.newaxis]  # (b, from, to, k)
        previous[i], values = _largest(steps.swapaxes(1, 2).reshape(b, n, n * k), k)
        inside = (i < lengths)[:, np.newaxis, np.newaxis]
        best = np.where(inside, values + emissions[:, i, :, np.newaxis], best)
    order, scores = _largest((best + end[:, np.newaxis]).reshape(b, n * k), k)
    is_empty = lengths == 0
    scores[is_empty] = -np.inf
    scores[is_empty, :1] = 0
    tags = np.zeros((b, k, t), np.int64)
    rows = np.arange(b)[:, np.newaxis]
    for i in range(t - 1, -1, -1):
        inside = (i < lengths)[:, np.newaxis] & (scores > -np.inf)
        tag = order // k
        tags[:, :, i] = np.where(inside, tag, 0)
        order = np.where(inside, previous[i, rows, tag, order % k], order)
    return tags, scores


def _largest(values: Array, k: int) -> tuple[NDArray[np.int64], Array]:
    """Return the indices and the values of the k largest of the last axis, largest first.

    Of equal values the lowest index is first. Where there are fewer than k, -inf is added.
    """
    short = k - values.shape[-1]
    if short > 0:
        more = np.full((*values.shape[:-1], short), -np.inf, values.dtype)
        values = np.concatenate([values, more], axis=-1)
    order = np.argsort(-values, axis=-1, kind="stable")[..., :k]
    return order, np.take_along_axis(values, order, axis=-1)
