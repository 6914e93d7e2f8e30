"""Gradient of CBOW's mean of context vectors by the table of vectors."""

import numpy as np

import pmt_autograd as ag
import pmt_nn
from docs.cards.form import Form


def cbow_mean(table, neighbors, mask):
    share = mask / mask.sum(axis=1, keepdims=True)  # 1 / c for each of c neighbors
    return np.einsum("nc,ncd->nd", share, table[neighbors])


def cbow_mean_gradients(grad, table, neighbors, mask):
    share = mask / mask.sum(axis=1, keepdims=True)
    by_table = np.zeros_like(table)
    np.add.at(by_table, neighbors, share[:, :, np.newaxis] * grad[:, np.newaxis])
    return (by_table,)


def sample(rng):
    neighbors = np.array([[0, 2, 3, 2], [4, 1, 0, 0], [5, 2, 1, 0]])
    mask = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 0]], np.bool_)
    return {"table": rng.normal(size=(6, 3)), "neighbors": neighbors, "mask": mask}


def by_pmt(table, neighbors, mask):
    return pmt_nn.masked_mean(ag.take_rows(table, neighbors, sparse=False), mask)


FORMS = [
    Form(
        "cbow_mean",
        cbow_mean,
        cbow_mean_gradients,
        sample=sample,
        differentiable=("table",),
        pmt=by_pmt,
        primitives=("take_rows", "mean_of_tokens"),
    )
]
