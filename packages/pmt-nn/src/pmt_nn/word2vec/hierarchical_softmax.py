"""`TreeKernel`: CBOW and skip-gram with hierarchical softmax, by blocks, with bounded steps."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pmt_nn.word2vec.kernel import BlockKernel, WindowArrays
from pmt_nn.word2vec.tree_paths import TreePaths
from pmt_nn.word2vec.tree_terms import CbowTerms, HalfTurns, SkipGramTerms, TreeTerms

_Float = TypeVar("_Float", np.float32, np.float64)

_SMALL_PRODUCT = 1_000_000  # multiplications; OpenBLAS copies no operand below this
MAX_OUTPUT_STEP, MAX_INPUT_STEP = 0.5, 1.0  # see `bounded_steps`


class TreeKernel(BlockKernel):
    """Hierarchical softmax over a Huffman tree: a binary decision at each node of a word's path.

    Let S = C H^T be the scores of nodes c with predictors h (input vectors, or context means), N
    how often a predictor passes a node on the way to a word that it predicts, and R how often it
    turns right there. The loss is sum(N softplus(S) - R S), and with G = R - N sigmoid(S) its
    negative gradients are G H by the nodes and G^T C by the predictors: three matrix products.

    Most of N is 0, except near the root. So the nodes near the root, the last rows of the output
    table, are multiplied with all predictors of an update, without any gathering. The deeper nodes
    are gathered and multiplied in small blocks, each with the few predictors of a few words.
    `composed_tree_update` is the same update, word by word.

    Every prediction passes the root. Its vector, and the predictors, would jump too far in an
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
        self._paths = TreePaths(counts)
        self._terms: TreeTerms = (
            CbowTerms(self._paths, d, window, share_error=share_error)
            if is_cbow
            else SkipGramTerms(self._paths, d, window)
        )
        super().__init__(len(counts), d, window)
        self.targets_per_prediction = self._paths.mean_length

    def reserve(self, size: tuple[int, int]) -> None:
        """Allocate the memory that all updates share. size: (b, r), words of a block, blocks."""
        self._terms.reserve(size)
        self._inputs = self._terms.inputs

    def _prepare(self, windows: WindowArrays, rate: float) -> float:
        """Compute the paths; `windows.noise` is not used."""
        self._rate, self._total_loss = rate, 0.0
        return self._terms.prepare(windows)

    def _update(self, i: int, table: NDArray[np.float32]) -> NDArray[np.float32]:
        terms, rate = self._terms, self._rate
        predictors, blocks = terms.predictors(i)
        top = table[self._paths.top]
        turns = terms.top_turns(i)
        curvature: NDArray[np.floating] = turns.half @ _squares(top)
        top_curvature = _squares(predictors) @ turns.half
        nodes = np.ascontiguousarray(top.T)  # small products with a transposed matrix are slow
        top_loss, gradients = turn_gradients(_product(predictors, nodes), turns)
        gradients *= np.float32(rate)
        changes = _product(gradients, top)
        top_changes = _product(gradients.T, predictors)

        steps = terms.steps[i]
        deep = table.take(steps.nodes, axis=0, mode="clip")
        turns = terms.deep_turns(i)
        curvature = curvature + terms.sum_blocks((_squares(deep)[:, np.newaxis] @ turns.half)[:, 0])
        deep_loss, gradients = turn_gradients(deep @ blocks.swapaxes(1, 2), turns)
        gradients *= np.float32(rate)
        changes += terms.deep_changes(gradients, deep)
        deep_changes = np.matmul(gradients, blocks, out=deep).reshape(-1, self._d)

        steps.groups.add(table, deep_changes)
        top += bounded_steps(top_changes, 2 * top_curvature, rate, MAX_OUTPUT_STEP)
        self._total_loss += top_loss + deep_loss
        bounded_steps(changes, 2 * curvature, rate, MAX_INPUT_STEP)
        return terms.input_changes(i, changes)

    def _loss(self) -> float:
        return self._total_loss


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


def bounded_steps(
    gradients: NDArray[_Float], curvature: NDArray[np.floating], rate: float, limit: float
) -> NDArray[_Float]:
    """Shorten the gradients of rows for which a step of length `rate` could increase the loss.

    The second derivative of softplus is at most 1/4, so along any direction the loss as a function
    of a row curves by at most c = curvature / 4, and steps of up to 1 / c decrease it. Many terms
    added at once overshoot, further every time, while single steps, each with new scores, would
    converge. The result has no step longer than limit / c.

    `gradients` (..., d), or the same times any factor, is overwritten and returned. `curvature`
    (...) is for each row the sum of t |x|^2 over the vectors x it is multiplied with, t times each.
    """
    scale = limit / np.maximum(curvature * (rate / 4), limit)
    gradients *= scale[..., np.newaxis].astype(gradients.dtype)
    return gradients
