"""Gradient of attention by queries, keys and values: of one head, and of several."""

import numpy as np

import pmt_nn
from docs.cards.form import Form


def weights_of(q, k, mask):
    e = mask * np.exp(q @ k.T / np.sqrt(q.shape[1]))  # (t, s), 0 where not allowed
    return e / e.sum(axis=1, keepdims=True)


def attention(q, k, v, mask):
    return weights_of(q, k, mask) @ v


def attention_gradients(grad, q, k, v, mask):
    a = weights_of(q, k, mask)
    by_a = grad @ v.T
    by_s = a * (by_a - (by_a * a).sum(axis=1, keepdims=True)) / np.sqrt(q.shape[1])
    return by_s @ k, by_s.T @ q, a.T @ grad


def heads_of(x, heads):
    return np.split(x, heads, axis=1)  # h times (t, d / h)


def multi_head(q, k, v, mask, heads):
    parts = zip(*(heads_of(x, heads) for x in (q, k, v)), strict=True)
    return np.concatenate([attention(*part, mask) for part in parts], axis=1)


def multi_head_gradients(grad, q, k, v, mask, heads):
    parts = zip(*(heads_of(x, heads) for x in (grad, q, k, v)), strict=True)
    by_parts = [attention_gradients(*part, mask) for part in parts]
    return tuple(np.concatenate(by, axis=1) for by in zip(*by_parts, strict=True))


def sample(rng):
    mask = np.array([[1, 0, 0, 1], [1, 1, 0, 1], [1, 1, 1, 1]], np.bool_)
    shapes = {"q": (3, 2), "k": (4, 2), "v": (4, 2)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()} | {"mask": mask}


def multi_head_sample(rng):
    shapes = {"q": (3, 6), "k": (4, 6), "v": (4, 6)}
    arrays = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    return sample(rng) | arrays | {"heads": 2}


def by_pmt(q, k, v, mask, heads=1):
    q, k, v = (x.reshape(1, *x.shape) for x in (q, k, v))  # a batch of one
    return pmt_nn.attention(q, k, v, heads=heads, mask=mask[np.newaxis])[0]


FORMS = [
    Form(
        "attention",
        attention,
        attention_gradients,
        sample=sample,
        differentiable=("q", "k", "v"),
        pmt=by_pmt,
        primitives=("attention",),
    ),
    Form(
        "multi_head",
        multi_head,
        multi_head_gradients,
        sample=multi_head_sample,
        differentiable=("q", "k", "v"),
        pmt=by_pmt,
        primitives=("attention",),
    ),
]
