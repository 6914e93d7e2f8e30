"""Noise words, and how much they count (Mikolov et al. 2013b, eq. 4)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_text.word2vec.alias_table import AliasTable
from pmt_text.word2vec.word2vec_settings import Word2VecSettings

__all__ = ["NoiseWords"]


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
