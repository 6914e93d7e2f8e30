"""Beam search with length penalties."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Array
from pmt_core import SettingsError, check_sizes, log_softmax
from pmt_nn.generation.beam_step import BeamStep
from pmt_nn.generation.decoding import StepwiseDecoding, check_numbers

Ids = NDArray[np.int64]

LengthPenalty = Callable[[float], float]
"""Number of tokens, the end token included -> divisor above 0, which does not fall with it."""


_LARGEST_EXPONENT = 32  # (2^31)^32 is a float


def gnmt_penalty(alpha: float) -> LengthPenalty:
    """Return the penalty ((5 + n) / 6)^alpha (Wu et al. 2016, eq. 14); 0.6 to 1 is usual.

    Raises SettingsError unless 0 <= alpha <= 32; a larger power of a length exceeds all floats.

    Examples:
        >>> from pmt_nn import gnmt_penalty
        >>> penalty = gnmt_penalty(0.6)
        >>> [round(penalty(n), 3) for n in (1, 5, 10, 20)]
        [1.0, 1.359, 1.733, 2.354]
    """
    _check_exponent(alpha)
    return lambda n: ((5 + n) / 6) ** alpha


def power_penalty(alpha: float) -> LengthPenalty:
    """Return the penalty n^alpha; with 1 the score is the mean log-probability of a token.

    Raises SettingsError unless 0 <= alpha <= 32.

    Examples:
        >>> from pmt_nn import power_penalty
        >>> mean = power_penalty(1.0)
        >>> -6.0 / mean(3), -7.0 / mean(4)  # the longer hypothesis has the better score
        (-2.0, -1.75)
    """
    _check_exponent(alpha)
    return lambda n: float(n) ** alpha


def _check_exponent(alpha: float) -> None:
    if not 0 <= alpha <= _LARGEST_EXPONENT:
        raise SettingsError(
            f"the exponent of a length penalty lies in 0 ... {_LARGEST_EXPONENT}, got {alpha}; "
            "0.6 to 1 is usual"
        )


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A sequence that the search produced.

    Attributes:
        tokens: its tokens, without the given first ones and without the end token.
        log_probability: of the tokens, the end token included.
        score: log_probability / penalty(number of tokens, the end token included).
        ended: whether it has its end token; False if it was cut at the length limit.

    Examples:
        >>> from pmt_nn import Hypothesis, gnmt_penalty
        >>> score = -3.0 / gnmt_penalty(0.6)(3)  # of two tokens and the end token
        >>> hypothesis = Hypothesis((7, 9), log_probability=-3.0, score=score, ended=True)
        >>> hypothesis.tokens, round(hypothesis.score, 3)
        ((7, 9), -2.524)
    """

    tokens: tuple[int, ...]
    log_probability: float
    score: float
    ended: bool


def beam_search(
    decoding: StepwiseDecoding,
    first: NDArray[np.integer],
    *,
    end: int,
    max_length: int | NDArray[np.integer],
    width: int = 4,
    penalty: LengthPenalty | None = None,
    n_best: int = 1,
    observer: Callable[[BeamStep], None] | None = None,
) -> list[list[Hypothesis]]:
    """Return up to n_best hypotheses that continue each row of first (b, t), the best first.

    Every step keeps the `width` most likely prefixes of each sentence. A hypothesis counts if its
    end token is among the `width` most likely continuations. A sentence is done, and leaves the
    batch, if no prefix can become better than its n_best-th hypothesis; if it has `width`
    hypotheses and no prefix is better now; or at its length limit. If too few hypotheses ended,
    the best of those that were cut follow them. With width 1 this is greedy decoding.

    max_length: most tokens of a hypothesis, its end token included: a number, or (b,) of them, so
    that the result of a sentence does not depend on its batch. penalty: divisor of the
    log-probability, `gnmt_penalty(0.6)` by default. observer: is called with each step, and
    changes nothing. Raises SettingsError.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor
        >>> from pmt_nn import Decoding, beam_search
        >>> p = np.array([[1.0, 0.0, 0.0], [0.2, 0.5, 0.3], [0.9, 0.05, 0.05]])  # 0 is the end
        >>> def read(ids, memory, memory_mask, cache):
        ...     return Tensor(np.log(np.maximum(p[ids], 1e-9)))
        >>> for width in (1, 2):  # greedy, beam
        ...     decoding = Decoding(read, layers=0, cached=False)
        ...     rows = beam_search(decoding, np.array([[1]]), end=0, max_length=3, width=width)
        ...     best = rows[0][0]
        ...     print(best.tokens, round(np.exp(best.log_probability), 3), best.ended)
        (1, 1, 1) 0.125 False
        (2,) 0.27 True
    """
    check_sizes("beam_search", width=width, n_best=n_best)
    limits = np.asarray(max_length)
    if limits.dtype.kind not in "iu" or limits.min(initial=1) < 1:
        raise SettingsError(f"max_length is a whole number, 1 or more, got {max_length}")
    limits = np.broadcast_to(limits.astype(np.int64), (len(first),))
    search = _Search(limits, end, width, penalty or gnmt_penalty(0.6), n_best)
    search.observer = observer
    ids = np.asarray(first, np.int64)
    while len(search.sentences):
        rows, sentences, ids = search.advance(decoding.step(ids))
        decoding.select(rows, sentences)
    return search.results()


