"""`Word2VecKernel`: the loss and the SGD updates of a chunk of text, whatever the output layer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pmt_nn.word2vec.input_blocks import InputBlocks
from pmt_nn.word2vec.logistic import logistic_loss
from pmt_nn.word2vec.scatter_add import RowGroups


class WindowArrays(Protocol):
    """Training samples of a chunk: u updates of r blocks of b words, m = b + 2 window inputs."""

    @property
    def centers(self) -> NDArray[np.int32]:
        """Center words (u, r, b); the id v is padding beyond the end of the chunk."""

    @property
    def contexts(self) -> NDArray[np.int32]:
        """Words of the inputs, (u, r b + 2 window)."""

    @property
    def context_mask(self) -> NDArray[np.float32]:
        """1 if the input is context of the center word, (u, r, b, m)."""

    @property
    def context_counts(self) -> NDArray[np.float32]:
        """Sum of the mask over the inputs, (u, r, b)."""

    @property
    def noise(self) -> NDArray[np.int32] | None:
        """Noise words (u, *noise_shape); None if the kernel has no `noise_shape`."""


class Word2VecKernel(ABC):
    """Loss and SGD updates of one model with one output layer, derived by hand.

    Whatever does not depend on the weights is computed for all updates of a chunk at once.

    Args:
        v: Number of words.
        d: Dimension of the vectors.
        window: Maximum window size.

    Attributes:
        targets_per_prediction: Mean number of binary decisions that a prediction consists of.
        noise_shape: Shape of the noise words of an update; None: there are none.
    """

    targets_per_prediction: float
    noise_shape: tuple[int, ...] | None = None

    def __init__(self, v: int, d: int, window: int) -> None:
        self._v, self._d, self._window = v, d, window
        self.reserve((1, 1))

    def reserve(self, size: tuple[int, int]) -> None:
        """Allocate the memory that all updates share. size: (b, r), words of a block, blocks."""
        b, r = size
        self._inputs = InputBlocks(r, b, self._window, self._d)

    def train(
        self,
        windows: WindowArrays,
        rate: float,
        inputs: NDArray[np.float32],
        outputs: NDArray[np.float32],
    ) -> tuple[float, float]:
        """Update both tables in place; other processes may do the same at the same time.

        Args:
            windows: The samples of the chunk.
            rate: Learning rate.
            inputs: (v + 1, d) input vectors; the last row is padding.
            outputs: (rows + 1, d) output vectors; the last row is padding.

        Returns:
            Sum of the loss, each prediction at the moment of its update, and the number of
            predictions: pairs (skip-gram) or words (CBOW).
        """
        with np.errstate(all="ignore"):  # overflow shows in the loss
            predictions = self._prepare(windows, rate)
            for i, group in enumerate(RowGroups.of_updates(windows.contexts, self._v)):
                self._inputs.gather(inputs, windows.contexts[i])
                self._update(i, outputs)
                group.add(inputs, self._inputs.joined())
            return self._loss(), predictions

    @abstractmethod
    def _prepare(self, windows: WindowArrays, rate: float) -> float:
        """Compute what the updates of a chunk need; return the number of predictions."""

    @abstractmethod
    def _update(self, i: int, table: NDArray[np.float32]) -> None:
        """Make update i: add to the output `table`, and write to `self._inputs.changes`."""

    @abstractmethod
    def _loss(self) -> float:
        """Return the loss of the chunk after all updates."""


class NegativeSamplingKernel(Word2VecKernel):
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
        """Compute how often each noise word (..., k) counts for each center word (..., b).

        A noise word that is the center word itself counts nothing. times: (..., b), how often the
        word is predicted. out: (..., k, b) result.
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
