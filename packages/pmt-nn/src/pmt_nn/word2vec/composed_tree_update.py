"""`composed_tree_update`: an update of `TreeKernel` word by word and node by node, to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pmt_core import HuffmanTree
from pmt_nn.word2vec.bounded_steps import MAX_INPUT_STEP, MAX_OUTPUT_STEP, bounded_steps
from pmt_nn.word2vec.kernel import WindowArrays
from pmt_nn.word2vec.tree_paths import TOP_NODES


class _Prediction(NamedTuple):
    """A predictor (index) predicts a word; it is the mean of the vectors at some rows."""

    predictor: int
    word: int
    rows: list[int]


def composed_tree_update(
    tree: HuffmanTree,
    windows: WindowArrays,
    i: int,
    rate: float,
    tables: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    is_cbow: bool,
    share_error: bool,
) -> float:
    """Make update i of the windows as `TreeKernel` does, and return its loss.

    All gradients are taken at the same weights and summed. The steps of predictors, and of the
    nodes near the root, are bounded.

    tables: input vectors (v + 1, d) and output vectors (v, d), with a padding row each, updated in
    place. is_cbow, share_error: see `TreeKernel`.
    """
    inputs, outputs = tables
    contexts = windows.contexts[i]
    vectors = inputs[contexts]
    predictions = list(_predictions(windows, i, is_cbow=is_cbow))
    predictors = {p.predictor: vectors[p.rows].mean(axis=0) for p in predictions}
    predictor_steps = {index: np.zeros_like(h) for index, h in predictors.items()}
    node_steps = np.zeros_like(outputs)
    curvature, node_curvature = dict.fromkeys(predictors, 0.0), np.zeros(len(outputs))
    loss = 0.0
    for index, word, _ in predictions:
        h = predictors[index]
        length = tree.mask[word].sum()
        for node, turn in zip(tree.nodes[word, :length], tree.turns[word, :length], strict=True):
            c = outputs[node]
            score = h @ c
            loss += np.logaddexp(0, score) - turn * score
            error = turn - 1 / (1 + np.exp(-score))
            predictor_steps[index] += rate * error * c
            node_steps[node] += rate * error * h
            curvature[index] += c @ c
            node_curvature[node] += h @ h
    top = slice(max(len(outputs) - 1 - TOP_NODES, 0), len(outputs) - 1)
    bounded_steps(node_steps[top], node_curvature[top], rate, MAX_OUTPUT_STEP)
    outputs += node_steps
    rows_of = {p.predictor: p.rows for p in predictions}
    for index, step in predictor_steps.items():
        bounded_steps(step, np.array(curvature[index]), rate, MAX_INPUT_STEP)
        rows = rows_of[index]
        np.add.at(inputs, contexts[rows], step / len(rows) if share_error else step)
    return loss


def _predictions(windows: WindowArrays, i: int, *, is_cbow: bool) -> Iterator[_Prediction]:
    """Iterate over what predicts which word: each context vector (skip-gram), or their mean."""
    r, b = windows.centers[i].shape
    for block in range(r):
        for word, center in enumerate(windows.centers[i, block].tolist()):
            columns = np.flatnonzero(windows.context_mask[i, block, word])
            rows = (block * b + columns).tolist()
            if not is_cbow:
                yield from (_Prediction(row, center, [row]) for row in rows)
            elif rows:
                yield _Prediction(block * b + word, center, rows)
