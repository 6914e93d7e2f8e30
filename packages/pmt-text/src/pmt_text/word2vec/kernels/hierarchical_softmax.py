"""Hierarchical softmax: at every inner node on the way to the word, is the turn right?

Steps that end before the loss can rise again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_core import HuffmanTree
from pmt_text.word2vec.kernels.hidden_means import HiddenMeans
from pmt_text.word2vec.kernels.hierarchical_softmax_gradients import tree_gradients
from pmt_text.word2vec.kernels.input_blocks import InputBlocks
from pmt_text.word2vec.kernels.scatter_add import RowGroups
from pmt_text.word2vec.sampling.context_windows import ContextWindows
from pmt_text.word2vec.settings import Word2VecSettings

__all__ = ["TreeLayer", "bounded_steps"]

_TOP = 64
_MOST_OUTPUT, _MOST_INPUT = 0.5, 1.0  # the longest steps, see `bounded_steps`


class TreeLayer:
    """The inner nodes have the numbers in which they were made, so those near the root, which most
    words pass, are the last ones: the last rows of the table, read and written without a search,
    and the beginning of every way. What is left of the ways is kept one behind the other.

    The root is asked by every prediction. So that an update of a hundred words does not lead it,
    and the hidden vectors with it, too far, their steps are bounded (`bounded_steps`).

    counts: (v,).
    """

    def __init__(self, settings: Word2VecSettings, counts: NDArray[np.integer]) -> None:
        v = len(counts)
        self.rows = v - 1
        tree = HuffmanTree.of(counts)
        self.answers = float(np.average(tree.mask.sum(axis=1), weights=counts))
        self._is_cbow = settings.model == "cbow"
        self._share_error = settings.share_error
        top = min(_TOP, self.rows)
        self._first_top = self.rows - top
        is_top = tree.mask & (tree.nodes >= self._first_top)
        is_deep = tree.mask & ~is_top
        # One more leaf without a way, for the words beyond the end of a text. A byte each: as
        # floats the two would take more than half of what all weights take.
        self._top_passed, self._top_right = np.zeros((2, v + 1, top), np.bool_)
        word, _ = np.nonzero(is_top)
        node = tree.nodes[is_top] - self._first_top
        self._top_passed[word, node] = True
        self._top_right[word, node] = tree.turns[is_top]
        self._depths = np.append(is_deep.sum(axis=1), 0)
        self._starts = np.cumsum(self._depths) - self._depths
        self._deep_nodes = tree.nodes[is_deep].astype(np.int32)
        self._deep_right = tree.turns[is_deep]

    def reserve(self, size: tuple[int, int]) -> None:
        """Nothing: how many nodes are asked differs from update to update."""

    def updates(
        self, windows: ContextWindows, rate: float, generator: np.random.Generator
    ) -> _TreeUpdates:
        """See `OutputLayer`; nothing is drawn."""
        u, r, b = windows.centers.shape
        means = None
        asks = windows.sees
        if self._is_cbow:
            means = HiddenMeans.over(windows.sees, windows.seen, share_error=self._share_error)
            asks = means.predicted[..., np.newaxis] * np.eye(b, dtype=np.float32)
        predictions = float((windows.seen if means is None else means.predicted).sum())
        asked_by = asks.swapaxes(-1, -2)
        top_total, top_right = (
            asked_by @ table.take(windows.centers, axis=0).astype(np.float32)
            for table in (self._top_passed, self._top_right)
        )
        steps = self._steps(windows.centers.reshape(u * r, b))
        groups = RowGroups.of_updates(steps.nodes.reshape(u, -1), self.rows)
        updates = []
        for i, group in enumerate(groups):
            mine = None if means is None else (means.mean[i], means.spread[i])
            updates.append(
                _TreeUpdate(
                    self._first_top,
                    top_total[i],
                    top_right[i],
                    steps[i * r : (i + 1) * r],
                    asks[i],
                    mine,
                    group,
                )
            )
        return _TreeUpdates(updates, rate, predictions)

    def _steps(self, centers: NDArray[np.int32]) -> _Steps:
        """Below the top nodes."""
        r, b = centers.shape
        depths = self._depths[centers]
        length = depths.sum(axis=1)
        o = max(int(length.max(initial=0)), 1)
        exists = np.arange(o) < length[:, np.newaxis]
        flat = depths.reshape(-1)
        number = np.arange(flat.sum()) - np.repeat(np.cumsum(flat) - flat, flat)
        step = np.repeat(self._starts[centers].reshape(-1), flat) + number
        nodes = np.full((r, o), self.rows, np.int32)
        nodes[exists] = self._deep_nodes[step]
        word = np.zeros((r, o), np.intp)
        word[exists] = np.repeat(np.tile(np.arange(b), r), flat)
        right = np.zeros((r, o), np.float32)
        right[exists] = self._deep_right[step]
        return _Steps(nodes, word, right, exists)


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """The nodes that the words of r blocks pass below the top.

    All (r, o): nodes; which word of the block; 1 for right; whether there is such a step, or the
    row is at its end.
    """

    nodes: NDArray[np.int32]
    word: NDArray[np.intp]
    right: NDArray[np.float32]
    exists: NDArray[np.bool_]

    def __getitem__(self, blocks: slice) -> _Steps:
        return _Steps(
            self.nodes[blocks], self.word[blocks], self.right[blocks], self.exists[blocks]
        )


class _TreeUpdates:
    def __init__(self, updates: list[_TreeUpdate], rate: float, predictions: float) -> None:
        self.predictions = predictions
        self._updates = updates
        self._rate = rate
        self._loss = 0.0

    def update(self, number: int, table: NDArray[np.float32], inputs: InputBlocks) -> None:
        """See `PieceUpdates`."""
        self._loss += self._updates[number].learn(table, inputs, self._rate)

    def loss(self) -> float:
        """See `PieceUpdates`."""
        return self._loss


@dataclass(frozen=True, slots=True, eq=False)
class _TreeUpdate:
    first_top: int
    top_total: NDArray[np.float32]  # (r, h, k)
    top_right: NDArray[np.float32]
    steps: _Steps
    asks: NDArray[np.float32]  # (r, b, h) 1 where the hidden vector predicts the word
    means: tuple[NDArray[np.float32], NDArray[np.float32]] | None
    groups: RowGroups

    def learn(self, table: NDArray[np.float32], blocks: InputBlocks, rate: float) -> float:
        inputs = blocks.vectors
        hidden = np.ascontiguousarray(inputs) if self.means is None else self.means[0] @ inputs
        top = table[self.first_top : -1]
        deep = table.take(self.steps.nodes, axis=0)
        deep_total = self._deep_total()
        found = tree_gradients(
            hidden,
            top,
            deep,
            self.top_total,
            self.top_right,
            deep_total,
            deep_total * self.steps.right[:, :, np.newaxis],
        )
        by_top = bounded_steps(
            found.shared,
            _squares(hidden).reshape(-1) @ self.top_total.reshape(-1, len(top)),
            rate,
            _MOST_OUTPUT,
        )
        by_hidden = bounded_steps(
            found.inputs,
            self.top_total @ _squares(top) + (_squares(deep)[:, np.newaxis] @ deep_total)[:, 0],
            rate,
            _MOST_INPUT,
        )
        by_deep = found.outputs.reshape(-1, table.shape[1])
        by_deep *= np.float32(rate)
        self.groups.add(table, by_deep)
        top += np.float32(rate) * by_top
        by_hidden *= np.float32(rate)
        if self.means is None:
            blocks.changes[:] = by_hidden
        else:
            np.matmul(self.means[1], by_hidden, out=blocks.changes)
        return found.loss

    def _deep_total(self) -> NDArray[np.float32]:
        """(r, o, h): how often the hidden vector takes each of the steps below the top."""
        r, b, h = self.asks.shape
        rows = self.steps.word + (np.arange(r) * b)[:, np.newaxis]
        total: NDArray[np.float32] = self.asks.reshape(r * b, h).take(rows, axis=0)
        total[~self.steps.exists] = 0
        return total


def _squares(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(..., d) -> (...) squared lengths."""
    squares: NDArray[np.float32] = np.einsum("...d,...d->...", vectors, vectors)
    return squares


def bounded_steps(
    gradients: NDArray[np.float32], curvature: NDArray[np.float32], rate: float, most: float
) -> NDArray[np.float32]:
    """The gradients of rows, each made shorter where `rate` would lead it too far.

    gradients: (..., d), overwritten; curvature: (...) of each row the sum over the vectors x it is
    multiplied with, t times each, of t |x|^2.

    The second derivative of softplus is at most 1/4, so along any direction the loss as a function
    of the row curves by at most c = curvature / 4: steps of up to 1 / c bring it down. Many terms
    added at once go beyond, over the aim, and further every time, where single steps, each with
    new scores, would come to rest. Here no step is longer than `most` / c.
    """
    scale = most / np.maximum(curvature * (rate / 4), most)
    gradients *= scale[..., np.newaxis].astype(gradients.dtype)
    return gradients
