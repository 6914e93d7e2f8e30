"""Tokens as they come: greedy decoding and sampling."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pmt_nn.generation.decoding import Decoding
from pmt_nn.generation.sampling import Chooser


def token_stream(
    decoding: Decoding,
    first: NDArray[np.integer],
    choose: Chooser,
    *,
    length: int,
    end: int | None = None,
) -> Iterator[NDArray[np.int64]]:
    """Go on from first (b, t) by up to `length` tokens, each given as soon as it is chosen: (b,).

    choose: e.g. `next_token` (the likeliest), or `functools.partial(next_token, rng=rng)`.
    end: a row that gave this id repeats it; the stream stops when all rows have.
    """
    new = np.asarray(first)
    ended = np.zeros(len(new), np.bool_)
    for _ in range(length):
        chosen = choose(decoding.step(new))
        if end is not None:
            chosen = np.where(ended, end, chosen)
            ended |= chosen == end
        yield chosen
        if end is not None and ended.all():
            return
        new = chosen[:, np.newaxis]
