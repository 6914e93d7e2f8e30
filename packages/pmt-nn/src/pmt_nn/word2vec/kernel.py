"""`Word2VecKernel`: the loss and the SGD updates of a chunk of text, whatever the output layer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pmt_nn.word2vec.input_blocks import InputBlocks
from pmt_nn.word2vec.scatter_add import RowGroups

__all__ = ["ChunkUpdates", "WindowArrays", "Word2VecKernel", "noise_term_weights"]


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


class ChunkUpdates(Protocol):
    """The updates of a chunk, with all that can be computed before the weights are read.

    Attributes:
        predictions: Number of predictions of the chunk: pairs (skip-gram) or words (CBOW).
    """

    predictions: float

    def update(self, number: int, table: NDArray[np.float32], inputs: InputBlocks) -> None:
        """Subtract rate times the gradient from `table` and write the inputs' to `inputs.changes`.

        Args:
            number: Index of the update.
            table: (rows + 1, d) output vectors; the last row is padding.
            inputs: With the input vectors of the update.
        """

    def loss(self) -> float:
        """Return the sum over all predictions, after all updates."""


class Word2VecKernel(ABC):
    """Loss and SGD updates of one model with one output layer, derived by hand.

    Whatever does not depend on the weights is computed for all updates of a chunk at once.

    Args:
        v: Number of words. d: Dimension of the vectors. window: Maximum window size.

    Attributes:
        targets_per_prediction: Mean number of binary decisions that a prediction consists of.
        noise_shape: Shape of the noise words of an update; None: there are none.
    """

    targets_per_prediction: float

    def __init__(self, v: int, d: int, window: int) -> None:
        self._v, self._d, self._window = v, d, window
        self.noise_shape: tuple[int, ...] | None = None
        self.reserve((1, 1))

    def reserve(self, size: tuple[int, int]) -> None:
        """Allocate the memory that all updates share. size: (b, r), words of a block, blocks."""
        b, r = size
        self._inputs = InputBlocks(r, b, self._window, self._d)

    @abstractmethod
    def updates(self, windows: WindowArrays, rate: float) -> ChunkUpdates:
        """Prepare the updates of a chunk. They use memory of the kernel: one chunk at a time."""

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
            predictions.
        """
        with np.errstate(all="ignore"):  # overflow shows in the loss
            updates = self.updates(windows, rate)
            for i, group in enumerate(RowGroups.of_updates(windows.contexts, self._v)):
                self._inputs.gather(inputs, windows.contexts[i])
                updates.update(i, outputs, self._inputs)
                group.add(inputs, self._inputs.joined())
            return updates.loss(), updates.predictions


def noise_term_weights(
    noise: NDArray[np.int32],
    words: NDArray[np.int32],
    times: NDArray[np.float32],
    weight: np.float32,
    out: NDArray[np.float32],
) -> None:
    """Compute how much each shared noise word counts for each center word (Ji et al. 2016).

    A noise word that is the center word itself counts nothing.

    Args:
        noise: (..., k) noise words.
        words: (..., b) center words.
        times: (..., b), how often the word is predicted.
        weight: negatives / k, so that the expected loss is that of `negatives` draws a prediction.
        out: (..., k, b) result.
    """
    out[:] = (times * weight)[..., np.newaxis, :]
    out[words[..., np.newaxis, :] == noise[..., np.newaxis]] = 0
