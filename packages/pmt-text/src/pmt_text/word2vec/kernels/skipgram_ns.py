"""Skip-gram with negative sampling: loss and gradients by hand, for several blocks at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_text.word2vec.kernels.input_blocks import InputBlocks
from pmt_text.word2vec.kernels.logistic import logistic_changes, logistic_loss
from pmt_text.word2vec.kernels.scatter_add import RowGroups
from pmt_text.word2vec.sampling.context_windows import ContextWindows
from pmt_text.word2vec.sampling.negative_samples import NoiseWords
from pmt_text.word2vec.settings import Word2VecSettings

__all__ = ["SkipgramNoise"]


class SkipgramNoise:
    """Every input is a hidden vector h that predicts the words which see it; the words of a block
    share k noise words.

    It asks the words' output vectors c by its scores -h . c and the noise words' vectors w by
    h . w. With t, how often an answer is wanted from it, the loss is sum t softplus(s), and minus
    its derivative by a score is g = -t sigmoid(s). With the rows -c and w in one matrix, dh = g w
    and dw = g^T h: three products of matrices in all.

    counts: (v,).
    """

    def __init__(self, settings: Word2VecSettings, counts: NDArray[np.integer]) -> None:
        self.answers = 1.0 + settings.negatives
        self._pad = len(counts)
        self._noise = NoiseWords(settings, counts)
        self._dimension = settings.dimension
        self.reserve((1, 1))

    def reserve(self, size: tuple[int, int]) -> None:
        """See `OutputLayer`."""
        k, d, (b, r) = self._noise.shared, self._dimension, size
        self._outputs = np.zeros((r, b + k, d), np.float32)  # of each block its words, the noise
        self._changes = np.zeros_like(self._outputs)

    def updates(
        self, windows: ContextWindows, rate: float, generator: np.random.Generator
    ) -> _SkipgramUpdates:
        """See `OutputLayer`."""
        u, r, b = windows.centers.shape
        k = self._noise.shared
        noise = self._noise.draw((u, r), generator)
        of_noise = np.empty((u, r, k, b), np.float32)
        self._noise.count(noise, windows.centers, np.ones_like(windows.seen), of_noise)
        seen_by = windows.sees.swapaxes(-1, -2)
        total = np.empty((u, r, seen_by.shape[2], b + k), np.float32)
        total[..., :b] = seen_by
        np.matmul(seen_by, of_noise.swapaxes(-1, -2), out=total[..., b:])
        rows = np.concatenate([windows.centers, noise], axis=2).reshape(u, r * (b + k))
        predictions = float(windows.seen.sum())
        memory = (self._outputs, self._changes)
        return _SkipgramUpdates(rows, total, b, predictions, rate, self._pad, memory)


class _SkipgramUpdates:
    """rows: (u, r (b + k)); total: (u, r, m, b + k)."""

    def __init__(
        self,
        rows: NDArray[np.int32],
        total: NDArray[np.float32],
        block_words: int,
        predictions: float,
        rate: float,
        pad: int,
        memory: tuple[NDArray[np.float32], ...],
    ) -> None:
        self.predictions = predictions
        self._rows, self._groups = rows, RowGroups.of_updates(rows, pad)
        self._total, self._slope = total, total * np.float32(-rate / 2)
        self._scores, self._tanh = np.empty_like(total), np.empty_like(total)
        self._outputs, self._changes = memory
        self._b = block_words

    def update(self, number: int, table: NDArray[np.float32], inputs: InputBlocks) -> None:
        """See `PieceUpdates`."""
        outputs, changes, b = self._outputs, self._changes, self._b
        hidden = inputs.vectors
        flat = (-1, outputs.shape[2])
        table.take(self._rows[number], axis=0, out=outputs.reshape(flat), mode="clip")
        np.negative(outputs[:, :b], out=outputs[:, :b])
        scores = np.matmul(hidden, outputs.swapaxes(1, 2), out=self._scores[number])
        by_score = logistic_changes(scores, self._slope[number], self._tanh[number])
        np.matmul(by_score.swapaxes(1, 2), hidden, out=changes)
        np.negative(changes[:, :b], out=changes[:, :b])
        np.matmul(by_score, outputs, out=inputs.changes)
        self._groups[number].add(table, changes.reshape(flat))

    def loss(self) -> float:
        """See `PieceUpdates`."""
        return logistic_loss(self._scores, self._tanh, self._total)
