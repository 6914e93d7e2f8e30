"""Scaled dot-product attention (Vaswani et al. 2017, eq. 1), several heads at once.

Letters: b batch, t query length, s key length, h heads, k head width, d = h k model width.
Masks are boolean, and True means "attend here". A query that may attend to nothing gets zeros
and zero gradients.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

import pmt_autograd as ag
from pmt_autograd import Array, Gradients, Result, Sample, Tensor, concat, masked, softmax, where
from pmt_core import as_floats
from pmt_nn.attention.kernel import (
    attend_into,
    is_spoiled,
    seen_tokens,
    split_packed,
    without_unseen,
)
from pmt_nn.attention.unpadded import RaggedLayout, SequenceGroup
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


@ag.primitive
def ragged_attention(
    qkv: Array, *, heads: int, layout: RaggedLayout, dropout_mask: DropoutMask | None = None
) -> Result:
    """Return self-attention (n, d) within each sequence of an unpadded batch qkv (n, 3d).

    Like `packed_attention` on the sequences of each length, which are views of the rows, so there
    is neither padding nor a mask. The dropout mask is flat: the weights (count, h, length, length)
    of each group after those of the group before; see `weights_of_groups`.
    """
    qkv = as_floats(qkv)
    output = np.empty((len(qkv), qkv.shape[1] // 3), qkv.dtype)
    masks = _masks_of_groups(dropout_mask, layout, heads)
    passes = [
        attend_into(
            *split_packed(_grouped(qkv, group)),
            _grouped(output, group),
            heads=heads,
            dropout_mask=group_mask,
        )
        for group, group_mask in zip(layout.groups, masks, strict=True)
    ]

    def backward(grad: Array) -> Array:
        by_qkv = np.empty(qkv.shape, qkv.dtype)
        for group, backward_into in zip(layout.groups, passes, strict=True):
            backward_into(_grouped(grad, group), *split_packed(_grouped(by_qkv, group)))
        return by_qkv

    return output, backward


@ag.counts_flops(ragged_attention)
def _(value: Array, qkv: Array, *, layout: RaggedLayout, **settings: Any) -> int:
    return int(4 * weights_of_groups(layout, heads=1) * value.shape[-1])


@ag.composed_form(ragged_attention)
def ragged_attention_composed(
    qkv: Tensor, *, heads: int, layout: RaggedLayout, dropout_mask: DropoutMask | None = None
) -> Tensor:
    """Return the attention of each group of sequences as a batch of its own, joined."""
    masks = _masks_of_groups(dropout_mask, layout, heads)
    parts = [
        packed_attention(
            qkv[group.rows].reshape(group.count, group.length, -1),
            heads=heads,
            dropout_mask=group_mask,
        ).reshape(group.count * group.length, -1)
        for group, group_mask in zip(layout.groups, masks, strict=True)
    ]
    return concat(*parts, axis=0) if parts else qkv[:, : qkv.shape[1] // 3]


def weights_of_groups(layout: RaggedLayout, heads: int) -> int:
    """Return the number of attention weights of an unpadded batch, of all heads."""
    return sum(heads * group.count * group.length**2 for group in layout.groups)


def _grouped(rows: Array, group: SequenceGroup) -> Array:
    """Return the rows of a group as a batch (count, length, d), a view."""
    batch: Array = rows[group.rows].reshape(group.count, group.length, rows.shape[1])
    return batch


def _masks_of_groups(
    dropout_mask: DropoutMask | None, layout: RaggedLayout, heads: int
) -> Iterator[DropoutMask | None]:
    """Yield the dropout mask of the weights of each group, (count, h, length, length)."""
    start = 0
    for group in layout.groups:
        shape = (group.count, heads, group.length, group.length)
        end = start + math.prod(shape)
        yield None if dropout_mask is None else dropout_mask[start:end].reshape(*shape)
        start = end


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


@ag.samples(ragged_attention)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    mask = np.arange(4) < np.array([[3], [1], [0], [4], [3]])
    layout = RaggedLayout.of(mask)
    n, settings = int(mask.sum()), {"heads": 2, "layout": layout}
    dropout_mask = DropoutMask(rng.random(weights_of_groups(layout, 2)) < 0.7, 1.4)
    yield Sample((rng.normal(size=(n, 12)),), settings)
    yield Sample((rng.normal(size=(n, 12)),), {**settings, "dropout_mask": dropout_mask}, "dropout")
    empty = RaggedLayout.of(mask[:0])
    yield Sample((rng.normal(size=(0, 12)),), {"heads": 2, "layout": empty}, "empty")
