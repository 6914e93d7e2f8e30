"""Gradient of negative sampling by the input vectors and the table of output vectors."""

import numpy as np

import pmt_nn
from docs.cards.form import Form


def scores_of(hidden, table, ids):
    return np.einsum("nd,njd->nj", hidden, table[ids])  # column 0: the observed word


def negative_sampling(hidden, table, targets, negatives):
    scores = scores_of(hidden, table, np.column_stack([targets, negatives]))
    scores[:, 1:] *= -1
    return np.log(1 + np.exp(-scores)).sum()  # -log sigmoid


def negative_sampling_gradients(grad, hidden, table, targets, negatives):
    ids = np.column_stack([targets, negatives])
    error = grad / (1 + np.exp(-scores_of(hidden, table, ids)))
    error[:, 0] -= grad  # sigmoid(score) - label
    by_table = np.zeros_like(table)
    np.add.at(by_table, ids, error[:, :, np.newaxis] * hidden[:, np.newaxis])
    return np.einsum("nj,njd->nd", error, table[ids]), by_table


def sample(rng):
    return {
        "hidden": rng.normal(size=(3, 4)),
        "table": rng.normal(size=(6, 4)),
        "targets": np.array([1, 4, 1]),
        "negatives": np.array([[0, 3], [5, 5], [4, 2]]),
    }


def by_pmt(hidden, table, targets, negatives):
    return pmt_nn.negative_sampling_loss(hidden, table, targets, negatives, reduction="sum")


FORMS = [
    Form(
        "negative_sampling",
        negative_sampling,
        negative_sampling_gradients,
        sample=sample,
        differentiable=("hidden", "table"),
        pmt=by_pmt,
        primitives=("take_rows", "matmul", "logit_losses"),
    )
]
