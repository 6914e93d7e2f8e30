"""`SkipGramTree`: updates of skip-gram with hierarchical softmax, dense near the root."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from pmt_nn.word2vec.block_classes import BlockClasses
from pmt_nn.word2vec.bounded_steps import (
    MAX_INPUT_STEP,
    MAX_OUTPUT_STEP,
    bounded_steps,
)
from pmt_nn.word2vec.context_bands import context_band, padded_words, transposed_blocks
from pmt_nn.word2vec.input_blocks import InputBlocks
from pmt_nn.word2vec.kernel import WindowArrays
from pmt_nn.word2vec.tree_paths import DeepSteps, TreePaths

_BLOCK = 8  # words; of larger blocks more scores are computed in vain, small products are slow
_SMALL_PRODUCT = 1_000_000  # multiplications; OpenBLAS copies no operand below this


class HalfTurns(NamedTuple):
    """How often predictors turn at nodes, as the loss of a score needs it, see `turn_gradients`.

    Attributes:
        half: Half the number of turns.
        bias: Half the number of turns to the right, minus half of those to the left.
    """

    half: NDArray[np.float32]
    bias: NDArray[np.float32]


class SkipGramTree:
    """Each input vector predicts the turns on the paths of the words in whose context it is.

    The nodes near the root are multiplied with all n + 2 window vectors of an update. The deeper
    nodes on the paths of the n words are gathered in blocks of 8 words, and multiplied with the
    vectors of the words and their contexts; neighboring blocks overlap in them.

    Args:
        counts: (v,) occurrences of the words.
        d, window: See `Word2VecKernel`.

    Attributes:
        inputs: The input vectors of an update.
        mean_length: Mean number of nodes on the path of an occurrence.
    """

    def __init__(self, counts: NDArray[np.integer], d: int, window: int) -> None:
        self._paths = TreePaths(counts)
        self._d, self._window = d, window
        self.mean_length = self._paths.mean_length

    def reserve(self, size: tuple[int, int]) -> None:
        """Allocate the memory that all updates share. size: (b, r), words of a block, blocks."""
        b, r = size
        n, k, w = r * b, self._paths.turns.shape[1], self._window
        s = self._block = math.gcd(b, _BLOCK)
        self.inputs = InputBlocks(n // s, s, w, self._d)
        self._bias, self._bias_views = padded_words(n, s, w, k)
        self._half, self._half_views = padded_words(n, s, w, k)
        h, blocks = s + 2 * w, n // s
        self._classes = BlockClasses(blocks)
        self._block_rows = np.arange(blocks)[:, np.newaxis] * s + np.arange(h)
        self._vectors = np.zeros((blocks * h, self._d), np.float32)
        self._changes = np.zeros((blocks, h, self._d), np.float32)
        self._class_vectors, self._class_changes = (
            self._classes.of_blocks(rows.reshape(blocks, h, self._d))
            for rows in (self._vectors, self._changes)
        )

    def prepare(self, windows: WindowArrays, rate: float) -> float:
        """Compute what the updates of a chunk need; return the number of predictions."""
        (u, r, b), s = windows.centers.shape, self._block
        n, h = r * b, s + 2 * self._window
        self._rate, self._total_loss = rate, 0.0
        self._centers = windows.centers.reshape(u, n)
        halves = windows.context_mask * np.float32(0.5)
        self._predicts = transposed_blocks(context_band(windows, self._window), s)
        self._predicts *= np.float32(0.5)
        update, block, word, vector = halves.strides
        # The words and vectors of a smaller block are a square on the diagonal of the mask.
        squares = as_strided(
            halves,
            (u, r, b // s, s, h),
            (update, block, s * (word + vector), word, vector),
            writeable=False,
        )
        # Half of how often each of the h vectors of a block predicts a word, with the sign of the
        # turn: n rows for words that turn right, n for left, and one of zeros. `DeepSteps.turns`
        # is an index of them.
        self._block_halves = np.zeros((u, 2 * n + 1, h), np.float32)
        right, left = self._block_halves[:, :n], self._block_halves[:, n : 2 * n]
        right.reshape(u, r, b // s, s, h)[:] = squares
        np.negative(right, out=left)
        self._steps = self._paths.deep_steps(windows.centers.reshape(u, n // s, s))
        rows = max(len(steps.nodes) for steps in self._steps)
        self._nodes = np.empty((rows, self._d), np.float32)
        self._scores = np.empty((rows, h), np.float32)
        return float(windows.context_counts.sum())

    def update(self, i: int, table: NDArray[np.float32]) -> NDArray[np.float32]:
        """Add update i to the output table; return the changes of the inputs."""
        vectors, rate = self.inputs.rows, self._rate
        top = table[self._paths.top]
        turns = self._top_turns(i)
        curvature: NDArray[np.floating] = turns.half @ _squares(top)
        top_curvature = _squares(vectors) @ turns.half
        nodes = np.ascontiguousarray(top.T)  # small products with a transposed matrix are slow
        loss, gradients = turn_gradients(_product(vectors, nodes), turns)
        self._total_loss += loss
        gradients *= np.float32(rate)
        changes = _product(gradients, top)
        top_changes = _product(gradients.T, vectors)

        deep_changes, deep_curvature = self._deep_steps(self._steps[i], i, table)
        changes += self.inputs.joined()
        self._steps[i].groups.add(table, deep_changes)
        top += bounded_steps(top_changes, 2 * top_curvature, rate, MAX_OUTPUT_STEP)
        return bounded_steps(changes, 2 * (curvature + deep_curvature), rate, MAX_INPUT_STEP)

    def _deep_steps(
        self, steps: DeepSteps, i: int, table: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return the changes of deep nodes (o, d), and half the curvature of the vectors by them.

        The changes of the vectors are left in `inputs.changes`.
        """
        rows = self._block_rows.take(steps.order, axis=0).reshape(-1)
        self.inputs.rows.take(rows, axis=0, out=self._vectors, mode="clip")
        nodes, scores = self._nodes[: len(steps.nodes)], self._scores[: len(steps.nodes)]
        table.take(steps.nodes, axis=0, out=nodes, mode="clip")
        turns = self._deep_turns(i)
        of_nodes, of_scores, of_half, of_squares = (
            self._classes.of_rows(array, steps.widths)
            for array in (nodes, scores, turns.half, _squares(nodes)[:, np.newaxis])
        )
        by_block = []
        for c, vectors in enumerate(self._class_vectors):
            np.matmul(of_nodes[c], vectors.swapaxes(1, 2), out=of_scores[c])
            by_block.append((of_squares[c].swapaxes(1, 2) @ of_half[c]).reshape(-1))
        curvature = np.bincount(rows, np.concatenate(by_block)).astype(np.float64)
        loss, gradients = turn_gradients(scores, turns)
        self._total_loss += loss
        gradients *= np.float32(self._rate)
        of_gradients = self._classes.of_rows(gradients, steps.widths)
        for c, vectors in enumerate(self._class_vectors):
            np.matmul(of_gradients[c].swapaxes(1, 2), of_nodes[c], out=self._class_changes[c])
            np.matmul(of_gradients[c], vectors, out=of_nodes[c])
        self._changes.take(steps.inverse, axis=0, out=self.inputs.changes, mode="clip")
        return nodes, curvature

    def loss(self) -> float:
        """Return the loss of the chunk after all updates."""
        return self._total_loss

    def _top_turns(self, i: int) -> HalfTurns:
        """Sum the turns (n + 2 window, k) at top nodes of the words that each vector predicts."""
        self._bias[:] = self._paths.turns.take(self._centers[i], axis=0, mode="clip")
        np.abs(self._bias, out=self._half)
        half, bias = (
            (self._predicts[i] @ views).reshape(-1, self._bias.shape[1])[: len(self.inputs.rows)]
            for views in (self._half_views, self._bias_views)
        )
        return HalfTurns(half, bias)

    def _deep_turns(self, i: int) -> HalfTurns:
        """Return the turns (o, h) at the deep steps, of the vectors of the block of each."""
        bias = self._block_halves[i].take(self._steps[i].turns, axis=0, mode="clip")
        return HalfTurns(np.abs(bias), bias)


