"""`CbowTree`: updates of CBOW with hierarchical softmax, in blocks of words that share nodes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pmt_nn.word2vec.block_classes import BlockClasses
from pmt_nn.word2vec.bounded_steps import (
    MAX_INPUT_STEP,
    MAX_OUTPUT_STEP,
    bounded_steps,
    may_exceed,
)
from pmt_nn.word2vec.context_bands import ContextBands
from pmt_nn.word2vec.kernel import WindowArrays
from pmt_nn.word2vec.path_blocks import PathBlocks, SortedPaths

_BLOCK = 8  # words; of larger blocks more scores are computed in vain, of smaller ones more rows


class CbowTree:
    """The context mean of each word predicts the turns on its path.

    The words of an update are sorted by the order of the leaves. The distinct nodes of each block
    of 8 words are gathered, and all scores of the block are one small product; the gradients by
    the means and by the nodes are two more. What is between scores and gradients is computed for
    the steps of the paths alone.

    Args:
        counts: (v,) occurrences of the words.
        d, window: See `Word2VecKernel`.
        share_error: Whether to use the exact gradient of the mean, see `ContextMeans`.

    Attributes:
        inputs: The context means of an update.
        mean_length: Mean number of nodes on the path of an occurrence.
    """

    def __init__(
        self, counts: NDArray[np.integer], d: int, window: int, *, share_error: bool
    ) -> None:
        self._paths = SortedPaths(counts)
        self._d, self._window, self._share_error = d, window, share_error
        self.mean_length = self._paths.mean_length

    def reserve(self, size: tuple[int, int]) -> None:
        """Allocate the memory that all updates share. size: (b, r), words of a block, blocks."""
        n, d = size[0] * size[1], self._d
        s = self._block = math.gcd(n, _BLOCK)
        self.inputs = ContextBands(n, s, self._window, d, share_error=self._share_error)
        self._means, self._changes = (np.zeros((n, d), np.float32) for _ in range(2))
        self._classes = BlockClasses(n // s)
        self._class_means, self._class_changes = (
            self._classes.of_blocks(rows.reshape(n // s, s, d))
            for rows in (self._means, self._changes)
        )

    def prepare(self, windows: WindowArrays, rate: float) -> float:
        """Compute what the updates of a chunk need; return the number of predictions."""
        n = math.prod(windows.centers.shape[1:])
        self._rate = rate
        self.inputs.prepare(windows)
        predicted = windows.context_counts > 0
        words = np.where(predicted, windows.centers, self._paths.pad + 1).reshape(-1, n)
        self._updates, self._halves = self._paths.blocks(words, self._block)
        self._scaled = self._halves * np.float32(rate)
        self._half_scores, self._tanh = (np.zeros_like(self._halves) for _ in range(2))
        rows = max(len(update.nodes) for update in self._updates)
        self._nodes = np.empty((rows, self._d), np.float32)
        self._scores = np.empty((rows, self._block), np.float32)
        self._inverse = np.argsort([update.order for update in self._updates], axis=1)
        return float(np.count_nonzero(predicted))

    def update(self, i: int, table: NDArray[np.float32]) -> NDArray[np.float32]:
        """Add update i to the output table; return the changes of the inputs."""
        update = self._updates[i]
        means, changes = self._means, self._changes
        self.inputs.means(i).take(update.order, axis=0, out=means, mode="clip")
        rows = len(update.nodes)
        nodes, scores = self._nodes[:rows], self._scores[:rows]
        table.take(update.nodes, axis=0, out=nodes, mode="clip")
        classes = list(
            zip(
                self._classes.of_rows(nodes, update.widths),
                self._classes.of_rows(scores, update.widths),
                self._class_means,
                self._class_changes,
                strict=True,
            )
        )
        most = 0.0  # at least the curvature of any mean: the squares of all nodes of a block
        for of_nodes, of_scores, of_means, _ in classes:
            np.matmul(of_nodes, of_means.swapaxes(1, 2), out=of_scores)
            flat = of_nodes.reshape(len(of_nodes), -1)
            most = max(most, float(np.vecdot(flat, flat).max()))
        self._replace_by_gradients(scores, update)
        curvature: NDArray[np.floating] | None = None
        if may_exceed(most, self._rate, MAX_INPUT_STEP):
            squares = np.vecdot(nodes, nodes).take(update.rows)
            of_words = np.bincount(update.words, squares, minlength=len(means))
            curvature = of_words.astype(np.float64)
        for of_nodes, of_scores, of_means, of_changes in classes:
            np.matmul(of_scores.swapaxes(1, 2), of_nodes, out=of_changes)
            np.matmul(of_scores, of_means, out=of_nodes)
        sums = update.groups.sums(nodes)
        self._bound_top_steps(sums, update)
        update.groups.add_sums(table, sums)
        if curvature is not None:
            bounded_steps(changes, curvature, self._rate, MAX_INPUT_STEP)
        changes.take(self._inverse[i], axis=0, out=self.inputs.changes, mode="clip")
        return self.inputs.spread(i)

    def _bound_top_steps(self, sums: NDArray[np.float32], update: PathBlocks) -> None:
        """Bound the steps of the nodes near the root, the last of the sums (g, d)."""
        means = self._means
        if not may_exceed(float(np.vdot(means, means)), self._rate, MAX_OUTPUT_STEP):
            return  # the curvature of the root, which is in all paths
        squares = np.vecdot(means, means).take(update.top_words)
        curvature = np.bincount(update.top_nodes, squares).astype(np.float64)
        first = len(sums) - update.top_rows
        nodes = update.groups.rows[first:] - self._paths.top
        bounded_steps(sums[first:], curvature.take(nodes), self._rate, MAX_OUTPUT_STEP)

    def _replace_by_gradients(self, scores: NDArray[np.float32], update: PathBlocks) -> None:
        """Replace scores by rate times the negative derivative of the loss; 0 beside the paths.

        A step with score s, turn t = 1 (right) or -1 has the loss softplus(-t s), whose negative
        derivative is t sigmoid(-t s) = (t / 2) (1 - h) with h = tanh(t s / 2).
        """
        half_scores, tanh = self._half_scores[update.steps], self._tanh[update.steps]
        flat = scores.reshape(-1)
        flat.take(update.cells, out=half_scores, mode="clip")
        half_scores *= self._halves[update.steps]
        np.tanh(half_scores, out=tanh)
        gradients = 1 - tanh
        gradients *= self._scaled[update.steps]
        flat.fill(0)
        flat[update.cells] = gradients

    def loss(self) -> float:
        """Return the loss of the chunk after all updates.

        With x = t s / 2 and h = tanh x, softplus(-2 x) is -2 min(x, 0) - log((1 + |h|) / 2).
        """
        sizes = np.abs(self._tanh, out=self._tanh)
        sizes += 1
        sizes *= np.float32(0.5)
        loss = -2 * float(np.minimum(self._half_scores, 0).sum())
        return loss - float(np.log(sizes, out=sizes).sum())
