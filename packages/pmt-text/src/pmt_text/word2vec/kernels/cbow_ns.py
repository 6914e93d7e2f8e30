"""CBOW with negative sampling: loss and gradients by hand, for several blocks at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_text.word2vec.kernels.hidden_means import HiddenMeans
from pmt_text.word2vec.kernels.input_blocks import InputBlocks
from pmt_text.word2vec.kernels.logistic import logistic_changes, logistic_loss
from pmt_text.word2vec.kernels.scatter_add import RowGroups
from pmt_text.word2vec.sampling.context_windows import ContextWindows
from pmt_text.word2vec.sampling.negative_samples import NoiseWords
from pmt_text.word2vec.settings import Word2VecSettings

__all__ = ["CbowNoise"]


class CbowNoise:
    """The hidden vector h of a word is the mean of the inputs that it sees, and predicts that word
    only; all n words of an update share k noise words.

    The word's output vector c is asked by the score -h . c, each noise word's vector w by h . w.
    With t, how often an answer counts, the loss is sum t softplus(s), and minus its derivative by a
    score is g = -t sigmoid(s). So dh = -g c + sum g w, dc = -g h and dw = sum g h.

    counts: (v,).
    """

    def __init__(self, settings: Word2VecSettings, counts: NDArray[np.integer]) -> None:
        self.answers = 1.0 + settings.negatives
        self._pad = len(counts)
        self._noise = NoiseWords(settings, counts)
        self._share_error = settings.share_error
        self._dimension = settings.dimension
        self.reserve((1, 1))

    def reserve(self, size: tuple[int, int]) -> None:
        """See `OutputLayer`."""
        k, d, (b, r) = self._noise.shared, self._dimension, size
        self._outputs = np.zeros((k + r * b, d), np.float32)  # the noise, then the words
        self._changes = np.zeros_like(self._outputs)
        self._hidden = np.zeros((r, b, d), np.float32)

    def updates(
        self, windows: ContextWindows, rate: float, generator: np.random.Generator
    ) -> _CbowUpdates:
        """See `OutputLayer`."""
        u, r, b = windows.centers.shape
        k = self._noise.shared
        means = HiddenMeans.over(windows.sees, windows.seen, share_error=self._share_error)
        centers = windows.centers.reshape(u, r * b)
        noise = self._noise.draw((u,), generator)
        predicted = means.predicted.reshape(u, r * b)
        total = np.empty((u, 1 + k, r * b), np.float32)
        total[:, 0] = predicted
        self._noise.count(noise, centers, predicted, total[:, 1:])
        rows = np.concatenate([noise, centers], axis=1)
        return _CbowUpdates(
            rows, means, total, rate, self._pad, (self._outputs, self._changes, self._hidden)
        )


class _CbowUpdates:
    """rows: (u, k + n); total: (u, 1 + k, n), the word's own answer first."""

    def __init__(
        self,
        rows: NDArray[np.int32],
        means: HiddenMeans,
        total: NDArray[np.float32],
        rate: float,
        pad: int,
        memory: tuple[NDArray[np.float32], ...],
    ) -> None:
        self.predictions = float(means.predicted.sum())
        self._rows, self._groups = rows, RowGroups.of_updates(rows, pad)
        self._means, self._total = means, total
        self._slope = total * np.float32(-rate / 2)
        self._scores, self._tanh = np.empty_like(total), np.empty_like(total)
        self._outputs, self._changes, self._hidden = memory
        k = total.shape[1] - 1
        self._noise, self._centers = self._outputs[:k], self._outputs[k:]
        self._by_noise, self._by_centers = self._changes[:k], self._changes[k:]
        self._flat = self._hidden.reshape(-1, self._hidden.shape[2])

    def update(self, number: int, table: NDArray[np.float32], inputs: InputBlocks) -> None:
        """See `PieceUpdates`."""
        hidden, noise, centers = self._flat, self._noise, self._centers
        np.matmul(self._means.mean[number], inputs.vectors, out=self._hidden)
        table.take(self._rows[number], axis=0, out=self._outputs, mode="clip")
        scores = self._scores[number]
        np.matmul(noise, hidden.T, out=scores[1:])
        np.negative(np.einsum("nd,nd->n", hidden, centers), out=scores[0])
        by_score = logistic_changes(scores, self._slope[number], self._tanh[number])
        # A factor for each row, written out: NumPy is slow with rows as short as these.
        own = (-by_score[0]).repeat(hidden.shape[1]).reshape(hidden.shape)
        others = by_score[1:]
        np.multiply(hidden, own, out=self._by_centers)
        np.matmul(others, hidden, out=self._by_noise)
        own *= centers
        by_hidden = np.matmul(others.T, noise, out=hidden)
        by_hidden += own
        np.matmul(self._means.spread[number], self._hidden, out=inputs.changes)
        self._groups[number].add(table, self._changes)

    def loss(self) -> float:
        """See `PieceUpdates`."""
        return logistic_loss(self._scores, self._tanh, self._total)
