"""Skip-gram and CBOW with negative sampling, gradients by hand for several blocks at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError, check_sizes
from pmt_nn.word2vec.input_blocks import ContextMeans
from pmt_nn.word2vec.kernel import BlockKernel, WindowArrays, logistic_loss, scaled_sigmoid
from pmt_nn.word2vec.scatter_add import RowGroups


class NegativeSamplingKernel(BlockKernel):
    """What skip-gram and CBOW with negative sampling share.

    With weight t of a score s the loss is the sum of t softplus(s), and its negative derivative by
    the score is g = -t sigmoid(s). Scores are -h . c for the output vector c of the word that is
    predicted and h . w for that of a noise word. Noise words are shared by several predictions
    (Ji et al. 2016).

    Args:
        v, d, window: See `Word2VecKernel`.
        negatives: Noise words of a prediction.
        shared_noise: k noise words are shared; each counts negatives / k, so that the expected
            loss is that of `negatives` draws for each prediction.
    """

    def __init__(self, v: int, d: int, window: int, negatives: int, shared_noise: int) -> None:
        check_sizes(type(self).__name__, negatives=negatives, shared_noise=shared_noise)
        self.targets_per_prediction = 1.0 + negatives
        self._k = shared_noise
        self._noise_weight = np.float32(negatives / shared_noise)
        super().__init__(v, d, window)

    def _weigh_noise(
        self,
        noise: NDArray[np.int32],
        words: NDArray[np.int32],
        times: NDArray[np.float32],
        out: NDArray[np.float32],
    ) -> None:
        """Write to `out` (..., k, b) how often a noise word counts for each center word (..., b).

        noise: (..., k). words, times: (..., b), center words and how often each is predicted. A
        noise word that is the center word itself counts nothing.
        """
        out[:] = (times * self._noise_weight)[..., np.newaxis, :]
        out[words[..., np.newaxis, :] == noise[..., np.newaxis]] = 0

    def _set_terms(
        self, rows: NDArray[np.int32], weights: NDArray[np.float32], rate: float
    ) -> None:
        """Take over the output rows (u, n) of a chunk and the weights of its scores."""
        self._rows, self._groups = rows, RowGroups.of_updates(rows, self._v)
        self._weights, self._slope = weights, weights * np.float32(-rate / 2)
        self._scores, self._tanh = np.empty_like(weights), np.empty_like(weights)

    def _loss(self) -> float:
        return logistic_loss(self._scores, self._tanh, self._weights)


class SkipGramKernel(NegativeSamplingKernel):
    """Skip-gram with negative sampling; the words of a block share k noise words.

    Each input vector h predicts the center words in whose context it is. With -c and w as rows of
    one matrix and the gradients g of the scores, dh = g w and dw = g^T h: three matrix products.

    Examples:
        The text "0 1", repeated, with the word 2 as noise:

        >>> from types import SimpleNamespace
        >>> import numpy as np
        >>> from pmt_nn import SkipGramKernel
        >>> kernel = SkipGramKernel(v=3, d=2, window=1, negatives=1, shared_noise=1)
        >>> kernel.reserve((2, 1))  # a block of two words
        >>> windows = SimpleNamespace(
        ...     centers=np.array([[[0, 1]]], np.int32),
        ...     contexts=np.array([[3, 0, 1, 3]], np.int32),  # 3, the number of words, is padding
        ...     context_mask=np.array([[[[0, 0, 1, 0], [0, 1, 0, 0]]]], np.float32),
        ...     context_counts=np.ones((1, 1, 2), np.float32),
        ...     noise=np.array([[[2]]], np.int32),
        ... )
        >>> inputs = np.array([[1, 0], [0, 1], [0, 0], [0, 0]], np.float32)
        >>> outputs = np.zeros((4, 2), np.float32)
        >>> for _ in range(3):
        ...     loss, predictions = kernel.train(windows, 1.0, inputs, outputs)
        ...     print(round(loss, 3), predictions)
        2.773 2.0
        1.896 2.0
        0.974 2.0
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

    def _update(self, i: int, table: NDArray[np.float32]) -> NDArray[np.float32]:
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
        return self._inputs.joined()


class CbowKernel(NegativeSamplingKernel):
    """CBOW with negative sampling; all n words of an update share k noise words.

    The context mean h of a word predicts that word only. With the gradients g of its scores,
    dh = -g c + sum g w, dc = -g h and dw = sum g h.

    share_error: Whether to use the exact gradient of the mean, see `ContextMeans`.

    Examples:
        >>> from pmt_nn import CbowKernel
        >>> kernel = CbowKernel(10, 4, 2, negatives=5, shared_noise=8, share_error=False)
        >>> kernel.reserve((32, 2))  # two blocks of 32 words in an update, which share its noise
        >>> kernel.noise_shape, kernel.targets_per_prediction
        ((8,), 6.0)

        A step is shown at `SkipGramKernel`.
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

    def _update(self, i: int, table: NDArray[np.float32]) -> NDArray[np.float32]:
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
        return self._inputs.joined()
