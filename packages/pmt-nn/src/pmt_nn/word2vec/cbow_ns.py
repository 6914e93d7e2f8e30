"""`CbowKernel`: CBOW with negative sampling, gradients by hand for several blocks at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError
from pmt_nn.word2vec.input_blocks import ContextMeans, InputBlocks
from pmt_nn.word2vec.kernel import WindowArrays, Word2VecKernel, noise_term_weights
from pmt_nn.word2vec.logistic import logistic_loss, scaled_sigmoid
from pmt_nn.word2vec.scatter_add import RowGroups

__all__ = ["CbowKernel"]


class CbowKernel(Word2VecKernel):
    """CBOW with negative sampling; all n words of an update share k noise words.

    The context mean h of a word predicts that word only. With the word's output vector c the score
    is -h . c, with the vector w of a noise word h . w. With weight t of a term the loss is the sum
    of t softplus(s), and its negative derivative by a score is g = -t sigmoid(s). Then
    dh = -g c + sum g w, dc = -g h and dw = sum g h.

    Args:
        v: Number of words. d: Dimension. window: Maximum window size.
        negatives: Noise words of a prediction.
        shared_noise: k; each noise word counts negatives / k.
        share_error: Whether to use the exact gradient of the mean, see `ContextMeans`.
    """

    def __init__(
        self, v: int, d: int, window: int, *, negatives: int, shared_noise: int, share_error: bool
    ) -> None:
        self.targets_per_prediction = 1.0 + negatives
        self._k = shared_noise
        self._weight = np.float32(negatives / shared_noise)
        self._share_error = share_error
        super().__init__(v, d, window)
        self.noise_shape = (shared_noise,)

    def reserve(self, size: tuple[int, int]) -> None:
        """Allocate the memory that all updates share."""
        super().reserve(size)
        b, r = size
        self._outputs = np.zeros((self._k + r * b, self._d), np.float32)  # noise, then words
        self._changes = np.zeros_like(self._outputs)
        self._means = np.zeros((r, b, self._d), np.float32)

    def updates(self, windows: WindowArrays, rate: float) -> _CbowUpdates:
        """Prepare the updates of a chunk."""
        if windows.noise is None:
            raise SettingsError("CBOW with negative sampling needs noise words, got none")
        u, r, b = windows.centers.shape
        means = ContextMeans.of(
            windows.context_mask, windows.context_counts, share_error=self._share_error
        )
        centers = windows.centers.reshape(u, r * b)
        predicted = means.predicted.reshape(u, r * b)
        weights = np.empty((u, 1 + self._k, r * b), np.float32)
        weights[:, 0] = predicted
        noise_term_weights(windows.noise, centers, predicted, self._weight, weights[:, 1:])
        rows = np.concatenate([windows.noise, centers], axis=1)
        memory = (self._outputs, self._changes, self._means)
        return _CbowUpdates(rows, means, weights, rate, self._v, memory)


class _CbowUpdates:
    """The updates of a chunk.

    rows: (u, k + n). weights: (u, 1 + k, n), of the word itself first.
    """

    def __init__(
        self,
        rows: NDArray[np.int32],
        means: ContextMeans,
        weights: NDArray[np.float32],
        rate: float,
        pad: int,
        memory: tuple[NDArray[np.float32], ...],
    ) -> None:
        self.predictions = float(means.predicted.sum())
        self._rows, self._groups = rows, RowGroups.of_updates(rows, pad)
        self._matrices, self._weights = means, weights
        self._slope = weights * np.float32(-rate / 2)
        self._scores, self._tanh = np.empty_like(weights), np.empty_like(weights)
        self._outputs, self._changes, self._means = memory
        k = weights.shape[1] - 1
        self._noise, self._centers = self._outputs[:k], self._outputs[k:]
        self._noise_changes, self._center_changes = self._changes[:k], self._changes[k:]
        self._flat_means = self._means.reshape(-1, self._means.shape[2])

    def update(self, number: int, table: NDArray[np.float32], inputs: InputBlocks) -> None:
        """Update the output table, and leave the changes of the inputs in `inputs.changes`."""
        means, noise, centers = self._flat_means, self._noise, self._centers
        np.matmul(self._matrices.mean[number], inputs.vectors, out=self._means)
        table.take(self._rows[number], axis=0, out=self._outputs, mode="clip")
        scores = self._scores[number]
        np.matmul(noise, means.T, out=scores[1:])
        np.negative(np.einsum("nd,nd->n", means, centers), out=scores[0])
        score_gradients = scaled_sigmoid(scores, self._slope[number], self._tanh[number])
        # The factor of each row, repeated: broadcasting is slow for rows as short as these.
        factors = (-score_gradients[0]).repeat(means.shape[1]).reshape(means.shape)
        noise_gradients = score_gradients[1:]
        np.multiply(means, factors, out=self._center_changes)
        np.matmul(noise_gradients, means, out=self._noise_changes)
        factors *= centers
        mean_gradients = np.matmul(noise_gradients.T, noise, out=means)
        mean_gradients += factors
        np.matmul(self._matrices.spread[number], self._means, out=inputs.changes)
        self._groups[number].add(table, self._changes)

    def loss(self) -> float:
        """Return the sum over all predictions."""
        return logistic_loss(self._scores, self._tanh, self._weights)
