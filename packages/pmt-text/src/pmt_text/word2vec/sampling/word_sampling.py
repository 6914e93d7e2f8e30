"""Which words are sampled: subsampling of frequent words, and the noise distribution."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pmt_core import SettingsError

_MAX_WINDOW = 100


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """How training samples are drawn from a text (Mikolov et al. 2013b).

    Attributes:
        window: Maximum distance of a context word; for each center word the window size is drawn
            uniformly from 1 ... window.
        subsample: Threshold t of subsampling; 0 keeps every word.
        noise_power: Noise words are drawn with probability ~ count ** noise_power.

    Raises:
        SettingsError: A value is out of range.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import SamplingSettings
        >>> settings = SamplingSettings(subsample=1e-3)
        >>> counts = np.array([50_000, 1000, 10])
        >>> settings.keep_probabilities(counts).round(3)  # frequent words are dropped
        array([0.033, 0.277, 1.   ], dtype=float32)
        >>> settings.noise_weights(counts).round()
        array([3344.,  178.,    6.])
    """

    window: int = 5
    subsample: float = 1e-3
    noise_power: float = 0.75

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 1 <= self.window <= _MAX_WINDOW:
            raise SettingsError(f"window must be 1 to {_MAX_WINDOW}, not {self.window!r}")
        if not 0 <= self.subsample < 1:
            raise SettingsError(
                f"subsample must be 0 (keep all) or more, below 1, not {self.subsample!r}"
            )
        if not math.isfinite(self.noise_power):
            raise SettingsError(f"noise_power must be a finite number, not {self.noise_power!r}")

    def keep_probabilities(self, counts: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return the probability with which an occurrence of each word is kept.

        It is min(1, sqrt(t / f) + t / f) for a word of relative frequency f: the formula of the C
        program, which keeps slightly more than sqrt(t / f) of the paper (2013b, section 2.3).
        counts: (v,) occurrences, each above 0.
        """
        if not self.subsample:
            return np.ones(len(counts), np.float32)
        ratio = self.subsample / (counts / counts.sum())
        probabilities: NDArray[np.float64] = np.minimum(1, np.sqrt(ratio) + ratio)
        return probabilities.astype(np.float32)

    def noise_weights(self, counts: NDArray[np.integer]) -> NDArray[np.float64]:
        """Return the unnormalized noise distribution, (v,)."""
        weights: NDArray[np.float64] = counts.astype(np.float64) ** self.noise_power
        return weights


class AliasTable:
    """A discrete distribution that is sampled in constant time (Walker 1977, Vose 1991).

    Of v equally likely cells, each is split between its own index and one other, its alias. Index i
    is drawn with probability weights[i] / sum(weights). Raises `SettingsError` unless `weights`
    (v,) are non-negative with a positive, finite sum.
    """

    __slots__ = ("_alias", "_threshold")

    def __init__(self, weights: ArrayLike) -> None:
        given = np.asarray(weights, np.float64)
        if given.ndim != 1 or not given.size or not np.all(given >= 0) or not given.sum() < np.inf:
            raise SettingsError("an alias table needs finite weights (v,) of 0 or more")
        if not given.sum() > 0:
            raise SettingsError("an alias table needs at least one weight above 0")
        # Python's arrays: as fast as lists in this loop, and a tenth of their memory.
        share = array("d", (given * (given.size / given.sum())).tobytes())
        threshold, alias = array("d", [1.0]) * given.size, array("q", range(given.size))
        poor = array("q", [i for i, part in enumerate(share) if part < 1])
        rich = array("q", [i for i, part in enumerate(share) if part >= 1])
        while poor and rich:  # fill a cell below the mean from one above
            low, high = poor.pop(), rich[-1]
            threshold[low], alias[low] = share[low], high
            share[high] -= 1 - share[low]
            if share[high] < 1:
                poor.append(rich.pop())
        self._threshold = np.array(threshold, np.float32)
        self._alias = np.array(alias, np.int32)

    def draw(
        self, shape: int | tuple[int, ...], generator: np.random.Generator
    ) -> NDArray[np.int32]:
        """Return independent draws of 0 ... v - 1, of the given shape."""
        cells = generator.integers(len(self._threshold), size=shape, dtype=np.int32)
        keep = generator.random(shape, np.float32) < self._threshold[cells]
        drawn: NDArray[np.int32] = np.where(keep, cells, self._alias[cells])
        return drawn
