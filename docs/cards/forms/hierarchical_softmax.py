"""Gradient of hierarchical softmax by the input vectors and the vectors of the inner nodes."""

import numpy as np

import pmt_core
import pmt_nn
from docs.cards.form import Form

COUNTS = (9, 5, 4, 2, 1)  # of five words; their Huffman tree has four inner nodes


def scores_of(hidden, table, nodes):
    return np.einsum("nd,njd->nj", hidden, table[nodes])


def hierarchical_softmax(hidden, table, nodes, turns, on_path):
    scores = scores_of(hidden, table, nodes) * np.where(turns, 1, -1)
    return (on_path * np.log(1 + np.exp(-scores))).sum()  # -log p(word), summed


def hierarchical_softmax_gradients(grad, hidden, table, nodes, turns, on_path):
    right = 1 / (1 + np.exp(-scores_of(hidden, table, nodes)))
    error = grad * on_path * (right - turns)  # chance of a right turn - whether it is one
    by_table = np.zeros_like(table)
    np.add.at(by_table, nodes, error[:, :, np.newaxis] * hidden[:, np.newaxis])
    return np.einsum("nj,njd->nd", error, table[nodes]), by_table


def paths(words):
    """Return the inner nodes, turns and mask (n, depth) on the way from the root to each word."""
    tree = pmt_core.HuffmanTree.of(COUNTS)
    return {"nodes": tree.nodes[words], "turns": tree.turns[words], "on_path": tree.mask[words]}


def sample(rng):
    arrays = {"hidden": rng.normal(size=(3, 4)), "table": rng.normal(size=(len(COUNTS) - 1, 4))}
    return arrays | paths(np.array([0, 3, 1]))


def by_pmt(hidden, table, nodes, turns, on_path):
    layer = pmt_nn.HierarchicalSoftmax(COUNTS, 4)
    layer.weight = table
    return layer(hidden, np.array([0, 3, 1]), reduction="sum")


FORMS = [
    Form(
        "hierarchical_softmax",
        hierarchical_softmax,
        hierarchical_softmax_gradients,
        sample=sample,
        differentiable=("hidden", "table"),
        pmt=by_pmt,
        primitives=("take_rows", "matmul", "logit_losses"),
    )
]
