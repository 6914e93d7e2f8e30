"""`TreeKernel`: CBOW and skip-gram with hierarchical softmax, by blocks, with bounded steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_core import HuffmanTree
from pmt_nn.word2vec.hierarchical_softmax_gradients import (
    PathArrays,
    bounded_steps,
    tree_gradients,
)
from pmt_nn.word2vec.input_blocks import ContextMeans, InputBlocks
from pmt_nn.word2vec.kernel import WindowArrays, Word2VecKernel
from pmt_nn.word2vec.scatter_add import RowGroups

__all__ = ["TreeKernel"]

_TOP = 64
_MAX_OUTPUT_STEP, _MAX_INPUT_STEP = 0.5, 1.0  # see `bounded_steps`


class TreeKernel(Word2VecKernel):
    """Hierarchical softmax over a Huffman tree: a binary decision at each node of a word's path.

    Inner nodes are numbered in creation order, so the nodes near the root, which most paths pass,
    are the last rows of the output table. These rows are updated densely; the deeper part of each
    path is stored in one flat array.

    Every prediction passes the root. Its vector, and the input vectors, would jump too far in an
    update of a hundred words, so their steps are bounded (`bounded_steps`).

    Args:
        counts: (v,) occurrences of the words. d: Dimension. window: Maximum window size.
        is_cbow: Whether the context mean predicts the word, or each input its centers.
        share_error: Whether to use the exact gradient of the mean, see `ContextMeans`.
    """

    def __init__(
        self, counts: NDArray[np.integer], d: int, window: int, *, is_cbow: bool, share_error: bool
    ) -> None:
        v = len(counts)
        super().__init__(v, d, window)
        self.rows = v - 1
        tree = HuffmanTree.of(counts)
        self.targets_per_prediction = float(np.average(tree.mask.sum(axis=1), weights=counts))
        self._is_cbow = is_cbow
        self._share_error = share_error
        top = min(_TOP, self.rows)
        self._first_top = self.rows - top
        is_top = tree.mask & (tree.nodes >= self._first_top)
        is_deep = tree.mask & ~is_top
        # An additional leaf without a path is for padding. Booleans: as floats the two tables would
        # take more than half of the memory of all weights.
        self._top_passed, self._top_right = np.zeros((2, v + 1, top), np.bool_)
        word, _ = np.nonzero(is_top)
        node = tree.nodes[is_top] - self._first_top
        self._top_passed[word, node] = True
        self._top_right[word, node] = tree.turns[is_top]
        self._depths = np.append(is_deep.sum(axis=1), 0)
        self._starts = np.cumsum(self._depths) - self._depths
        self._deep_nodes = tree.nodes[is_deep].astype(np.int32)
        self._deep_right = tree.turns[is_deep]

    def updates(self, windows: WindowArrays, rate: float) -> _TreeUpdates:
        """Prepare the updates of a chunk; `windows.noise` is not used."""
        u, r, b = windows.centers.shape
        means = None
        predicts = windows.context_mask
        if self._is_cbow:
            means = ContextMeans.of(
                windows.context_mask, windows.context_counts, share_error=self._share_error
            )
            predicts = means.predicted[..., np.newaxis] * np.eye(b, dtype=np.float32)
        predictions = float((windows.context_counts if means is None else means.predicted).sum())
        predictors = predicts.swapaxes(-1, -2)
        top_total, top_right = (
            predictors @ table.take(windows.centers, axis=0).astype(np.float32)
            for table in (self._top_passed, self._top_right)
        )
        steps = self._steps(windows.centers.reshape(u * r, b))
        groups = RowGroups.of_updates(steps.nodes.reshape(u, -1), self.rows)
        updates = [
            _TreeUpdate(
                self._first_top,
                PathArrays(top_total[i], top_right[i]),
                steps[i * r : (i + 1) * r],
                predicts[i],
                None if means is None else (means.mean[i], means.spread[i]),
                group,
            )
            for i, group in enumerate(groups)
        ]
        return _TreeUpdates(updates, rate, predictions)

    def _steps(self, centers: NDArray[np.int32]) -> _Steps:
        """Return the deep part of the paths of (r, b) words."""
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
    """The deep nodes on the paths of the words of r blocks, each array (r, o).

    Attributes:
        nodes: Row of the node.
        word: Index of the word in the block.
        right: 1 if the path turns right.
        exists: False for padding at the end of a row.
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
    """The updates of a chunk."""

    def __init__(self, updates: list[_TreeUpdate], rate: float, predictions: float) -> None:
        self.predictions = predictions
        self._updates = updates
        self._rate = rate
        self._loss = 0.0

    def update(self, number: int, table: NDArray[np.float32], inputs: InputBlocks) -> None:
        """Update the output table, and leave the changes of the inputs in `inputs.changes`."""
        self._loss += self._updates[number].apply(table, inputs, self._rate)

    def loss(self) -> float:
        """Return the sum over all predictions."""
        return self._loss


@dataclass(frozen=True, slots=True, eq=False)
class _TreeUpdate:
    """One update. predicts: (r, b, h), 1 if the vector predicts the word. means: of CBOW."""

    first_top: int
    top_paths: PathArrays  # (r, h, k)
    steps: _Steps
    predicts: NDArray[np.float32]
    means: tuple[NDArray[np.float32], NDArray[np.float32]] | None
    groups: RowGroups

    def apply(self, table: NDArray[np.float32], blocks: InputBlocks, rate: float) -> float:
        """Update the table; return the loss."""
        vectors = blocks.vectors
        inputs = np.ascontiguousarray(vectors) if self.means is None else self.means[0] @ vectors
        top = table[self.first_top : -1]
        deep = table.take(self.steps.nodes, axis=0)
        deep_total = self._deep_total()
        deep_paths = PathArrays(deep_total, deep_total * self.steps.right[:, :, np.newaxis])
        gradients = tree_gradients(inputs, top, deep, self.top_paths, deep_paths)
        top_total = self.top_paths.total
        top_steps = bounded_steps(
            gradients.top,
            _squares(inputs).reshape(-1) @ top_total.reshape(-1, len(top)),
            rate,
            _MAX_OUTPUT_STEP,
        )
        input_steps = bounded_steps(
            gradients.inputs,
            top_total @ _squares(top) + (_squares(deep)[:, np.newaxis] @ deep_total)[:, 0],
            rate,
            _MAX_INPUT_STEP,
        )
        deep_steps = gradients.deep.reshape(-1, table.shape[1])
        deep_steps *= np.float32(rate)
        self.groups.add(table, deep_steps)
        top += np.float32(rate) * top_steps
        input_steps *= np.float32(rate)
        if self.means is None:
            blocks.changes[:] = input_steps
        else:
            np.matmul(self.means[1], input_steps, out=blocks.changes)
        return gradients.loss

    def _deep_total(self) -> NDArray[np.float32]:
        """Return (r, o, h): how often each vector takes each of the deep steps."""
        r, b, h = self.predicts.shape
        rows = self.steps.word + (np.arange(r) * b)[:, np.newaxis]
        total: NDArray[np.float32] = self.predicts.reshape(r * b, h).take(rows, axis=0)
        total[~self.steps.exists] = 0
        return total


def _squares(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the squared lengths of (..., d) vectors."""
    squares: NDArray[np.float32] = np.einsum("...d,...d->...", vectors, vectors)
    return squares
