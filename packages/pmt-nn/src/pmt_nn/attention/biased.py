"""Attention with a number added to each score: relative positions (Shaw et al. 2018; Raffel et al.
2019; Press et al. 2021).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pmt_autograd import (
    Array,
    Gradients,
    NeedsGrad,
    Result,
    Sample,
    Tensor,
    composed_form,
    primitive,
    samples,
    softmax,
    where,
)
from pmt_core import ShapeError, unbroadcast
from pmt_core import softmax as stable_softmax
from pmt_nn.layers.dropout import DropoutMask
from pmt_nn.masks import Mask, head_mask


@primitive
def biased_attention(
    q: Array,
    k: Array,
    v: Array,
    bias: Array,
    *,
    heads: int,
    mask: Mask | None = None,
    dropout_mask: DropoutMask | None = None,
    needs_grad: NeedsGrad = (True, True, True, True),
) -> Result:
    """softmax(Q K^T / sqrt(k) + bias) V per head. q: (b, t, d), k and v: (b, s, d) -> (b, t, d).

    bias: broadcasts to (b, h, t, s), e.g. (h, t, s). mask, dropout_mask: as for `attention`.
    With P the weights and dP their gradient, the gradient of the scores, and so of the bias before
    it is summed back to its shape, is P (dP - sum_s dP P).
    """
    b, t, d = q.shape
    if d % heads:
        raise ShapeError(f"the width {d} is not a multiple of the {heads} heads")
    qh, kh, vh = (_split_heads(x, heads) for x in (q, k, v))
    scale = q.dtype.type((d // heads) ** -0.5)
    weights = biased_weights(q, k, bias, heads=heads, mask=mask)
    dropped = weights if dropout_mask is None else dropout_mask.apply(weights)
    output = np.matmul(dropped, vh).swapaxes(1, 2).reshape(b, t, d)

    def backward(grad: Array) -> Gradients:
        grad_h = grad.reshape(b, t, heads, d // heads).swapaxes(1, 2)
        by_v = np.matmul(dropped.swapaxes(-1, -2), grad_h)
        by_scores = np.matmul(grad_h, vh.swapaxes(-1, -2))
        if dropout_mask is not None:
            by_scores = dropout_mask.apply(by_scores)
        by_scores -= (by_scores * weights).sum(axis=-1, keepdims=True)
        by_scores *= weights
        by_bias = unbroadcast(by_scores, np.shape(bias)) if needs_grad[3] else None
        by_scores = by_scores * scale
        by_q = np.matmul(by_scores, kh)
        by_k = np.matmul(by_scores.swapaxes(-1, -2), qh)
        merged = (x.swapaxes(1, 2).reshape(b, -1, d) for x in (by_q, by_k, by_v))
        return (*merged, by_bias)

    return output, backward


@composed_form(biased_attention)
def biased_attention_composed(
    q: Tensor, k: Tensor, v: Tensor, bias: Tensor, *, heads: int, mask: Mask | None = None
) -> Tensor:
    """softmax(Q K^T / sqrt(k) + bias) V per head, in plain operations."""
    b, t, d = q.shape
    width = d // heads
    q, k, v = (x.reshape(b, x.shape[1], heads, width).swapaxes(1, 2) for x in (q, k, v))
    scores = (q @ k.swapaxes(-1, -2)) * width**-0.5 + bias  # (b, h, t, s)
    if mask is None:
        return (softmax(scores, axis=-1) @ v).swapaxes(1, 2).reshape(b, t, d)
    allowed = np.broadcast_to(head_mask(mask, b, t, k.shape[2]), scores.shape)
    weights = softmax(where(allowed, scores, np.float32(-1e30)), axis=-1)
    weights = where(allowed, weights, np.float32(0))
    return (weights @ v).swapaxes(1, 2).reshape(b, t, d)


def biased_weights(
    q: Array, k: Array, bias: Array, *, heads: int, mask: Mask | None = None
) -> Array:
    """softmax(Q K^T / sqrt(k) + bias), zeros where not allowed: (b, h, t, s)."""
    b, t, d = q.shape
    scores = np.matmul(_split_heads(q, heads), _split_heads(k, heads).swapaxes(-1, -2))
    scores *= q.dtype.type((d // heads) ** -0.5)
    scores += bias
    allowed = None if mask is None else head_mask(mask, b, t, k.shape[1])
    return stable_softmax(scores, axis=-1, where=allowed)


def _split_heads(x: Array, heads: int) -> Array:
    """(b, n, d) -> (b, h, n, k), a view."""
    b, n, d = x.shape
    return x.reshape(b, n, heads, d // heads).swapaxes(1, 2)


@samples(biased_attention)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    q, k, v = rng.normal(size=(2, 3, 4)), *rng.normal(size=(2, 2, 5, 4))
    bias = rng.normal(size=(2, 3, 5))
    nothing = np.array([[False] * 5, [True, False, True, True, False]])
    yield Sample((q, k, v, bias), {"heads": 2})
    yield Sample((q, k, v, rng.normal(size=(3, 5))), {"heads": 2}, "a bias of all heads")
    yield Sample((q, k, v, rng.normal(size=(2, 1, 1, 5))), {"heads": 2}, "a bias by example")
    yield Sample((q, k, v, bias), {"heads": 2, "mask": nothing}, "nothing to attend to")
    dropout_mask = DropoutMask(rng.random((2, 2, 3, 5)) < 0.7, 1.4)
    yield Sample((q, k, v, bias), {"heads": 2, "dropout_mask": dropout_mask}, "dropout")
