"""`TreeKernel`: CBOW and skip-gram with hierarchical softmax, by blocks, with bounded steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pmt_core import HuffmanTree
from pmt_nn.word2vec.input_blocks import ContextMeans
from pmt_nn.word2vec.kernel import BlockKernel, WindowArrays, logistic_loss, scaled_sigmoid
from pmt_nn.word2vec.scatter_add import RowGroups

_TOP = 64
_MAX_OUTPUT_STEP, _MAX_INPUT_STEP = 0.5, 1.0  # see `bounded_steps`


class _Steps(NamedTuple):
    """The deep nodes on the paths of the words of a block, each array (u, r, o).

    `nodes` are rows of the table, `word` is the index of the word in the block, `right` is 1 if the
    path turns right, and `exists` is False for padding at the end of a row.
    """

    nodes: NDArray[np.int32]
    word: NDArray[np.intp]
    right: NDArray[np.float32]
    exists: NDArray[np.bool_]


class TreeKernel(BlockKernel):
    """Hierarchical softmax over a Huffman tree: a binary decision at each node of a word's path.

    Inner nodes are numbered in creation order, so the nodes near the root, which most paths pass,
    are the last rows of the output table. These rows are updated densely; the deeper part of each
    path is stored in one flat array.

    Every prediction passes the root. Its vector, and the input vectors, would jump too far in an
    update of a hundred words, so their steps are bounded (`bounded_steps`).

    Args:
        counts: (v,) occurrences of the words.
        d, window: See `Word2VecKernel`.
        is_cbow: Whether the context mean predicts the word, or each input its centers.
        share_error: Whether to use the exact gradient of the mean, see `ContextMeans`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import TreeKernel
        >>> counts = np.array([80, 10, 5, 5])
        >>> kernel = TreeKernel(counts, 4, 2, is_cbow=False, share_error=False)
        >>> round(kernel.targets_per_prediction, 3)  # 0.8 * 1 + 0.1 * 2 + 0.1 * 3
        1.3
        >>> kernel.noise_shape is None
        True

        A step is shown at `SkipGramKernel`.
    """

    def __init__(
        self, counts: NDArray[np.integer], d: int, window: int, *, is_cbow: bool, share_error: bool
    ) -> None:
        v = len(counts)
        super().__init__(v, d, window)
        self._pad = v - 1  # row of the output table
        tree = HuffmanTree.of(counts)
        self.targets_per_prediction = float(np.average(tree.mask.sum(axis=1), weights=counts))
        self._is_cbow = is_cbow
        self._share_error = share_error
        top = min(_TOP, v - 1)
        self._first_top = v - 1 - top
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

    def _prepare(self, windows: WindowArrays, rate: float) -> float:
        """Compute the paths; `windows.noise` is not used."""
        u, r, b = windows.centers.shape
        self._rate, self._total_loss = rate, 0.0
        self._means: ContextMeans | None = None
        self._predicts = windows.context_mask  # (u, r, b, h): 1 if the vector predicts the word
        predictions = float(windows.context_counts.sum())
        if self._is_cbow:
            mask, sizes = windows.context_mask, windows.context_counts
            self._means = ContextMeans.of(mask, sizes, share_error=self._share_error)
            self._predicts = self._means.predicted[..., np.newaxis] * np.eye(b, dtype=np.float32)
            predictions = float(self._means.predicted.sum())
        predictors = self._predicts.swapaxes(-1, -2)
        self._top_paths = [
            predictors @ table.take(windows.centers, axis=0).astype(np.float32)
            for table in (self._top_passed, self._top_right)
        ]
        self._steps = self._deep_steps(windows.centers.reshape(u * r, b), r)
        self._groups = RowGroups.of_updates(self._steps.nodes.reshape(u, -1), self._pad)
        return predictions

    def _deep_steps(self, centers: NDArray[np.int32], blocks: int) -> _Steps:
        """Return the deep part of the paths of (u r, b) words in updates of r `blocks`."""
        r, b = centers.shape
        depths = self._depths[centers]
        length = depths.sum(axis=1)
        o = max(int(length.max(initial=0)), 1)
        exists = np.arange(o) < length[:, np.newaxis]
        flat = depths.reshape(-1)
        number = np.arange(flat.sum()) - np.repeat(np.cumsum(flat) - flat, flat)
        step = np.repeat(self._starts[centers].reshape(-1), flat) + number
        nodes = np.full((r, o), self._pad, np.int32)
        nodes[exists] = self._deep_nodes[step]
        word = np.zeros((r, o), np.intp)
        word[exists] = np.repeat(np.tile(np.arange(b), r), flat)
        right = np.zeros((r, o), np.float32)
        right[exists] = self._deep_right[step]
        shape = (-1, blocks, o)
        return _Steps(
            nodes.reshape(shape), word.reshape(shape), right.reshape(shape), exists.reshape(shape)
        )

    def _update(self, i: int, table: NDArray[np.float32]) -> None:
        vectors, means, rate = self._inputs.vectors, self._means, self._rate
        inputs = np.ascontiguousarray(vectors) if means is None else means.mean[i] @ vectors
        top = table[self._first_top : -1]
        deep = table.take(self._steps.nodes[i], axis=0)
        top_paths = PathArrays(*(array[i] for array in self._top_paths))
        deep_total = self._deep_total(i)
        deep_paths = PathArrays(deep_total, deep_total * self._steps.right[i][:, :, np.newaxis])
        gradients = tree_gradients(inputs, top, deep, top_paths, deep_paths)
        curvature = _squares(inputs).reshape(-1) @ top_paths.total.reshape(-1, len(top))
        top_steps = bounded_steps(gradients.top, curvature, rate, _MAX_OUTPUT_STEP)
        curvature = top_paths.total @ _squares(top)
        curvature = curvature + (_squares(deep)[:, np.newaxis] @ deep_total)[:, 0]
        input_steps = bounded_steps(gradients.inputs, curvature, rate, _MAX_INPUT_STEP)
        deep_steps = gradients.deep.reshape(-1, self._d)
        deep_steps *= np.float32(rate)
        self._groups[i].add(table, deep_steps)
        top += np.float32(rate) * top_steps
        input_steps *= np.float32(rate)
        if means is None:
            self._inputs.changes[:] = input_steps
        else:
            np.matmul(means.spread[i], input_steps, out=self._inputs.changes)
        self._total_loss += gradients.loss

    def _deep_total(self, i: int) -> NDArray[np.float32]:
        """Return (r, o, h): how often each vector takes each of the deep steps of update i."""
        predicts = self._predicts[i]
        r, b, h = predicts.shape
        rows = self._steps.word[i] + (np.arange(r) * b)[:, np.newaxis]
        total: NDArray[np.float32] = predicts.reshape(r * b, h).take(rows, axis=0)
        total[~self._steps.exists[i]] = 0
        return total

    def _loss(self) -> float:
        return self._total_loss


def _squares(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the squared lengths of (..., d) vectors."""
    squares: NDArray[np.float32] = np.einsum("...d,...d->...", vectors, vectors)
    return squares


