"""Negative sampling: yes to the word, no to noise words (Mikolov et al. 2013b, eq. 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_text.word2vec.alias_table import AliasTable
from pmt_text.word2vec.block_gradients import BlockGradients
from pmt_text.word2vec.cbow_noise import cbow_noise_gradients
from pmt_text.word2vec.context_windows import ContextWindows
from pmt_text.word2vec.hidden_means import HiddenMeans
from pmt_text.word2vec.output_layer import OutputUpdate
from pmt_text.word2vec.row_groups import RowGroups
from pmt_text.word2vec.skipgram_noise import skipgram_noise_gradients
from pmt_text.word2vec.word2vec_settings import Word2VecSettings

__all__ = ["NoiseLayer"]


class NoiseLayer:
    """Noise words are shared by a block, those of CBOW by all blocks of an update (Ji et al. 2016).

    Each counts `negatives / block_negatives`, so that the expected loss is that of `negatives`
    draws for each prediction; a noise word that is the word itself counts nothing.

    counts: (v,).
    """

    def __init__(self, settings: Word2VecSettings, counts: NDArray[np.integer]) -> None:
        self.rows = len(counts)
        self.answers = 1.0 + settings.negatives
        self._noise = AliasTable(counts.astype(np.float64) ** settings.noise_power)
        self._shared = settings.block_negatives
        self._weight = np.float32(settings.negatives / settings.block_negatives)
        self._is_cbow = settings.model == "cbow"
        self._share_error = settings.share_error

    def updates(
        self, windows: ContextWindows, blocks: int, generator: np.random.Generator
    ) -> Iterator[OutputUpdate]:
        """See `OutputLayer`."""
        of_form = self._cbow_updates if self._is_cbow else self._skipgram_updates
        return of_form(windows, blocks, generator)

    def _skipgram_updates(
        self, windows: ContextWindows, blocks: int, generator: np.random.Generator
    ) -> Iterator[OutputUpdate]:
        r = len(windows.centres)
        noise, total = self.draw(windows.centres, generator)
        rows = np.concatenate([windows.centres, noise], axis=1)
        groups = _groups(rows.reshape(-1), blocks * rows.shape[1])
        for start, group in zip(range(0, r, blocks), groups, strict=True):
            part = slice(start, start + blocks)
            yield _SkipgramUpdate(rows[part], windows.sees[part], total[part], group)

    def _cbow_updates(
        self, windows: ContextWindows, blocks: int, generator: np.random.Generator
    ) -> Iterator[OutputUpdate]:
        r, b = windows.centres.shape
        means = HiddenMeans.over(windows.sees, share_error=self._share_error)
        # Updates side by side, the last one filled up with blocks of no word.
        whole = -(-r // blocks)
        centres = np.full((whole * blocks, b), self.rows, np.int32)
        centres[:r] = windows.centres
        centres = centres.reshape(whole, blocks * b)
        noise, total = self.draw(centres, generator)
        predicted = means.predicted.reshape(-1)
        total = total.reshape(-1, self._shared)[: r * b]
        total *= predicted[:, np.newaxis]
        rows = np.concatenate([noise, centres], axis=1)
        n = blocks * b
        groups = _groups(rows.reshape(-1)[: len(rows) * self._shared + r * b], rows.shape[1])
        for i, group in enumerate(groups):
            part, words = slice(i * blocks, (i + 1) * blocks), slice(i * n, (i + 1) * n)
            last = self._shared + min(n, r * b - i * n)
            yield _CbowUpdate(rows[i, :last], self._shared, means[part], total[words], group)

    def draw(
        self, centres: NDArray[np.int32], generator: np.random.Generator
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Noise words (r, k) for words (r, b), and how often each counts for each, (r, b, k)."""
        noise = self._noise.draw((len(centres), self._shared), generator)
        total = np.empty((*centres.shape, self._shared), np.float32)
        differs = centres[:, :, np.newaxis] != noise[:, np.newaxis]
        return noise, np.multiply(differs, self._weight, out=total)


def _groups(rows: NDArray[np.int32], of_update: int) -> Iterator[RowGroups]:
    """rows: (n,), so many of each update."""
    update, place = np.divmod(np.arange(len(rows)), of_update)
    return RowGroups.of_updates(rows, update, place, -(-len(rows) // of_update))


@dataclass(frozen=True, slots=True, eq=False)
class _SkipgramUpdate:
    rows: NDArray[np.int32]  # (r, b + k)
    sees: NDArray[np.float32]
    noise_total: NDArray[np.float32]
    groups: RowGroups

    def learn(
        self, table: NDArray[np.float32], inputs: NDArray[np.float32], rate: float
    ) -> BlockGradients:
        outputs = table.take(self.rows, axis=0)
        found = skipgram_noise_gradients(inputs, outputs, self.sees, self.noise_total)
        self.groups.add(table, found.outputs.reshape(-1, table.shape[1]), rate)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _CbowUpdate:
    rows: NDArray[np.int32]  # (k + r b,): the noise, then the words
    shared: int
    means: HiddenMeans
    noise_total: NDArray[np.float32]
    groups: RowGroups

    def learn(
        self, table: NDArray[np.float32], inputs: NDArray[np.float32], rate: float
    ) -> BlockGradients:
        outputs = table.take(self.rows, axis=0)
        noise, centres = outputs[: self.shared], outputs[self.shared :]
        found = cbow_noise_gradients(inputs, centres, noise, self.means, self.noise_total)
        noise[:], centres[:] = found.shared, found.outputs
        self.groups.add(table, outputs, rate)
        return found
