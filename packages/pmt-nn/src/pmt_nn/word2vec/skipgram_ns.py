"""`SkipGramKernel`: skip-gram with negative sampling, gradients by hand for several blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError
from pmt_nn.word2vec.input_blocks import InputBlocks
from pmt_nn.word2vec.kernel import WindowArrays, Word2VecKernel, noise_term_weights
from pmt_nn.word2vec.logistic import logistic_loss, scaled_sigmoid
from pmt_nn.word2vec.scatter_add import RowGroups

__all__ = ["SkipGramKernel"]


class SkipGramKernel(Word2VecKernel):
    """Skip-gram with negative sampling; the words of a block share k noise words.

    Each input vector h predicts the center words in whose context it is. With their output vectors
    c the scores are -h . c, with the vectors w of the noise words h . w. With weight t of a term
    the loss is the sum of t softplus(s), and its negative derivative by a score is
    g = -t sigmoid(s). With -c and w as rows of one matrix, dh = g w and dw = g^T h: three matrix
    products in all.

    Args:
        v: Number of words. d: Dimension. window: Maximum window size.
        negatives: Noise words of a prediction.
        shared_noise: k; each noise word counts negatives / k.
    """

    def __init__(self, v: int, d: int, window: int, *, negatives: int, shared_noise: int) -> None:
        self.targets_per_prediction = 1.0 + negatives
        self._k = shared_noise
        self._weight = np.float32(negatives / shared_noise)
        super().__init__(v, d, window)

    def reserve(self, size: tuple[int, int]) -> None:
        """Allocate the memory that all updates share."""
        super().reserve(size)
        b, r = size
        self.noise_shape = (r, self._k)
        self._outputs = np.zeros((r, b + self._k, self._d), np.float32)  # words, then noise
        self._changes = np.zeros_like(self._outputs)

    def updates(self, windows: WindowArrays, rate: float) -> _SkipGramUpdates:
        """Prepare the updates of a chunk."""
        if windows.noise is None:
            raise SettingsError("skip-gram with negative sampling needs noise words, got none")
        u, r, b = windows.centers.shape
        k = self._k
        times = np.ones_like(windows.context_counts)
        noise_weights = np.empty((u, r, k, b), np.float32)
        noise_term_weights(windows.noise, windows.centers, times, self._weight, noise_weights)
        center_mask = windows.context_mask.swapaxes(-1, -2)
        weights = np.empty((u, r, center_mask.shape[2], b + k), np.float32)
        weights[..., :b] = center_mask
        np.matmul(center_mask, noise_weights.swapaxes(-1, -2), out=weights[..., b:])
        rows = np.concatenate([windows.centers, windows.noise], axis=2).reshape(u, r * (b + k))
        predictions = float(windows.context_counts.sum())
        groups = RowGroups.of_updates(rows, self._v)
        memory = (self._outputs, self._changes)
        return _SkipGramUpdates(rows, groups, weights, b, predictions, rate, memory)


class _SkipGramUpdates:
    """The updates of a chunk. rows: (u, r (b + k)). weights: (u, r, m, b + k)."""

    def __init__(
        self,
        rows: NDArray[np.int32],
        groups: list[RowGroups],
        weights: NDArray[np.float32],
        block_words: int,
        predictions: float,
        rate: float,
        memory: tuple[NDArray[np.float32], ...],
    ) -> None:
        self.predictions = predictions
        self._rows, self._groups = rows, groups
        self._weights, self._slope = weights, weights * np.float32(-rate / 2)
        self._scores, self._tanh = np.empty_like(weights), np.empty_like(weights)
        self._outputs, self._changes = memory
        self._b = block_words

    def update(self, number: int, table: NDArray[np.float32], inputs: InputBlocks) -> None:
        """Update the output table, and leave the changes of the inputs in `inputs.changes`."""
        outputs, changes, b = self._outputs, self._changes, self._b
        vectors = inputs.vectors
        flat = (-1, outputs.shape[2])
        table.take(self._rows[number], axis=0, out=outputs.reshape(flat), mode="clip")
        np.negative(outputs[:, :b], out=outputs[:, :b])
        scores = np.matmul(vectors, outputs.swapaxes(1, 2), out=self._scores[number])
        score_gradients = scaled_sigmoid(scores, self._slope[number], self._tanh[number])
        np.matmul(score_gradients.swapaxes(1, 2), vectors, out=changes)
        np.negative(changes[:, :b], out=changes[:, :b])
        np.matmul(score_gradients, outputs, out=inputs.changes)
        self._groups[number].add(table, changes.reshape(flat))

    def loss(self) -> float:
        """Return the sum over all predictions."""
        return logistic_loss(self._scores, self._tanh, self._weights)
