"""Drawing from a fixed distribution in constant time (Walker 1977, Vose 1991).

Noise words, and how much they count (Mikolov et al. 2013b, eq. 4).
"""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pmt_core import SettingsError
from pmt_text.word2vec.settings import Word2VecSettings

__all__ = ["AliasTable", "NoiseWords"]


class AliasTable:
    """v equally likely cells, each split between its own number and one other, its alias.

    weights: (v,) numbers of 0 or more with a positive sum; number i is drawn with probability
    weights[i] / sum(weights). Raises `SettingsError` for other weights.
    """

    __slots__ = ("_alias", "_own")

    def __init__(self, weights: ArrayLike) -> None:
        given = np.asarray(weights, np.float64)
        if given.ndim != 1 or not given.size or not np.all(given >= 0) or not given.sum() < np.inf:
            raise SettingsError("an alias table wants finite weights (v,) of 0 or more")
        if not given.sum() > 0:
            raise SettingsError("an alias table wants at least one weight above 0")
        # Arrays of Python's own: as quick as lists here, and a tenth of their memory.
        share = array("d", (given * (given.size / given.sum())).tobytes())
        own, alias = array("d", [1.0]) * given.size, array("q", range(given.size))
        poor = array("q", [i for i, part in enumerate(share) if part < 1])
        rich = array("q", [i for i, part in enumerate(share) if part >= 1])
        while poor and rich:  # a poor cell is filled up by a rich one
            low, high = poor.pop(), rich[-1]
            own[low], alias[low] = share[low], high
            share[high] -= 1 - share[low]
            if share[high] < 1:
                poor.append(rich.pop())
        self._own = np.array(own, np.float32)
        self._alias = np.array(alias, np.int32)

    def draw(
        self, shape: int | tuple[int, ...], generator: np.random.Generator
    ) -> NDArray[np.int32]:
        """Numbers 0 ... v - 1, independent of each other."""
        cells = generator.integers(len(self._own), size=shape, dtype=np.int32)
        keep = generator.random(shape, np.float32) < self._own[cells]
        drawn: NDArray[np.int32] = np.where(keep, cells, self._alias[cells])
        return drawn


class NoiseWords:
    """Noise words are shared by many words (Ji et al. 2016).

    Each counts `negatives / block_negatives`, so that the expected loss is that of `negatives`
    draws for each prediction; a noise word that is the word itself counts nothing.

    counts: (v,).

    Attributes:
        shared: k, noise words that are shared.
    """

    def __init__(self, settings: Word2VecSettings, counts: NDArray[np.integer]) -> None:
        self.shared = settings.block_negatives
        self._table = AliasTable(counts.astype(np.float64) ** settings.noise_power)
        self._weight = np.float32(settings.negatives / settings.block_negatives)

    def draw(self, sharing: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.int32]:
        """(..., k) words."""
        return self._table.draw((*sharing, self.shared), generator)

    def count(
        self,
        noise: NDArray[np.int32],
        words: NDArray[np.int32],
        times: NDArray[np.float32],
        total: NDArray[np.float32],
    ) -> None:
        """How often each noise word (..., k) counts for each word (..., b): total, (..., k, b).

        times: (..., b) how often the word is predicted.
        """
        total[:] = (times * self._weight)[..., np.newaxis, :]
        total[words[..., np.newaxis, :] == noise[..., np.newaxis]] = 0
