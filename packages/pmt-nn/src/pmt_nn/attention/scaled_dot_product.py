"""Scaled dot-product attention (Vaswani et al. 2017, eq. 1), several heads at once.

Letters: b batch, t query length, s key length, h heads, k head width, d = h k model width.
Masks are boolean, and True means "attend here". A query that may attend to nothing gets zeros
and zero gradients.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

import pmt_autograd as ag
from pmt_autograd import Array, Gradients, Result, Sample, Tensor, masked, softmax, where
from pmt_core import as_floats
from pmt_nn.attention.kernel import (
    attend_into,
    is_spoiled,
    seen_tokens,
    split_packed,
    without_unseen,
)
from pmt_nn.layers.dropout import DropoutMask, apply_mask
from pmt_nn.masks import Mask, causal_mask, head_mask


@ag.primitive
def attention(
    q: Array,
    k: Array,
    v: Array,
    *,
    heads: int,
    mask: Mask | None = None,
    dropout_mask: DropoutMask | None = None,
) -> Result:
    """Return softmax(Q K^T / sqrt(k)) V per head, (b, t, d), fused.

    Queries q (b, t, d), keys k and values v (b, s, d), dropout_mask of the weights (b, h, t, s);
    mask: see `head_mask`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import attention
        >>> q = np.array([[[8.0, 0.0]]], np.float32)  # one query, two keys
        >>> k = np.array([[[8.0, 0.0], [0.0, 8.0]]], np.float32)
        >>> v = np.array([[[1.0, 2.0], [3.0, 4.0]]], np.float32)
        >>> attention(q, k, v, heads=1).data  # the value of the key that resembles the query
        array([[[1., 2.]]], dtype=float32)
        >>> attention(q, k, v, heads=1, mask=np.array([[False, True]])).data
        array([[[3., 4.]]], dtype=float32)
        >>> attention(q, k, v, heads=1, mask=np.array([[False, False]])).data  # no key: zeros
        array([[[0., 0.]]], dtype=float32)
    """
    q, k, v = as_floats(q), as_floats(k), as_floats(v)
    output = np.empty(q.shape, q.dtype)
    attend = partial(attend_into, heads=heads, mask=mask, dropout_mask=dropout_mask)
    backward_into = attend(q, k, v, output)
    if mask is not None and is_spoiled(output, mask):
        q, k, v = without_unseen(q, k, v, mask)
        backward_into = attend(q, k, v, output)

    def backward(grad: Array) -> Gradients:
        by_q, by_k, by_v = (np.empty(x.shape, x.dtype) for x in (q, k, v))
        backward_into(grad, by_q, by_k, by_v)
        return by_q, by_k, by_v

    return output, backward


@ag.counts_flops(attention)
def _(value: Array, q: Array, k: Array, *arrays: Array, **settings: Any) -> int:
    return int(4 * q.size * k.shape[1])  # the scores and the mixing


@ag.composed_form(attention)
def attention_composed(q: Tensor, k: Tensor, v: Tensor, *, heads: int, **masks: Any) -> Tensor:
    """Return softmax(Q K^T / sqrt(k)) V per head, in plain operations."""
    width = q.shape[-1] // heads
    q, k, v = seen_composed(q, k, v, masks.get("mask"))
    qh, kh, vh = (heads_first(x, heads) for x in (q, k, v))
    scores = (qh @ kh.swapaxes(-1, -2)) * width**-0.5  # (b, h, t, s)
    return mix_composed(scores, vh, **masks)


def heads_first(x: Tensor, heads: int) -> Tensor:
    """Return x (b, n, d) as (b, h, n, k)."""
    b, n, d = x.shape
    return x.reshape(b, n, heads, d // heads).swapaxes(1, 2)


def seen_composed(
    q: Tensor, k: Tensor, v: Tensor, mask: Mask | None, *, same_tokens: bool = False
) -> tuple[Tensor, Tensor, Tensor]:
    """Return queries, keys and values with zeros where the mask excludes all; `without_unseen`."""
    if mask is None:
        return q, k, v
    queries, keys = seen_tokens(q.data, k.data, mask, same_tokens=same_tokens)
    return masked(q, mask=queries), masked(k, mask=keys), masked(v, mask=keys)


def mix_composed(
    scores: Tensor, v: Tensor, mask: Mask | None = None, dropout_mask: DropoutMask | None = None
) -> Tensor:
    """Return the softmax of scores (b, h, t, s) over the allowed keys, times v: (b, t, d)."""
    b, h, t, s = scores.shape
    if mask is None:
        weights = softmax(scores, axis=-1)
    else:
        allowed = np.broadcast_to(head_mask(mask, b, t, s), scores.shape)
        weights = softmax(where(allowed, scores, np.float32(-np.inf)), axis=-1)
    if dropout_mask is not None:
        weights = apply_mask(weights, dropout_mask=dropout_mask)
    mixed = weights @ v
    if mask is not None:  # a query without keys: its output is constant
        mixed = masked(mixed, mask=allowed.any(axis=-1, keepdims=True))
    return mixed.swapaxes(1, 2).reshape(b, t, h * v.shape[-1])


@ag.primitive
def packed_attention(
    qkv: Array, *, heads: int, mask: Mask | None = None, dropout_mask: DropoutMask | None = None
) -> Result:
    """Return self-attention (b, t, d) of queries, keys and values in one array (b, t, 3d).

    Like `attention` on the three parts, but nothing is copied: the parts are views, and the
    backward pass writes the three gradients into one array.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import attention, packed_attention
        >>> qkv = np.random.default_rng(0).normal(size=(2, 5, 3 * 8))
        >>> y = packed_attention(qkv, heads=2)
        >>> y.shape
        (2, 5, 8)
        >>> q, k, v = np.split(qkv, 3, axis=-1)
        >>> np.allclose(y.data, attention(q, k, v, heads=2).data)
        True
    """
    qkv = as_floats(qkv)
    output = np.empty((*qkv.shape[:-1], qkv.shape[-1] // 3), qkv.dtype)
    attend = partial(attend_into, heads=heads, mask=mask, dropout_mask=dropout_mask)
    backward_into = attend(*split_packed(qkv), output)
    if mask is not None and is_spoiled(output, mask):
        seen = without_unseen(*split_packed(qkv), mask, same_tokens=True)
        backward_into = attend(*seen, output)

    def backward(grad: Array) -> Array:
        by_qkv = np.empty(qkv.shape, qkv.dtype)
        backward_into(grad, *split_packed(by_qkv))
        return by_qkv

    return output, backward


@ag.counts_flops(packed_attention)
def _(value: Array, qkv: Array, **settings: Any) -> int:
    return int(4 * value.size * qkv.shape[1])


@ag.composed_form(packed_attention)
def packed_attention_composed(qkv: Tensor, *, heads: int, **masks: Any) -> Tensor:
    """Return the attention of the three parts of qkv, in plain operations."""
    d = qkv.shape[-1] // 3
    q, k, v = qkv[..., :d], qkv[..., d : 2 * d], qkv[..., 2 * d :]
    q, k, v = seen_composed(q, k, v, masks.get("mask"), same_tokens=True)
    return attention_composed(q, k, v, heads=heads, **masks)


def _sample_settings(rng: np.random.Generator) -> Iterator[tuple[dict[str, object], str]]:
    """Settings for 2 sequences of 3 queries and 3 keys, 2 heads."""
    yield {"heads": 2}, "no mask"
    yield {"heads": 1}, "one head"
    keys = np.array([[True, True, False], [True, True, True]])
    yield {"heads": 2, "mask": keys}, "padded keys"
    yield {"heads": 2, "mask": causal_mask(3)}, "causal"
    nothing = np.array([[False, False, False], [True, False, True]])
    yield {"heads": 2, "mask": nothing}, "a row with nothing to attend to"
    dropout_mask = DropoutMask(rng.random((2, 2, 3, 3)) < 0.7, 1.4)
    yield {"heads": 2, "mask": keys, "dropout_mask": dropout_mask}, "dropout"


@ag.samples(attention)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for settings, note in _sample_settings(rng):
        q, k, v = rng.normal(size=(3, 2, 3, 4))
        yield Sample((q, k, v), dict(settings), note)
    q, k, v = rng.normal(size=(2, 2, 4)), *rng.normal(size=(2, 2, 5, 4))
    yield Sample((q, k, v), {"heads": 2}, "other length of keys")
    yield Sample((5 * q, 5 * k, v), {"heads": 2}, "scores of tens")


@ag.samples(packed_attention)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for settings, note in _sample_settings(rng):
        yield Sample((rng.normal(size=(2, 3, 12)),), dict(settings), note)
