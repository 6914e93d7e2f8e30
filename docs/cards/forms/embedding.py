"""Gradient of an embedding by its table."""

import numpy as np

import pmt_autograd as ag
from docs.cards.form import Form


def embedding(table, ids):
    return table[ids]


def embedding_gradients(grad, table, ids):
    by_table = np.zeros_like(table)
    np.add.at(by_table, ids, grad)  # an id that occurs twice receives both rows
    return (by_table,)


def sample(rng):
    return {"table": rng.normal(size=(6, 3)), "ids": np.array([2, 5, 2, 0])}


def by_pmt(table, ids):
    return ag.take_rows(table, ids, sparse=False)


FORMS = [
    Form(
        "embedding",
        embedding,
        embedding_gradients,
        sample=sample,
        differentiable=("table",),
        pmt=by_pmt,
        primitives=("take_rows",),
    )
]