def _squares(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the squared lengths of (..., d) vectors."""
    squares: NDArray[np.float32] = np.vecdot(vectors, vectors)
    return squares


def _product(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a b, in equal parts of the rows of a that OpenBLAS multiplies without copying b."""
    n, k = a.shape
    parts = max(-(-n * b.size // _SMALL_PRODUCT), 1)
    if parts == 1 or n % parts:
        return a @ b
    product: NDArray[np.float32] = np.matmul(a.reshape(parts, n // parts, k), b)
    return product.reshape(n, -1)


def turn_gradients(
    scores: NDArray[np.float32], turns: HalfTurns
) -> tuple[float, NDArray[np.float32]]:
    """Return the loss of scores at nodes, and its negative derivative by them.

    With N turns of which R are to the right, the loss is N softplus(s) - R s. Let half = N / 2,
    bias = R - N / 2 and h = tanh(s / 2). As sigmoid(s) = (1 + h) / 2, the negative derivative
    R - N sigmoid(s) is bias - half h; and as softplus(s) = (s + |s|) / 2 - log((1 + |h|) / 2), the
    loss is half |s| - 2 half log((1 + |h|) / 2) - bias s.

    scores: is overwritten.
    """
    half, bias = turns
    tanh = scores * scores.dtype.type(0.5)
    np.tanh(tanh, out=tanh)
    gradients = half * tanh
    np.subtract(bias, gradients, out=gradients)
    loss = -float(np.vdot(bias, scores))
    loss += float(np.vdot(half, np.abs(scores, out=scores)))
    np.abs(tanh, out=tanh)
    tanh += scores.dtype.type(1)
    tanh *= scores.dtype.type(0.5)
    loss -= 2 * float(np.vdot(half, np.log(tanh, out=tanh)))
    return loss, gradients
