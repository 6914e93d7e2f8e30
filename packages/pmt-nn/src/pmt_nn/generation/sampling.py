"""Choosing the next token from its logits, and streams of tokens chosen one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError, check_sizes, softmax
from pmt_nn.generation.decoding import StepwiseDecoding, check_numbers
from pmt_nn.masks import Ids, Rng

Chooser = Callable[[NDArray[np.floating]], NDArray[np.int64]]
"""Logits (b, v) -> the chosen tokens (b,)."""


def token_stream(
    decoding: StepwiseDecoding, first: Ids, choose: Chooser, *, length: int, end: int | None = None
) -> Iterator[NDArray[np.int64]]:
    """Continue ids `first` (b, t) by up to `length` tokens; yield each (b,) when it is chosen.

    choose: e.g. `next_token` (greedy) or `functools.partial(next_token, rng=rng)` (sampling).
    end: id of the end token. A row that has produced it repeats it; the stream stops when all
    rows have.
    """
    check_sizes("token_stream", least=0, length=length)
    ids = np.asarray(first)
    ended = np.zeros(len(ids), np.bool_)
    for _ in range(length):
        tokens = choose(decoding.step(ids))
        if end is not None:
            tokens = np.where(ended, end, tokens)
            ended |= tokens == end
        yield tokens
        if end is not None and ended.all():
            return
        ids = tokens[:, np.newaxis]


def next_token(
    logits: NDArray[np.floating],
    *,
    rng: Rng = None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> NDArray[np.int64]:
    """Return the next token of each row of logits (b, v): (b,).

    Without `rng` the most likely token, the first of equals. With `rng` a token drawn from
    `token_distribution` with the other settings, by one random number per row. Raises SettingsError
    for logits that leave no choice; see `check_logits`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import next_token
        >>> logits = np.log([[0.1, 0.7, 0.2]])
        >>> next_token(logits)  # the most likely token
        array([1])
        >>> rng = np.random.default_rng(0)
        >>> drawn = [int(next_token(logits, rng=rng)[0]) for _ in range(1000)]
        >>> (np.bincount(drawn) / 1000).round(1)
        array([0.1, 0.7, 0.2])
    """
    check_sampling(temperature, top_k, top_p)
    if rng is None:
        check_logits(logits)
        most_likely: NDArray[np.int64] = logits.argmax(axis=-1)
        return most_likely
    cumulative = token_distribution(
        logits, temperature=temperature, top_k=top_k, top_p=top_p
    ).cumsum(axis=-1)
    drawn = rng.random((len(logits), 1)) * cumulative[:, -1:]
    last = (cumulative < cumulative[:, -1:]).sum(axis=-1)  # not beyond it by rounding
    tokens: NDArray[np.int64] = np.minimum((cumulative <= drawn).sum(axis=-1), last)
    return tokens


def token_distribution(
    logits: NDArray[np.floating],
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> NDArray[np.float64]:
    """Return the probabilities (b, v) of the tokens with logits (b, v), in float64.

    softmax(logits / temperature), restricted to the top_k most likely tokens, and those as likely
    as the last of them (Fan et al. 2018), and then to the nucleus: the fewest most likely tokens
    that together have at least the probability top_p (Holtzman et al. 2019). As the temperature
    falls to 0, the most likely tokens share all probability, and so do infinite logits.
    Raises SettingsError, also for logits that leave no choice; see `check_logits`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import token_distribution
        >>> logits = np.log([[0.5, 0.25, 0.15, 0.1]])
        >>> token_distribution(logits, temperature=0.5).round(3)  # sharper
        array([[0.725, 0.181, 0.065, 0.029]])
        >>> token_distribution(logits, top_k=2).round(3)
        array([[0.667, 0.333, 0.   , 0.   ]])
        >>> token_distribution(logits, top_p=0.8).round(3)  # 0.5 + 0.25 + 0.15 is the nucleus
        array([[0.556, 0.278, 0.167, 0.   ]])
    """
    check_sampling(temperature, top_k, top_p)
    check_logits(logits)
    scaled = logits.astype(np.float64)
    top = scaled.max(axis=-1, keepdims=True)
    # The maximum first: a logit divided by a tiny temperature overflows, the maximum's 0 does not.
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.where(scaled == top, 0, (scaled - top) / temperature)
    if top_k is not None and top_k < scaled.shape[-1]:
        least = np.partition(scaled, -top_k, axis=-1)[:, -top_k, np.newaxis]
        scaled = np.where(scaled < least, -np.inf, scaled)
    probabilities: NDArray[np.float64] = softmax(scaled, axis=-1).astype(np.float64, copy=False)
    return probabilities if top_p is None else _nucleus(probabilities, top_p)


def _nucleus(probabilities: NDArray[np.float64], top_p: float) -> NDArray[np.float64]:
    """Set tokens outside of the nucleus to 0 and normalize the others."""
    order = np.argsort(-probabilities, axis=-1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=-1)
    ranked[ranked.cumsum(axis=-1) - ranked >= top_p] = 0
    nucleus = np.empty_like(ranked)
    np.put_along_axis(nucleus, order, ranked, axis=-1)
    nucleus /= nucleus.sum(axis=-1, keepdims=True)
    return nucleus


def check_logits(logits: NDArray[np.floating]) -> None:
    """Raise SettingsError unless each row of logits (..., v) has a token that can be chosen.

    A logit of -inf excludes a token; nan, or a row of -inf only, leaves no choice.
    """
    if (check_numbers(logits) == -np.inf).any():
        raise SettingsError("each row of logits has a token that is not excluded by -inf, got none")


def check_sampling(temperature: float, top_k: int | None, top_p: float | None) -> None:
    """Raise SettingsError if a setting of `token_distribution` is out of range."""
    if not 0 < temperature < np.inf:
        raise SettingsError(
            f"temperature is finite and above 0, got {temperature}; for the most likely token pass "
            "no rng"
        )
    if top_k is not None:
        check_sizes("sampling", top_k=top_k)
    if top_p is not None and not 0 < top_p <= 1:
        raise SettingsError(f"top_p is a probability above 0 and at most 1, got {top_p}")
