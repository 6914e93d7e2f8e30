"""Beam search: the best of several sentences that grow side by side.

What the log-probability of a sentence is divided by, so that long ones stand a chance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Array
from pmt_core import SettingsError, log_softmax
from pmt_nn.generation.decoding import Decoding

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A sentence that the search found.

    Attributes:
        tokens: those written, without what was given first and without the end token.
        log_probability: of the tokens, the end token included.
        score: log_probability / penalty(number of tokens, the end token included).
        ended: whether it has its end token; False: it was cut at the length limit.
    """

    tokens: tuple[int, ...]
    log_probability: float
    score: float
    ended: bool


def beam_search(
    decoding: Decoding,
    first: NDArray[np.integer],
    *,
    end: int,
    max_length: int | NDArray[np.integer],
    width: int = 4,
    penalty: LengthPenalty | None = None,
    n_best: int = 1,
) -> list[list[Hypothesis]]:
    """Go on from first (b, t) -> for each row up to n_best hypotheses, the best first.

    At every step the `width` likeliest beginnings of each sentence are kept. A hypothesis counts
    when its end token is among the `width` likeliest continuations. A sentence is done, and leaves
    the batch, when no beginning can become better than its n_best-th hypothesis any more; when it
    has `width` hypotheses and no beginning is better now; or at its length limit. With width 1
    this is greedy decoding.

    max_length: most tokens of a hypothesis, its end token included; a number, or (b,) of them, so
    that a sentence's result does not depend on its batch. penalty: `gnmt_penalty(0.6)` by default.
    Where too few hypotheses ended, the best that were cut follow them. Raises SettingsError.
    """
    limits = np.broadcast_to(np.asarray(max_length, np.int64), (len(first),))
    if width < 1 or n_best < 1 or (limits < 1).any():
        raise SettingsError(
            "width, n_best and max_length are 1 or more, got "
            f"{width}, {n_best} and {limits.min(initial=1)}"
        )
    search = _Search(len(first), limits, end, width, penalty or gnmt_penalty(0.6), n_best)
    new = np.asarray(first, np.int64)
    while len(search.sentences):
        rows, kept, new = search.advance(decoding.step(new))
        decoding.select(rows, kept)
    return search.results()


