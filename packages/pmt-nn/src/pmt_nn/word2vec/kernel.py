"""`Word2VecKernel`: loss and SGD updates of a chunk of text for any output layer; logistic loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pmt_core import check_sizes
from pmt_nn.word2vec.input_blocks import InputBlocks
from pmt_nn.word2vec.scatter_add import RowGroups
from pmt_nn.word2vec.subword_inputs import SubwordInputs


class WindowArrays(Protocol):
    """Training samples of a chunk: u updates of r blocks of b words, m = b + 2 window inputs.

    Examples:
        The text "0 1" with a window of one word: an update of one block of two words, four inputs.

        >>> from types import SimpleNamespace
        >>> import numpy as np
        >>> windows = SimpleNamespace(
        ...     centers=np.array([[[0, 1]]], np.int32),
        ...     contexts=np.array([[2, 0, 1, 2]], np.int32),  # 2, the number of words, is padding
        ...     context_mask=np.array([[[[0, 0, 1, 0], [0, 1, 0, 0]]]], np.float32),
        ...     context_counts=np.ones((1, 1, 2), np.float32),
        ...     noise=None,
        ... )
        >>> windows.centers.shape, windows.context_mask.shape  # (u, r, b), (u, r, b, m)
        ((1, 1, 2), (1, 1, 2, 4))
    """

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


class InputVectors(Protocol):
    """The input vectors of an update, in the form that a kernel reads them."""

    def gather(self, table: NDArray[np.float32], rows: NDArray[np.integer]) -> None:
        """Read the vectors from the rows of a table (v, d)."""


class Word2VecKernel(ABC):
    """Loss and SGD updates of one model with one output layer, derived by hand.

    Args:
        v, d, window: Number of words, dimension of the vectors, maximum window size.

    Attributes:
        targets_per_prediction: Mean number of binary decisions that a prediction consists of.
        noise_shape: Shape of the noise words of an update; None: there are none.
        subwords: The parts that input vectors are composed of; None: each is a row of the table.

    Examples:
        >>> from pmt_nn import SkipGramKernel, Word2VecKernel
        >>> kernel = SkipGramKernel(v=10, d=4, window=2, negatives=5, shared_noise=3)
        >>> isinstance(kernel, Word2VecKernel), kernel.targets_per_prediction
        (True, 6.0)
        >>> kernel.reserve((32, 2))  # two blocks of 32 words in an update
        >>> kernel.noise_shape
        (2, 3)
    """

    targets_per_prediction: float
    noise_shape: tuple[int, ...] | None = None
    subwords: SubwordInputs | None = None

    def __init__(self, v: int, d: int, window: int) -> None:
        check_sizes(type(self).__name__, v=v, d=d, window=window)
        self._v, self._d, self._window = v, d, window

    @abstractmethod
    def reserve(self, size: tuple[int, int]) -> None:
        """Allocate the memory that all updates share. size: (b, r), words of a block, blocks."""

    @abstractmethod
    def train(
        self,
        windows: WindowArrays,
        rate: float,
        inputs: NDArray[np.float32],
        outputs: NDArray[np.float32],
    ) -> tuple[float, float]:
        """Update both tables in place; other processes may do the same at the same time.

        The tables of input vectors (v + 1, d) and output vectors (rows + 1, d) end with a padding
        row; with `subwords`, that of input vectors has the rows of the parts instead. Returns the
        sum of the loss, each prediction at the moment of its update, and the
        number of predictions: pairs (skip-gram) or words (CBOW).
        """


class BlockKernel(Word2VecKernel):
    """A kernel that makes one step for each update, on blocks of consecutive words.

    Whatever does not depend on the weights is computed for all updates of a chunk at once.
    """

    def __init__(self, v: int, d: int, window: int) -> None:
        super().__init__(v, d, window)
        self.reserve((1, 1))

    def reserve(self, size: tuple[int, int]) -> None:
        """Allocate the memory that all updates share. size: (b, r), words of a block, blocks."""
        b, r = size
        self._inputs = InputBlocks(r, b, self._window, self._d)
        self._input_vectors: InputVectors = self._inputs

    def train(
        self,
        windows: WindowArrays,
        rate: float,
        inputs: NDArray[np.float32],
        outputs: NDArray[np.float32],
    ) -> tuple[float, float]:
        """Update both tables in place, see `Word2VecKernel.train`."""
        with np.errstate(all="ignore"):  # overflow shows in the loss
            predictions = self._prepare(windows, rate)
            groups = RowGroups.of_updates(windows.contexts, self._v)
            if self.subwords is not None:
                self._train_subwords(windows, groups, self.subwords, (inputs, outputs))
                return self._loss(), predictions
            for i, group in enumerate(groups):
                self._input_vectors.gather(inputs, windows.contexts[i])
                group.add(inputs, self._update(i, outputs))
            return self._loss(), predictions

    def _train_subwords(
        self,
        windows: WindowArrays,
        groups: list[RowGroups],
        subwords: SubwordInputs,
        tables: tuple[NDArray[np.float32], NDArray[np.float32]],
    ) -> None:
        """Make the updates: compose the vectors of the distinct words, and move their parts."""
        inputs, outputs = tables
        vectors = np.zeros((self._v + 1, self._d), np.float32)
        parts = subwords.groups([group.rows for group in groups])
        for i, (group, part) in enumerate(zip(groups, parts, strict=True)):
            vectors[group.rows] = subwords.compose(inputs, group.rows)
            self._input_vectors.gather(vectors, windows.contexts[i])
            part.add(inputs, group.sums(self._update(i, outputs)))

    @abstractmethod
    def _prepare(self, windows: WindowArrays, rate: float) -> float:
        """Compute what the updates of a chunk need; return the number of predictions."""

    @abstractmethod
    def _update(self, i: int, table: NDArray[np.float32]) -> NDArray[np.float32]:
        """Add update i to the output `table`; return the changes of the inputs, (r b + 2 w, d)."""

    @abstractmethod
    def _loss(self) -> float:
        """Return the loss of the chunk after all updates."""


# With h = tanh(s / 2), which cannot overflow: sigmoid(s) = (1 + h) / 2, and
# softplus(s) = max(s, 0) - log((1 + |h|) / 2).


def scaled_sigmoid(
    scores: NDArray[np.float32], slope: NDArray[np.float32], tanh: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return 2 slope sigmoid(scores), arrays of one shape. tanh: receives tanh(scores / 2)."""
    np.multiply(scores, scores.dtype.type(0.5), out=tanh)
    np.tanh(tanh, out=tanh)
    result: NDArray[np.float32] = tanh + scores.dtype.type(1)
    result *= slope
    return result


def logistic_loss(
    scores: NDArray[np.float32], tanh: NDArray[np.float32], weights: NDArray[np.float32]
) -> float:
    """Return the sum of weights softplus(scores). tanh: tanh(scores / 2), is overwritten."""
    above = np.abs(tanh, out=tanh)
    above += scores.dtype.type(1)
    above *= scores.dtype.type(0.5)
    np.log(above, out=above)
    np.subtract(np.maximum(scores, 0), above, out=above)
    return float(np.vdot(weights, above))