class _Search:
    """The prefixes of unfinished sentences, and the hypotheses of all.

    Attributes:
        sentences: (m,) indices of the unfinished sentences.
        tokens: (m, g, n), g prefixes of n tokens for each, the most likely first.
        log_p: (m, g) their log-probabilities, -inf for a missing prefix.
    """

    def __init__(
        self, limits: Ids, end: int, width: int, penalty: LengthPenalty, n_best: int
    ) -> None:
        b = len(limits)
        self.sentences = np.arange(b)
        self.tokens = np.zeros((b, 1, 0), np.int64)
        self.log_p = np.zeros((b, 1))
        self._limits, self._end, self._width = limits, end, width
        self._penalty, self._n_best = penalty, n_best
        self._ended: list[list[Hypothesis]] = [[] for _ in range(b)]
        self._cut: list[list[Hypothesis]] = [[] for _ in range(b)]
        self._to_beat = np.full(b, -np.inf)  # score of the n_best-th hypothesis
        self.observer: Callable[[BeamStep], None] | None = None

    def advance(self, logits: Array) -> tuple[Ids, Ids, Ids]:
        """Extend all prefixes by one token, given the logits (m g, v) of the next one.

        Returns the rows that continue, the indices (of m) of their sentences, and the new tokens
        (rows, 1).
        """
        m, g = self.log_p.shape
        log_p, prefix, token = self._candidates(logits)
        candidates = log_p, prefix, token
        self._add_ended(*candidates)
        # The most likely without an end token continue; if they are too few, -inf fills up.
        log_p = np.where(token == self._end, -np.inf, log_p)
        order = np.argsort(-log_p, axis=1, kind="stable")[:, : self._width]
        if self.observer is not None:
            self.observer(self._step(*candidates, order))
        log_p = np.take_along_axis(log_p, order, axis=1)
        prefix, token = (np.take_along_axis(x, order, axis=1) for x in (prefix, token))
        tokens = np.take_along_axis(self.tokens, prefix[:, :, np.newaxis], axis=1)
        self.tokens = np.concatenate([tokens, token[:, :, np.newaxis]], axis=2)
        self.log_p = log_p
        left = np.flatnonzero(~self._done())
        rows = (np.arange(m)[:, np.newaxis] * g + prefix)[left]
        self.sentences, self.tokens = self.sentences[left], self.tokens[left]
        self.log_p = self.log_p[left]
        return rows.reshape(-1), left, self.tokens[:, :, -1].reshape(-1, 1)

    def results(self) -> list[list[Hypothesis]]:
        """Return the best hypotheses of each sentence, those that were cut last."""
        return [
            [*sorted(ended, key=_rank), *sorted(cut, key=_rank)][: self._n_best]
            for ended, cut in zip(self._ended, self._cut, strict=True)
        ]

    def _candidates(self, logits: Array) -> tuple[NDArray[np.float64], Ids, Ids]:
        """Return log-probability, prefix and token of the best continuations, (m, 2 width) each.

        At most `width` of them end, one for each prefix, so `width` are left to continue.
        """
        m, g = self.log_p.shape
        v = logits.shape[-1]
        check_numbers(logits)
        steps = log_softmax(logits, axis=-1).reshape(m, g, v)
        scores = (steps + self.log_p.astype(steps.dtype)[:, :, np.newaxis]).reshape(m, g * v)
        best = largest(scores, min(2 * self._width, g * v))
        prefix, token = np.divmod(best, v)
        rows = np.arange(m)[:, np.newaxis]
        return self.log_p[rows, prefix] + steps[rows, prefix, token], prefix, token

    def _add_ended(self, log_p: NDArray[np.float64], prefix: Ids, token: Ids) -> None:
        """Add hypotheses for the end tokens among the first `width` candidates."""
        ends = self._ends(log_p, token)
        n = self.tokens.shape[2] + 1
        for i, j in np.argwhere(ends):
            hypotheses = self._ended[self.sentences[i]]
            tokens = tuple(self.tokens[i, prefix[i, j]].tolist())
            p = float(log_p[i, j])
            hypotheses.append(Hypothesis(tokens, p, p / self._penalty(n), ended=True))
            if len(hypotheses) >= self._n_best:
                scores = sorted((hypothesis.score for hypothesis in hypotheses), reverse=True)
                self._to_beat[self.sentences[i]] = scores[self._n_best - 1]

    def _ends(self, log_p: NDArray[np.float64], token: Ids) -> NDArray[np.bool_]:
        ends: NDArray[np.bool_] = (token == self._end) & np.isfinite(log_p)
        ends[:, self._width :] = False
        return ends

    def _step(self, log_p: NDArray[np.float64], prefix: Ids, token: Ids, order: Ids) -> BeamStep:
        """Return the step for its observer. order: the candidates that continue."""
        ranks = np.full(token.shape, -1)
        np.put_along_axis(ranks, order, np.arange(order.shape[1])[np.newaxis], axis=1)
        ranks[(token == self._end) | ~np.isfinite(log_p)] = -1
        return BeamStep(
            self.sentences.copy(), prefix, token, log_p, ranks, self._ends(log_p, token)
        )

    def _done(self) -> NDArray[np.bool_]:
        """Return which sentences are finished, (m,), and cut those at their limit."""
        n = self.tokens.shape[2]
        limits = self._limits[self.sentences]
        best = self.log_p.max(axis=1, initial=-np.inf)
        # A log-probability only falls, so this is an upper bound of what the best prefix reaches.
        attainable = best / np.array([self._penalty(int(limit)) for limit in limits])
        full = np.array([len(self._ended[i]) >= self._width for i in self.sentences], np.bool_)
        enough = np.where(full, best / self._penalty(n), np.inf)
        at_limit = (n >= limits) | ~np.isfinite(attainable)
        for i in np.flatnonzero(at_limit):
            self._cut[self.sentences[i]] = [
                Hypothesis(tuple(tokens.tolist()), float(p), float(p) / self._penalty(n), False)
                for tokens, p in zip(self.tokens[i], self.log_p[i], strict=True)
                if np.isfinite(p)
            ]
        to_beat = self._to_beat[self.sentences]
        done: NDArray[np.bool_] = at_limit | (attainable <= to_beat) | (enough <= to_beat)
        return done