class _Search:
    """The beginnings of the sentences that are not done, and the hypotheses found.

    Attributes:
        sentences: (m,) numbers of those not done.
        tokens, log_p: (m, g, n) and (m, g): g beginnings of n tokens of each, the likeliest first;
            -inf marks one that is none.
    """

    def __init__(
        self, b: int, limits: Ids, end: int, width: int, penalty: LengthPenalty, n_best: int
    ) -> None:
        self.sentences = np.arange(b)
        self.tokens = np.zeros((b, 1, 0), np.int64)
        self.log_p = np.zeros((b, 1))
        self._limits, self._end, self._width = limits, end, width
        self._penalty, self._n_best = penalty, n_best
        self._found: list[list[Hypothesis]] = [[] for _ in range(b)]
        self._cut: list[list[Hypothesis]] = [[] for _ in range(b)]
        self._to_beat = np.full(b, -np.inf)  # score of the n_best-th hypothesis

    def advance(self, logits: Array) -> tuple[Ids, Ids, Ids]:
        """One token more. logits: (m g, v) of the beginnings.

        -> the rows that go on, the places of the sentences that do, and the new tokens (rows, 1).
        """
        m, g = self.log_p.shape
        log_p, beam, token = self._candidates(logits)
        self._note_ended(log_p, beam, token)
        # Those that go on: the likeliest without an end; where they are too few, -inf.
        log_p = np.where(token == self._end, -np.inf, log_p)
        order = np.argsort(-log_p, axis=1, kind="stable")[:, : self._width]
        log_p = np.take_along_axis(log_p, order, axis=1)
        beam, token = (np.take_along_axis(x, order, axis=1) for x in (beam, token))
        written = np.take_along_axis(self.tokens, beam[:, :, np.newaxis], axis=1)
        self.tokens = np.concatenate([written, token[:, :, np.newaxis]], axis=2)
        self.log_p = log_p
        kept = np.flatnonzero(~self._done())
        rows = (np.arange(m)[:, np.newaxis] * g + beam)[kept]
        self.sentences, self.tokens, self.log_p = (
            self.sentences[kept],
            self.tokens[kept],
            self.log_p[kept],
        )
        return rows.reshape(-1), kept, self.tokens[:, :, -1].reshape(-1, 1)

    def results(self) -> list[list[Hypothesis]]:
        """For every sentence the best hypotheses; cut ones come after those that ended."""
        return [
            [*sorted(found, key=_rank), *sorted(cut, key=_rank)][: self._n_best]
            for found, cut in zip(self._found, self._cut, strict=True)
        ]

    def _candidates(self, logits: Array) -> tuple[NDArray[np.float64], Ids, Ids]:
        """The 2 width likeliest continuations, best first: log p, beginning and token, (m, k).

        At most `width` of them end, one for each beginning, so `width` are left to go on.
        """
        m, g = self.log_p.shape
        v = logits.shape[-1]
        steps = log_softmax(logits, axis=-1).reshape(m, g, v)
        scores = (steps + self.log_p.astype(steps.dtype)[:, :, np.newaxis]).reshape(m, g * v)
        best = largest(scores, min(2 * self._width, g * v))
        beam, token = np.divmod(best, v)
        places = np.arange(m)[:, np.newaxis]
        return self.log_p[places, beam] + steps[places, beam, token], beam, token

    def _note_ended(self, log_p: NDArray[np.float64], beam: Ids, token: Ids) -> None:
        """Keep what ends among the first `width` candidates."""
        ends = (token == self._end) & np.isfinite(log_p)
        ends[:, self._width :] = False
        n = self.tokens.shape[2] + 1
        for i, j in np.argwhere(ends):
            found = self._found[self.sentences[i]]
            tokens = tuple(self.tokens[i, beam[i, j]].tolist())
            p = float(log_p[i, j])
            found.append(Hypothesis(tokens, p, p / self._penalty(n), ended=True))
            if len(found) >= self._n_best:
                scores = sorted((one.score for one in found), reverse=True)
                self._to_beat[self.sentences[i]] = scores[self._n_best - 1]

    def _done(self) -> NDArray[np.bool_]:
        """Which of the sentences need no further step; of those at their limit, what is cut."""
        n = self.tokens.shape[2]
        limits = self._limits[self.sentences]
        # A log-probability only falls, so this is what the best beginning can come to at most.
        divisors = np.array([self._penalty(int(limit)) for limit in limits])
        attainable = self.log_p.max(axis=1, initial=-np.inf) / divisors
        full = np.array([len(self._found[i]) >= self._width for i in self.sentences], np.bool_)
        enough = np.where(full, self.log_p.max(axis=1, initial=-np.inf) / self._penalty(n), np.inf)
        for i in np.flatnonzero((n >= limits) | ~np.isfinite(attainable)):
            self._cut[self.sentences[i]] = [
                Hypothesis(tuple(tokens.tolist()), float(p), float(p) / self._penalty(n), False)
                for tokens, p in zip(self.tokens[i], self.log_p[i], strict=True)
                if np.isfinite(p)
            ]
        to_beat = self._to_beat[self.sentences]
        done: NDArray[np.bool_] = (
            (n >= limits) | ~np.isfinite(attainable) | (attainable <= to_beat) | (enough <= to_beat)
        )
        return done


def largest(scores: Array, k: int) -> Ids:
    """Places of the k largest of each row (m, n) -> (m, k), the largest first; k <= n.

    Long rows are cut into k or more parts; the k largest lie in the k parts whose largest elements
    are largest, so that only those parts are looked through.
    """
    m, n = scores.shape
    size = 64
    parts = n // size
    if parts <= 2 * k:
        return _largest(scores, k)
    whole = scores[:, : parts * size].reshape(m, parts, size)
    chosen = np.sort(_largest(whole.max(axis=2), k), axis=1)
    places = (chosen[:, :, np.newaxis] * size + np.arange(size)).reshape(m, k * size)
    rest = np.broadcast_to(np.arange(parts * size, n), (m, n - parts * size))
    places = np.concatenate([places, rest], axis=1)
    found = _largest(np.take_along_axis(scores, places, axis=1), k)
    return np.take_along_axis(places, found, axis=1)


def _largest(scores: Array, k: int) -> Ids:
    places = np.sort(np.argpartition(scores, -k, axis=1)[:, -k:], axis=1)  # of equals the first
    order = np.argsort(-np.take_along_axis(scores, places, axis=1), axis=1, kind="stable")
    return np.take_along_axis(places, order, axis=1)


def _rank(hypothesis: Hypothesis) -> float:
    return -hypothesis.score


LengthPenalty = Callable[[float], float]
"""Number of tokens, the end token included -> divisor, above 0; never smaller for more tokens."""


def gnmt_penalty(alpha: float) -> LengthPenalty:
    """((5 + n) / 6)^alpha (Wu et al. 2016, eq. 14). alpha: 0 for none; 0.6 to 1 is usual."""
    _check(alpha)
    return lambda n: ((5 + n) / 6) ** alpha


def power_penalty(alpha: float) -> LengthPenalty:
    """n^alpha: with alpha 1 the score is the mean log-probability of a token."""
    _check(alpha)
    return lambda n: float(n) ** alpha


def _check(alpha: float) -> None:
    if not alpha >= 0:
        raise SettingsError(f"the exponent of a length penalty is 0 or more, got {alpha}")
