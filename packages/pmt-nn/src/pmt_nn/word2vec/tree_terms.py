"""What skip-gram and CBOW predict of the paths in a Huffman tree, update by update."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from pmt_nn.word2vec.input_blocks import ContextMeans, InputBlocks
from pmt_nn.word2vec.kernel import WindowArrays
from pmt_nn.word2vec.tree_paths import DeepSteps, TreePaths

# Words of a block of deep steps. The scores of each step of a block with all its vectors are
# computed: in larger blocks more of them in vain, and the products of smaller ones are slow.
_SKIPGRAM_BLOCK, _CBOW_BLOCK = 8, 4


class HalfTurns(NamedTuple):
    """How often predictors turn at nodes, as the loss of a score needs it, see `turn_gradients`.

    Attributes:
        half: Half the number of turns.
        bias: Half the number of turns to the right, minus half of those to the left.
    """

    half: NDArray[np.float32]
    bias: NDArray[np.float32]


class TreeTerms(ABC):
    """The terms of the loss of a chunk: which predictors pass which nodes, and turn where.

    An update has n words and as many predictors with CBOW, n + 2 window with skip-gram. Its words
    are in r blocks for the deep nodes, whose scores are computed with the h predictors that belong
    to the block.

    Attributes:
        inputs: The input vectors of an update.
        steps: The deep steps of each update of a chunk.
    """

    inputs: InputBlocks
    steps: list[DeepSteps]
    _centers: NDArray[np.int32]  # (u, n)
    _block_halves: NDArray[np.float32]  # (u, 2 n + 1, h), see `_signed_halves`

    def __init__(self, paths: TreePaths, d: int, window: int) -> None:
        self._paths, self._d, self._window = paths, d, window

    @abstractmethod
    def reserve(self, size: tuple[int, int]) -> None:
        """Allocate the memory that all updates share. size: (b, r), words of a block, blocks."""

    @abstractmethod
    def prepare(self, windows: WindowArrays) -> float:
        """Compute what the updates of a chunk need; return the number of predictions."""

    @abstractmethod
    def predictors(self, i: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the predictors (n, d) of update i, and (r, h, d) those of each block."""

    @abstractmethod
    def top_turns(self, i: int) -> HalfTurns:
        """Return the turns (n, k) of the predictors of update i at the top nodes."""

    def deep_turns(self, i: int) -> HalfTurns:
        """Return the turns (r, o, h) of the predictors of each block at its deep steps."""
        nodes, turns, _ = self.steps[i]
        bias = self._block_halves[i].take(turns, axis=0).reshape(*nodes.shape, -1)
        return HalfTurns(np.abs(bias), bias)

    @abstractmethod
    def sum_blocks(self, values: NDArray[np.float32]) -> NDArray[np.floating]:
        """Sum values (r, h) of the predictors of blocks for each predictor, (n,)."""

    @abstractmethod
    def deep_changes(
        self, gradients: NDArray[np.float32], deep: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Sum gradients (r, o, h) times deep nodes (r, o, d) for each predictor, (n, d)."""

    @abstractmethod
    def input_changes(self, i: int, changes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the changes of the inputs for changes (n, d) of the predictors."""

    def _top_table(self, i: int) -> NDArray[np.float32]:
        """Return the turns (n, k) of the words of update i at the top nodes: 1, -1 or 0."""
        table = self._paths.turns.take(self._centers[i], axis=0, mode="clip")
        turns: NDArray[np.float32] = table.astype(np.float32)
        return turns


def _signed_halves(u: int, n: int, h: int) -> tuple[NDArray[np.float32], ...]:
    """Return zeros (u, 2 n + 1, h) and their views for words that turn right, and left.

    `DeepSteps.turns` is an index of them. Filled, they are half of how often each of the h
    predictors of a block predicts the word, with the sign of the turn.
    """
    halves = np.zeros((u, 2 * n + 1, h), np.float32)
    return halves, halves[:, :n], halves[:, n : 2 * n]


class SkipGramTerms(TreeTerms):
    """Each input vector predicts the words in whose context it is.

    The predictors of a block are its words and their contexts; neighboring blocks overlap.
    """

    def reserve(self, size: tuple[int, int]) -> None:
        """Allocate the memory that all updates share."""
        b, r = size
        n, k, w = r * b, self._paths.turns.shape[1], self._window
        s = self._block = math.gcd(b, _SKIPGRAM_BLOCK)
        self.inputs = InputBlocks(n // s, s, w, self._d)
        self._half, self._bias = (InputBlocks(r, b, w, k) for _ in range(2))
        self._rows = (np.arange(n // s)[:, np.newaxis] * s + np.arange(s + 2 * w)).reshape(-1)

    def prepare(self, windows: WindowArrays) -> float:
        """Cut the blocks of the windows into smaller ones for the deep steps."""
        (u, r, b), s = windows.centers.shape, self._block
        n, h = r * b, s + 2 * self._window
        self._centers = windows.centers.reshape(u, n)
        self._halves = windows.context_mask * np.float32(0.5)
        update, block, word, vector = self._halves.strides
        # The words and vectors of a smaller block are a square on the diagonal of the mask.
        squares = as_strided(
            self._halves,
            (u, r, b // s, s, h),
            (update, block, s * (word + vector), word, vector),
            writeable=False,
        )
        self._block_halves, right, left = _signed_halves(u, n, h)
        right.reshape(u, r, b // s, s, h)[:] = squares
        np.negative(right, out=left)
        self.steps = self._paths.deep_steps(windows.centers.reshape(u, n // s, s))
        return float(windows.context_counts.sum())

    def predictors(self, i: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the input vectors."""
        return self.inputs.rows, self.inputs.vectors

    def top_turns(self, i: int) -> HalfTurns:
        """Sum the turns of the words that each vector predicts."""
        predicts = self._halves[i].swapaxes(1, 2)  # (r, m, b)
        table = self._top_table(i)
        table = table.reshape(len(predicts), -1, table.shape[1])
        np.matmul(predicts, table, out=self._bias.changes)
        np.matmul(predicts, np.abs(table, out=table), out=self._half.changes)
        return HalfTurns(self._half.joined(), self._bias.joined())

    def sum_blocks(self, values: NDArray[np.float32]) -> NDArray[np.floating]:
        """Sum values of the vectors where blocks overlap."""
        return np.bincount(self._rows, values.reshape(-1)).astype(np.float64)

    def deep_changes(
        self, gradients: NDArray[np.float32], deep: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Sum the products of each block, and where blocks overlap."""
        np.matmul(gradients.swapaxes(1, 2), deep, out=self.inputs.changes)
        return self.inputs.joined()

    def input_changes(self, i: int, changes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the changes: the predictors are the inputs."""
        return changes


class CbowTerms(TreeTerms):
    """The context mean of each word predicts it.

    Predictors are in an order in which all blocks of deep steps have about the same number of them.

    share_error: Whether to use the exact gradient of the mean, see `ContextMeans`.
    """

    def __init__(self, paths: TreePaths, d: int, window: int, *, share_error: bool) -> None:
        super().__init__(paths, d, window)
        self._share_error = share_error

    def reserve(self, size: tuple[int, int]) -> None:
        """Allocate the memory that all updates share."""
        b, r = size
        self._block = math.gcd(r * b, _CBOW_BLOCK)
        self.inputs = InputBlocks(r, b, self._window, self._d)

    def prepare(self, windows: WindowArrays) -> float:
        """Compute the means as matrices, and order the words."""
        (u, r, b), s = windows.centers.shape, self._block
        n = r * b
        self._means = ContextMeans.of(
            windows.context_mask, windows.context_counts, share_error=self._share_error
        )
        centers, predicted = windows.centers.reshape(u, n), self._means.predicted.reshape(u, n)
        self._order = _balanced(self._paths.depths(centers), n // s)
        self._inverse = np.argsort(self._order, axis=1)
        self._centers = np.take_along_axis(centers, self._order, axis=1)
        halves = np.take_along_axis(predicted, self._order, axis=1) * np.float32(0.5)
        self._halves = halves[:, :, np.newaxis]
        self._block_halves, right, left = _signed_halves(u, n, s)
        word = np.arange(n)
        right[:, word, word % s], left[:, word, word % s] = halves, -halves
        self.steps = self._paths.deep_steps(self._centers.reshape(u, n // s, s))
        return float(predicted.sum())

    def predictors(self, i: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the context means."""
        means = (self._means.mean[i] @ self.inputs.vectors).reshape(-1, self._d)
        predictors = means.take(self._order[i], axis=0)
        return predictors, predictors.reshape(-1, self._block, self._d)

    def top_turns(self, i: int) -> HalfTurns:
        """Return half the turns of the word that each mean predicts."""
        bias = self._top_table(i)
        bias *= self._halves[i]
        return HalfTurns(np.abs(bias), bias)

    def sum_blocks(self, values: NDArray[np.float32]) -> NDArray[np.floating]:
        """Return the values one behind the other: blocks do not overlap."""
        return values.reshape(-1)

    def deep_changes(
        self, gradients: NDArray[np.float32], deep: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Sum the products of each block."""
        products: NDArray[np.float32] = np.matmul(gradients.swapaxes(1, 2), deep)
        return products.reshape(-1, self._d)

    def input_changes(self, i: int, changes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Spread the changes of each mean to its context, in the order of the text."""
        spread = self._means.spread[i]  # (r, m, b)
        changes = changes.take(self._inverse[i], axis=0)
        changes = changes.reshape(len(spread), -1, self._d)
        np.matmul(spread, changes, out=self.inputs.changes)
        return self.inputs.joined()


def _balanced(lengths: NDArray[np.integer], r: int) -> NDArray[np.intp]:
    """Return an order of the words (u, n) of updates that balances the sums of r blocks.

    Words are dealt to the blocks from the longest path to the shortest, to and fro.
    """
    u, n = lengths.shape
    order = np.argsort(-lengths, axis=1, kind="stable").reshape(u, n // r, r)
    order[:, 1::2] = order[:, 1::2, ::-1].copy()
    return order.swapaxes(1, 2).reshape(u, n)
