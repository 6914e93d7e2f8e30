"""Positions that act inside of attention: rotary, ALiBi, and T5's learned bias.

The kinds of positions that a model can be built with, by name.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Array, Tensor, take_rows
from pmt_core import SettingsError
from pmt_nn.attention.positional_encoding import LearnedPositions, SinusoidalPositions
from pmt_nn.attention.rotary import BASE, rotate
from pmt_nn.module.initializers import normal
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


class AttentionPositions(Module):
    """What attention may ask about positions; by default nothing happens.

    One object may serve all layers of a stack (T5 shares its bias like this).
    """

    def turn(self, x: Tensor, heads: int, offset: int) -> Tensor:
        """Queries or keys (b, n, d), the first one at position `offset`."""
        return x

    def bias(self, t: int, s: int, offset: int, dtype: DTypeLike) -> Tensor | None:
        """Added to the scores, (h, t, s): queries at offset ... offset+t-1, keys at 0 ... s-1."""
        return None


class RotaryPositions(AttentionPositions):
    """Queries and keys are turned by their position (Su et al. 2021); heads of even width."""

    def __init__(self, *, base: float = BASE) -> None:
        self.base = base

    def turn(self, x: Tensor, heads: int, offset: int) -> Tensor:
        """See `rotate`."""
        return rotate(x, heads=heads, offset=offset, base=self.base)


class Alibi(AttentionPositions):
    """Scores fall with the distance, each head with a slope of its own (Press et al. 2021).

    Nothing is learned, and sequences may be longer than any in training.
    """

    def __init__(self, heads: int) -> None:
        self.slopes = alibi_slopes(heads)

    def bias(self, t: int, s: int, offset: int, dtype: DTypeLike) -> Tensor | None:
        """-slope |query - key|."""
        far = np.abs(relative_places(t, s, offset))
        return Tensor((-self.slopes[:, np.newaxis, np.newaxis] * far).astype(dtype))


class RelativeBias(AttentionPositions):
    """A learned number per head and distance, far distances in common buckets (Raffel et al. 2019).

    heads; buckets: how many distances are told apart; farthest: beyond it all share a bucket;
    two_sided: half of the buckets for keys after the query (an encoder), or none (a decoder).
    """

    def __init__(
        self,
        heads: int,
        rng: np.random.Generator,
        *,
        buckets: int = 32,
        farthest: int = 128,
        two_sided: bool = True,
        std: float = 0.02,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if buckets < 4 or farthest < buckets:
            raise SettingsError(
                f"4 <= buckets <= farthest, got buckets={buckets}, farthest={farthest}"
            )
        self.weight = Parameter(normal(rng, (buckets, heads), std, dtype=dtype))
        self.farthest = farthest
        self.two_sided = two_sided

    def bias(self, t: int, s: int, offset: int, dtype: DTypeLike) -> Tensor | None:
        """The learned numbers (h, t, s)."""
        places = relative_places(t, s, offset)
        ids = buckets_of(places, self.weight.shape[0], self.farthest, self.two_sided)
        return take_rows(self.weight, ids, sparse=False).transpose(2, 0, 1)


def relative_places(t: int, s: int, offset: int) -> NDArray[np.int64]:
    """Key's position less the query's, (t, s)."""
    return np.arange(s) - np.arange(offset, offset + t)[:, np.newaxis]


def alibi_slopes(heads: int) -> Array:
    """2^(-8/h), 2^(-16/h), ...; where h is no power of two, those of the next smaller power and
    every second one of the next larger.
    """
    whole = 1 << (heads.bit_length() - 1)
    slopes = 2.0 ** (-8 / whole * np.arange(1, whole + 1))
    if whole == heads:
        return slopes
    between = 2.0 ** (-4 / whole * np.arange(1, 2 * whole + 1))[::2]
    return np.concatenate([slopes, between[: heads - whole]])


def buckets_of(
    places: NDArray[np.int64], buckets: int, farthest: int, two_sided: bool
) -> NDArray[np.int64]:
    """Bucket of each relative position: near ones exactly, far ones by their logarithm.

    Half of a side's buckets hold one distance each, the other half grows evenly in the logarithm
    up to `farthest`. One-sided, keys after the query count as distance 0.
    """
    first = np.zeros(places.shape, np.int64)
    if two_sided:
        buckets //= 2
        first = np.where(places > 0, buckets, 0)
        far = np.abs(places)
    else:
        far = np.maximum(-places, 0)
    exact = buckets // 2
    with np.errstate(divide="ignore"):
        growth = np.log(far / exact) / np.log(farthest / exact)
    grown = exact + np.maximum(growth, 0) * (buckets - exact)
    return first + np.where(far < exact, far, np.minimum(grown.astype(np.int64), buckets - 1))


ADDED = ("learned", "sinusoidal")
INSIDE = ("rotary", "alibi", "relative", "none")


def added_positions(
    kind: str,
    max_length: int,
    d: int,
    rng: np.random.Generator,
    dtype: DTypeLike,
) -> LearnedPositions | SinusoidalPositions | None:
    """Positions that are added to the embeddings; None where they act inside of attention."""
    if kind == "learned":
        return LearnedPositions(max_length, d, rng, dtype=dtype)
    if kind == "sinusoidal":
        return SinusoidalPositions(max_length, d, dtype=dtype)
    if kind in INSIDE:
        return None
    raise SettingsError(f"positions is one of {', '.join(ADDED + INSIDE)}, got {kind!r}")


def inside_positions(
    kind: str, heads: int, rng: np.random.Generator, dtype: DTypeLike, *, two_sided: bool = False
) -> AttentionPositions | None:
    """Positions that act inside of attention; None where they are added to the embeddings."""
    if kind == "rotary":
        return RotaryPositions()
    if kind == "alibi":
        return Alibi(heads)
    if kind == "relative":
        return RelativeBias(heads, rng, two_sided=two_sided, dtype=dtype)
    return None
