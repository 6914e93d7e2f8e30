"""`TreeKernel`: CBOW and skip-gram with hierarchical softmax, by blocks, with bounded steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_nn.word2vec.cbow_tree import CbowTree
from pmt_nn.word2vec.kernel import BlockKernel, WindowArrays
from pmt_nn.word2vec.skipgram_tree import SkipGramTree


class TreeKernel(BlockKernel):
    """Hierarchical softmax over a Huffman tree: a binary decision at each node of a word's path.

    Let S = C H^T be the scores of nodes c with predictors h (input vectors, or context means), N
    how often a predictor passes a node on the way to a word that it predicts, and R how often it
    turns right there. The loss is sum(N softplus(S) - R S), and with G = R - N sigmoid(S) its
    negative gradients are G H by the nodes and G^T C by the predictors: three matrix products.

    Most of N is 0, except near the root. `CbowTree` and `SkipGramTree` compute few of the zeros, in
    small blocks of words. `composed_tree_update` is the same update, word by word.

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
        self._tree: CbowTree | SkipGramTree = (
            CbowTree(counts, d, window, share_error=share_error)
            if is_cbow
            else SkipGramTree(counts, d, window)
        )
        super().__init__(len(counts), d, window)
        self.targets_per_prediction = self._tree.mean_length

    def reserve(self, size: tuple[int, int]) -> None:
        """Allocate the memory that all updates share. size: (b, r), words of a block, blocks."""
        self._tree.reserve(size)
        self._input_vectors = self._tree.inputs

    def _prepare(self, windows: WindowArrays, rate: float) -> float:
        """Compute the paths; `windows.noise` is not used."""
        return self._tree.prepare(windows, rate)

    def _update(self, i: int, table: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._tree.update(i, table)

    def _loss(self) -> float:
        return self._tree.loss()