class PathArrays(NamedTuple):
    """How often inner nodes are passed by each of h input vectors.

    `total` counts paths of words that the vector predicts, `right` those that turn right there.
    """

    total: NDArray[np.float32]
    right: NDArray[np.float32]


class TreeGradients(NamedTuple):
    """Loss of an update over all predictions, and its negative derivatives.

    They are by the input vectors (r, h, d), deep nodes (r, o, d) and top nodes (k, d).
    """

    loss: float
    inputs: NDArray[np.float32]
    deep: NDArray[np.float32]
    top: NDArray[np.float32]


def tree_gradients(
    inputs: NDArray[np.float32],
    top: NDArray[np.float32],
    deep: NDArray[np.float32],
    top_paths: PathArrays,
    deep_paths: PathArrays,
) -> TreeGradients:
    """Compute the loss and the gradients of r blocks.

    With score s of a node, the loss of a turn is softplus(s) - s for right, softplus(s) for left.

    `inputs` are (r, h, d). `top` (k, d) are the vectors of the nodes near the root, which nearly
    every path passes; each input vector is multiplied with all of them. `deep` (r, o, d) are those
    of the nodes further down: one row for each step of each word of the block. Paths are
    (r, h, k) and (r, o, h).
    """
    r, h, d = inputs.shape
    flat = inputs.reshape(-1, d)
    flat_paths = PathArrays(*(x.reshape(r * h, -1) for x in top_paths))
    top_loss, top_scores = _score_gradients(flat @ top.T, flat_paths)
    deep_loss, deep_scores = _score_gradients(deep @ inputs.transpose(0, 2, 1), deep_paths)
    input_gradients = deep_scores.transpose(0, 2, 1) @ deep
    input_gradients += (top_scores @ top).reshape(r, h, d)
    return TreeGradients(
        top_loss + deep_loss, input_gradients, deep_scores @ inputs, top_scores.T @ flat
    )


def _score_gradients(
    scores: NDArray[np.float32], paths: PathArrays
) -> tuple[float, NDArray[np.float32]]:
    tanh = np.empty_like(scores)
    gradients = scaled_sigmoid(scores, paths.total * scores.dtype.type(-0.5), tanh)
    gradients += paths.right
    loss = logistic_loss(scores, tanh, paths.total) - float(np.vdot(paths.right, scores))
    return loss, gradients


def bounded_steps(
    gradients: NDArray[np.float32], curvature: NDArray[np.float32], rate: float, limit: float
) -> NDArray[np.float32]:
    """Shorten the gradients of rows for which a step of length `rate` could increase the loss.

    The second derivative of softplus is at most 1/4, so along any direction the loss as a function
    of a row curves by at most c = curvature / 4, and steps of up to 1 / c decrease it. Many terms
    added at once overshoot, further every time, while single steps, each with new scores, would
    converge. The result has no step longer than limit / c.

    `gradients` (..., d) is overwritten and returned. `curvature` (...) is for each row the sum of
    t |x|^2 over the vectors x it is multiplied with, t times each.
    """
    scale = limit / np.maximum(curvature * (rate / 4), limit)
    gradients *= scale[..., np.newaxis].astype(gradients.dtype)
    return gradients
