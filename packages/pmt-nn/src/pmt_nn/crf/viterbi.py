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
    b, t, _ = emissions.shape
    if not t:
        return np.zeros((b, t), np.int64), np.zeros(b, emissions.dtype)
    if b == 1 and lengths[0] == t:
        path, best_score = _decode_one(emissions[0], transitions, start, end)
        return np.array([path]), np.array([best_score], emissions.dtype)
    best = _best_prefixes(emissions, transitions, start, lengths)
    last = best[t - 1] + end[:, np.newaxis]
    score = np.where(lengths > 0, last.max(axis=0), 0)
    tags = np.zeros((t, b), np.int64)
    tag = last.argmax(axis=0)
    incoming = np.ascontiguousarray(transitions.T)
    shortest = int(lengths.min(initial=t))
    for i in range(t - 1, 0, -1):
        previous = (best[i - 1].T + incoming.take(tag, axis=0)).argmax(axis=1)
        if i < shortest:
            tags[i], tag = tag, previous
        else:
            inside = i < lengths
            np.copyto(tags[i], tag, where=inside)
            tag = np.where(inside, previous, tag)
    np.copyto(tags[0], tag, where=lengths > 0)
    return np.ascontiguousarray(tags.T), score.astype(emissions.dtype)


def _best_prefixes(emissions: Array, transitions: Array, start: Array, lengths: Lengths) -> Array:
    """Return the score of the best prefix that ends in each tag at each position, (t, n, b).

    Beyond the length of a row they are those of its last position. The sequences are the last
    axis, which is contiguous: each step is an addition and a maximum of long rows. Which tag came
    before is not stored; it is computed again for the tags of the best sequences.
    """
    b, t, n = emissions.shape
    dtype = np.result_type(emissions, start, transitions)
    scores = np.ascontiguousarray(emissions.transpose(1, 2, 0))
    shortest = int(lengths.min(initial=t))
    best = np.empty((t, n, b), dtype)
    np.add(start[:, np.newaxis], scores[0], out=best[0])
    outgoing = transitions[:, :, np.newaxis]
    steps = np.empty((n, n, b), dtype)  # from, to, sequence
    for i in range(1, t):
        np.add(best[i - 1][:, np.newaxis], outgoing, out=steps)
        longer = np.maximum.reduce(steps, axis=0, out=best[i])
        longer += scores[i]
        if i >= shortest:
            np.copyto(longer, best[i - 1], where=i >= lengths)
    return best


def _decode_one(
    emissions: Array, transitions: Array, start: Array, end: Array
) -> tuple[list[int], Array]:
    """Return the best tags of a sequence, emissions (t, n), and their score."""
    t, n = emissions.shape
    best = start + emissions[0]
    steps = np.empty((t - 1, n, n), np.result_type(best, transitions))  # position, from, to
    for step, scores in zip(steps, emissions[1:], strict=True):
        np.add(best[:, np.newaxis], transitions, out=step)
        best = np.maximum.reduce(step, axis=0)
        best += scores
    best = best + end
    tag = int(best.argmax())
    score = best[tag]
    tags = [tag]
    for row in reversed(steps.argmax(axis=1).tolist()):  # of few numbers, lists are faster
        tag = row[tag]
        tags.append(tag)
    return tags[::-1], score


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
