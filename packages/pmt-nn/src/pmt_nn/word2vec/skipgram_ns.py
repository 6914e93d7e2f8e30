"""`SkipGramKernel`: skip-gram with negative sampling, gradients by hand for several blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError
from pmt_nn.word2vec.kernel import NegativeSamplingKernel, WindowArrays
from pmt_nn.word2vec.logistic import scaled_sigmoid


class SkipGramKernel(NegativeSamplingKernel):
    """Skip-gram with negative sampling; the words of a block share k noise words.

    Each input vector h predicts the center words in whose context it is. With -c and w as rows of
    one matrix and the gradients g of the scores, dh = g w and dw = g^T h: three matrix products in
    all. The arguments are those of `NegativeSamplingKernel`.
    """

    def reserve(self, size: tuple[int, int]) -> None:
        """Allocate the memory that all updates share."""
        super().reserve(size)
        b, r = size
        self.noise_shape = (r, self._k)
        self._outputs = np.zeros((r, b + self._k, self._d), np.float32)  # words, then noise
        self._changes = np.zeros_like(self._outputs)
        self._b = b

    def _prepare(self, windows: WindowArrays, rate: float) -> float:
        if windows.noise is None:
            raise SettingsError("skip-gram with negative sampling needs noise words, got none")
        (u, r, b), k = windows.centers.shape, self._k
        noise_weights = np.empty((u, r, k, b), np.float32)
        times = np.ones_like(windows.context_counts)
        self._weigh_noise(windows.noise, windows.centers, times, noise_weights)
        predicts = windows.context_mask.swapaxes(-1, -2)
        weights = np.empty((u, r, predicts.shape[2], b + k), np.float32)
        weights[..., :b] = predicts
        np.matmul(predicts, noise_weights.swapaxes(-1, -2), out=weights[..., b:])
        rows = np.concatenate([windows.centers, windows.noise], axis=2).reshape(u, r * (b + k))
        self._set_terms(rows, weights, rate)
        return float(windows.context_counts.sum())

    def _update(self, i: int, table: NDArray[np.float32]) -> None:
        outputs, changes, b = self._outputs, self._changes, self._b
        vectors = self._inputs.vectors
        flat = (-1, self._d)
        table.take(self._rows[i], axis=0, out=outputs.reshape(flat), mode="clip")
        np.negative(outputs[:, :b], out=outputs[:, :b])
        scores = np.matmul(vectors, outputs.swapaxes(1, 2), out=self._scores[i])
        gradients = scaled_sigmoid(scores, self._slope[i], self._tanh[i])
        np.matmul(gradients.swapaxes(1, 2), vectors, out=changes)
        np.negative(changes[:, :b], out=changes[:, :b])
        np.matmul(gradients, outputs, out=self._inputs.changes)
        self._groups[i].add(table, changes.reshape(flat))
