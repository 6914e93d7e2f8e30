"""`CbowKernel`: CBOW with negative sampling, gradients by hand for several blocks at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError
from pmt_nn.word2vec.input_blocks import ContextMeans
from pmt_nn.word2vec.kernel import NegativeSamplingKernel, WindowArrays
from pmt_nn.word2vec.logistic import scaled_sigmoid


class CbowKernel(NegativeSamplingKernel):
    """CBOW with negative sampling; all n words of an update share k noise words.

    The context mean h of a word predicts that word only. With the gradients g of its scores,
    dh = -g c + sum g w, dc = -g h and dw = sum g h.

    share_error: Whether to use the exact gradient of the mean, see `ContextMeans`. The other
    arguments are those of `NegativeSamplingKernel`.
    """

    def __init__(
        self, v: int, d: int, window: int, negatives: int, shared_noise: int, *, share_error: bool
    ) -> None:
        self._share_error = share_error
        super().__init__(v, d, window, negatives, shared_noise)
        self.noise_shape = (shared_noise,)

    def reserve(self, size: tuple[int, int]) -> None:
        """Allocate the memory that all updates share."""
        super().reserve(size)
        (b, r), d, k = size, self._d, self._k
        self._outputs = np.zeros((k + r * b, d), np.float32)  # noise, then words
        self._changes = np.zeros_like(self._outputs)
        self._means = np.zeros((r, b, d), np.float32)

    def _prepare(self, windows: WindowArrays, rate: float) -> float:
        if windows.noise is None:
            raise SettingsError("CBOW with negative sampling needs noise words, got none")
        u, r, b = windows.centers.shape
        self._matrices = ContextMeans.of(
            windows.context_mask, windows.context_counts, share_error=self._share_error
        )
        centers = windows.centers.reshape(u, r * b)
        predicted = self._matrices.predicted.reshape(u, r * b)
        weights = np.empty((u, 1 + self._k, r * b), np.float32)  # of the word itself first
        weights[:, 0] = predicted
        self._weigh_noise(windows.noise, centers, predicted, weights[:, 1:])
        self._set_terms(np.concatenate([windows.noise, centers], axis=1), weights, rate)
        return float(self._matrices.predicted.sum())

    def _update(self, i: int, table: NDArray[np.float32]) -> None:
        means, k = self._means.reshape(-1, self._d), self._k
        noise, centers = self._outputs[:k], self._outputs[k:]
        np.matmul(self._matrices.mean[i], self._inputs.vectors, out=self._means)
        table.take(self._rows[i], axis=0, out=self._outputs, mode="clip")
        scores = self._scores[i]
        np.matmul(noise, means.T, out=scores[1:])
        np.negative(np.einsum("nd,nd->n", means, centers), out=scores[0])
        gradients = scaled_sigmoid(scores, self._slope[i], self._tanh[i])
        # The factor of each row, repeated: broadcasting is slow for rows as short as these.
        factors = (-gradients[0]).repeat(self._d).reshape(means.shape)
        np.multiply(means, factors, out=self._changes[k:])
        np.matmul(gradients[1:], means, out=self._changes[:k])
        factors *= centers
        mean_gradients = np.matmul(gradients[1:].T, noise, out=means)
        mean_gradients += factors
        np.matmul(self._matrices.spread[i], self._means, out=self._inputs.changes)
        self._groups[i].add(table, self._changes)
