"""Gradient of dropout."""

import numpy as np

from docs.cards.form import Form
from pmt_autograd import REGISTRY
from pmt_nn import DropoutMask


def dropout(x, keep, rate):
    return np.where(keep, x / (1 - rate), 0)


def dropout_gradients(grad, x, keep, rate):
    return np.where(keep, grad / (1 - rate), 0)


def by_pmt(x, keep, rate):
    apply_mask = REGISTRY["apply_mask"].operation  # what `pmt_nn.Dropout` draws a mask for
    return apply_mask(x, dropout_mask=DropoutMask(keep, 1 / (1 - rate)))


FORMS = [
    Form(
        "dropout",
        dropout,
        dropout_gradients,
        sample=lambda rng: {
            "x": rng.normal(size=(4, 6)),
            "keep": rng.permutation(24).reshape(4, 6) >= 6,
            "rate": 0.25,
        },
        differentiable=("x",),
        pmt=by_pmt,
        primitives=("apply_mask",),
    )
]