def largest(scores: Array, k: int) -> Ids:
    """Return the indices of the k largest of each row (m, n), the largest first: (m, k); k <= n.

    Long rows are cut into k or more blocks. The k largest lie in the k blocks whose maxima are
    largest, so only those blocks are searched.
    """
    m, n = scores.shape
    size = 64
    blocks = n // size
    if blocks <= 2 * k:
        return _largest(scores, k)
    whole = scores[:, : blocks * size].reshape(m, blocks, size)
    best_blocks = np.sort(_largest(whole.max(axis=2), k), axis=1)
    columns = (best_blocks[:, :, np.newaxis] * size + np.arange(size)).reshape(m, k * size)
    rest = np.broadcast_to(np.arange(blocks * size, n), (m, n - blocks * size))
    columns = np.concatenate([columns, rest], axis=1)
    best = _largest(np.take_along_axis(scores, columns, axis=1), k)
    return np.take_along_axis(columns, best, axis=1)


def _largest(scores: Array, k: int) -> Ids:
    """Return the indices of the k largest of each row, of equals the first."""
    columns = np.sort(np.argpartition(scores, -k, axis=1)[:, -k:], axis=1)
    order = np.argsort(-np.take_along_axis(scores, columns, axis=1), axis=1, kind="stable")
    return np.take_along_axis(columns, order, axis=1)


def _rank(hypothesis: Hypothesis) -> float:
    return -hypothesis.score
