"""Positions inside of attention: rotary, ALiBi and learned biases by distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Array, Tensor, take_rows
from pmt_core import SettingsError, check_sizes
from pmt_nn.attention.rotary import BASE, rotate
from pmt_nn.module.initializers import normal
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


class AttentionPositions(Module):
    """Base of positions inside of attention; rotates nothing and adds no bias.

    One object may serve all layers of a stack (T5 shares its bias in this way).

    Examples:
        A bias that excludes all keys but the neighbors of the query:

        >>> import numpy as np
        >>> from pmt_autograd import Tensor
        >>> from pmt_nn import AttentionPositions, SelfAttention
        >>> class Neighbors(AttentionPositions):
        ...     def bias(self, t, s, offset, dtype):
        ...         distance = np.abs(np.arange(s) - np.arange(offset, offset + t)[:, np.newaxis])
        ...         return Tensor(np.where(distance <= 1, 0, -99).astype(dtype)[np.newaxis])
        >>> Neighbors().bias(1, 4, 1, np.float32).data
        array([[[  0.,   0.,   0., -99.]]], dtype=float32)
        >>> attend = SelfAttention(8, 2, np.random.default_rng(0), positions=Neighbors())
    """

    def turn(self, x: Tensor, heads: int, offset: int) -> Tensor:
        """Return transformed queries or keys (b, n, d); the first is at position `offset`."""
        return x

    def bias(self, t: int, s: int, offset: int, dtype: DTypeLike) -> Tensor | None:
        """Return what is added to the scores, (h, t, s), or None.

        Queries are at positions offset ... offset + t - 1, keys at 0 ... s - 1.
        """
        return None


class RotaryPositions(AttentionPositions):
    """Rotate queries and keys by their position (Su et al. 2021); heads have even width.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor
        >>> from pmt_nn import RotaryPositions, SelfAttention
        >>> positions = RotaryPositions()
        >>> x = Tensor([[[1.0, 0.0], [1.0, 0.0]]])
        >>> positions.turn(x, heads=1, offset=0).data.round(3)  # cos and sin of the position
        array([[[1.   , 0.   ],
                [0.54 , 0.841]]], dtype=float32)
        >>> attend = SelfAttention(8, 2, np.random.default_rng(0), positions=positions)
    """

    def __init__(self, *, base: float = BASE) -> None:
        self.base = base

    def turn(self, x: Tensor, heads: int, offset: int) -> Tensor:
        """Return x (b, n, d) after `rotate`."""
        return rotate(x, heads=heads, offset=offset, base=self.base)


class Alibi(AttentionPositions):
    """Subtract slope * distance from the scores, one slope per head (Press et al. 2021).

    Nothing is learned, and sequences may be longer than any in training.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Alibi
        >>> bias = Alibi(heads=2).bias(3, 3, 0, np.float32).data
        >>> bias.shape
        (2, 3, 3)
        >>> -bias[:, 0]  # distance times 1/16 and 1/256
        array([[0.        , 0.0625    , 0.125     ],
               [0.        , 0.00390625, 0.0078125 ]], dtype=float32)
    """

    def __init__(self, heads: int) -> None:
        check_sizes("Alibi", heads=heads)
        self.slopes = alibi_slopes(heads)

    def bias(self, t: int, s: int, offset: int, dtype: DTypeLike) -> Tensor | None:
        """Return -slope |query - key|, (h, t, s)."""
        distance = np.abs(relative_positions(t, s, offset))
        return Tensor((-self.slopes[:, np.newaxis, np.newaxis] * distance).astype(dtype))


class RelativeBias(AttentionPositions):
    """Add a learned number per head and distance bucket to the scores (Raffel et al. 2019).

    Distances from `max_distance` on share the last bucket. Half of the buckets are for keys after
    the query if `two_sided` (encoders); otherwise those count as distance 0 (decoders).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import RelativeBias
        >>> positions = RelativeBias(2, np.random.default_rng(0), buckets=8, max_distance=16)
        >>> positions
        RelativeBias(2, buckets=8, max_distance=16)  16 parameters
        >>> bias = positions.bias(5, 5, 0, np.float32).data
        >>> bias.shape
        (2, 5, 5)
        >>> bool(bias[0, 0, 1] == bias[0, 3, 4])  # equal offsets
        True
        >>> bool(bias[0, 0, 1] == bias[0, 1, 0])  # opposite offsets
        False
    """

    def __init__(
        self,
        heads: int,
        rng: np.random.Generator,
        *,
        buckets: int = 32,
        max_distance: int = 128,
        two_sided: bool = True,
        std: float = 0.02,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_sizes("RelativeBias", heads=heads, buckets=buckets, max_distance=max_distance)
        if buckets < 4 or max_distance < buckets:
            raise SettingsError(
                f"expected 4 <= buckets <= max_distance, got buckets={buckets}, "
                f"max_distance={max_distance}"
            )
        self.weight = Parameter(normal(rng, (buckets, heads), std, dtype=dtype))
        self.max_distance = max_distance
        self.two_sided = two_sided

    def bias(self, t: int, s: int, offset: int, dtype: DTypeLike) -> Tensor | None:
        """Return the learned numbers (h, t, s)."""
        positions = relative_positions(t, s, offset)
        ids = distance_buckets(positions, self.weight.shape[0], self.max_distance, self.two_sided)
        return take_rows(self.weight, ids, sparse=False).transpose(2, 0, 1)


def relative_positions(t: int, s: int, offset: int) -> NDArray[np.int64]:
    """Return the position of each key minus that of the query, (t, s)."""
    return np.arange(s) - np.arange(offset, offset + t)[:, np.newaxis]


def alibi_slopes(heads: int) -> Array:
    """Return the slopes of ALiBi, (h,): 2^(-8/h), 2^(-16/h), ...

    If h is no power of two: the slopes of the next smaller power of two, then every second slope
    of the next larger one.
    """
    power = 1 << (heads.bit_length() - 1)
    slopes = 2.0 ** (-8 / power * np.arange(1, power + 1))
    if power == heads:
        return slopes
    between = 2.0 ** (-4 / power * np.arange(1, 2 * power + 1))[::2]
    return np.concatenate([slopes, between[: heads - power]])


def distance_buckets(
    positions: NDArray[np.int64], buckets: int, max_distance: int, two_sided: bool
) -> NDArray[np.int64]:
    """Return the bucket of each relative position, of the shape of `positions`.

    Half of the buckets of a direction hold one distance each, the other half grows evenly in the
    logarithm up to `max_distance`. One-sided, keys after the query count as distance 0.
    """
    first = np.zeros(positions.shape, np.int64)
    if two_sided:
        buckets //= 2
        first = np.where(positions > 0, buckets, 0)
        distance = np.abs(positions)
    else:
        distance = np.maximum(-positions, 0)
    exact = buckets // 2
    with np.errstate(divide="ignore"):
        growth = np.log(distance / exact) / np.log(max_distance / exact)
    grown = (exact + np.maximum(growth, 0) * (buckets - exact)).astype(np.int64)
    return first + np.where(distance < exact, distance, np.minimum(grown, buckets - 1))


def attention_positions(
    kind: str, heads: int, rng: np.random.Generator, dtype: DTypeLike, *, two_sided: bool
) -> AttentionPositions | None:
    """Return positions that act inside of self-attention, None for a kind that acts elsewhere.

    kind: see `TransformerConfig.positions`.
    """
    if kind == "rotary":
        return RotaryPositions()
    if kind == "alibi":
        return Alibi(heads)
    if kind == "relative":
        return RelativeBias(heads, rng, two_sided=two_sided, dtype=dtype)
    return None
