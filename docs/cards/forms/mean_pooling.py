"""Gradients of mean pooling of images, and of the mean over the words of a text."""

import numpy as np

import pmt_nn
from docs.cards.form import Form


def mean_pooling(x, size):
    h, w = x.shape
    return x.reshape(h // size, size, w // size, size).mean(axis=(1, 3))


def mean_pooling_gradients(grad, x, size):
    return np.kron(grad, np.ones((size, size))) / size**2


def masked_mean(x, mask):
    return (x * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)


def masked_mean_gradients(grad, x, mask):
    share = mask / mask.sum(axis=1, keepdims=True)
    return share[:, :, None] * grad[:, None, :]


FORMS = [
    Form(
        "mean_pooling",
        mean_pooling,
        mean_pooling_gradients,
        sample=lambda rng: {"x": rng.normal(size=(4, 6)), "size": 2},
        differentiable=("x",),
        pmt=lambda x, size: pmt_nn.avg_pool2d(x[None, None], kernel=size)[0, 0],
        primitives=("avg_pool2d",),
    ),
    Form(
        "masked_mean",
        masked_mean,
        masked_mean_gradients,
        sample=lambda rng: {
            "x": rng.normal(size=(2, 4, 3)),
            "mask": np.array([[True, True, True, False], [True, True, False, False]]),
        },
        differentiable=("x",),
        pmt=lambda x, mask: pmt_nn.masked_mean(x, mask),
        primitives=("mean_of_tokens",),
    ),
]
