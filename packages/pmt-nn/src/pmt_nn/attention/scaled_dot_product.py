"""Scaled dot-product attention (Vaswani et al. 2017, eq. 1), several heads at once.

Letters: b batch, t query length, s key length, h heads, k head width, d = h k model width.
Masks are boolean and True means "attend here". A query that may attend to nothing gives zeros
and zero gradients.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from pmt_autograd import (
    Array,
    Gradients,
    Result,
    Sample,
    Tensor,
    composed_form,
    concat,
    primitive,
    samples,
    softmax,
    where,
)
from pmt_core import ShapeError
from pmt_nn.attention.unpadded import RaggedLayout, SequenceGroup
from pmt_nn.layers.cache_blocks import cache_blocks
from pmt_nn.layers.dropout import DropoutMask
from pmt_nn.masks import Mask, causal_mask, head_mask

# Where no score is above 40 the exponentials are summed as they are: e^40 = 2e17 is far from
# float32's limits, and a sum above e^-40 has lost nothing. Finding the largest score of each row
# first is the slowest step of the softmax, and trained models rarely come near such scores.
_SMALL = 40.0
_LARGE = math.exp(_SMALL)


@primitive
def attention(
    q: Array,
    k: Array,
    v: Array,
    *,
    heads: int,
    mask: Mask | None = None,
    dropout_mask: DropoutMask | None = None,
) -> Result:
    """softmax(Q K^T / sqrt(k)) V per head, fused. q: (b, t, d), k and v: (b, s, d) -> (b, t, d).

    mask: True where a query may attend, see `head_mask`. dropout_mask: of the attention
    weights, (b, h, t, s).
    """
    return _attend(q, k, v, heads, mask, dropout_mask)


@composed_form(attention)
def attention_composed(
    q: Tensor, k: Tensor, v: Tensor, *, heads: int, mask: Mask | None = None
) -> Tensor:
    """softmax(Q K^T / sqrt(k)) V per head, in plain operations.

    q: (b, t, d), k and v: (b, s, d), mask: see `head_mask`; returns (b, t, d).
    """
    b, t, d = q.shape
    width = d // heads
    q, k, v = (
        x.reshape(b, x.shape[1], heads, width).swapaxes(1, 2) for x in (q, k, v)
    )  # (b, h, t or s, k)
    scores = (q @ k.swapaxes(-1, -2)) * width**-0.5  # (b, h, t, s)
    if mask is None:
        weights = softmax(scores, axis=-1)
    else:
        allowed = np.broadcast_to(head_mask(mask, b, t, k.shape[2]), scores.shape)
        weights = softmax(where(allowed, scores, np.float32(-1e30)), axis=-1)
        weights = where(allowed, weights, np.float32(0))
    return (weights @ v).swapaxes(1, 2).reshape(b, t, d)


@primitive
def packed_attention(
    qkv: Array,
    *,
    heads: int,
    mask: Mask | None = None,
    dropout_mask: DropoutMask | None = None,
) -> Result:
    """Self-attention on queries, keys and values that lie beside each other: (b, t, 3d).

    As `attention` on the three parts, but nothing is copied: the parts are views, and the
    backward pass writes the three gradients into one array.
    """
    output = np.empty((*qkv.shape[:-1], qkv.shape[-1] // 3), qkv.dtype)
    backward_into = _attend_packed(qkv, output, heads, mask, dropout_mask)

    def backward(grad: Array) -> Array:
        by_qkv = np.empty(qkv.shape, qkv.dtype)
        backward_into(grad, by_qkv)
        return by_qkv

    return output, backward


@primitive
def ragged_attention(
    qkv: Array,
    *,
    heads: int,
    layout: RaggedLayout,
    dropout_mask: DropoutMask | None = None,
) -> Result:
    """Self-attention within each sequence of a ragged batch: qkv (n, 3d) -> (n, d).

    As `packed_attention` on the sequences of each length, which are views of the rows; so there is
    neither padding nor a mask. dropout_mask: for all the weights in a line, those of a group
    (count, h, length, length) after those of the group before; see `weights_of_groups`.
    """
    output = np.empty((len(qkv), qkv.shape[1] // 3), qkv.dtype)
    passes = [
        _attend_packed(_grouped(qkv, g), _grouped(output, g), heads, None, of_group)
        for g, of_group in zip(
            layout.groups, _masks_of_groups(dropout_mask, layout, heads), strict=True
        )
    ]

    def backward(grad: Array) -> Array:
        by_qkv = np.empty(qkv.shape, qkv.dtype)
        for group, backward_into in zip(layout.groups, passes, strict=True):
            backward_into(_grouped(grad, group), _grouped(by_qkv, group))
        return by_qkv

    return output, backward


@composed_form(ragged_attention)
def ragged_attention_composed(
    qkv: Tensor,
    *,
    heads: int,
    layout: RaggedLayout,
    dropout_mask: DropoutMask | None = None,
) -> Tensor:
    """The same by sequence groups, each attending as a batch of its own."""
    masks = _masks_of_groups(dropout_mask, layout, heads)
    parts = [
        packed_attention(
            qkv[group.rows].reshape(group.count, group.length, -1),
            heads=heads,
            dropout_mask=of_group,
        ).reshape(group.count * group.length, -1)
        for group, of_group in zip(layout.groups, masks, strict=True)
    ]
    return concat(*parts, axis=0) if parts else qkv[:, : qkv.shape[1] // 3]


def weights_of_groups(layout: RaggedLayout, heads: int) -> int:
    """How many attention weights a ragged batch has, of all heads."""
    return sum(heads * group.count * group.length**2 for group in layout.groups)


def _grouped(rows: Array, group: SequenceGroup) -> Array:
    """The rows of a group as a batch (count, length, d), a view."""
    batch: Array = rows[group.rows].reshape(group.count, group.length, rows.shape[1])
    return batch


def _masks_of_groups(
    dropout_mask: DropoutMask | None, layout: RaggedLayout, heads: int
) -> Iterator[DropoutMask | None]:
    """The dropout mask of the weights of each group: (count, h, length, length)."""
    start = 0
    for group in layout.groups:
        shape = (group.count, heads, group.length, group.length)
        end = start + math.prod(shape)
        yield None if dropout_mask is None else dropout_mask[start:end].reshape(*shape)
        start = end


def attention_weights(q: Array, k: Array, *, heads: int, mask: Mask | None = None) -> Array:
    """The weights alone, to look at: q (b, t, d), k (b, s, d) -> (b, h, t, s)."""
    return _weights(_split_heads(q, heads), _split_heads(k, heads), mask)


def _parts(qkv: Array, d: int) -> tuple[Array, Array, Array]:
    return qkv[..., :d], qkv[..., d : 2 * d], qkv[..., 2 * d :]


def _split_heads(x: Array, heads: int) -> Array:
    """(b, n, d) -> (b, h, n, k), a view."""
    b, n, d = x.shape
    if d % heads:
        raise ShapeError(f"the width {d} is not a multiple of the {heads} heads")
    return x.reshape(b, n, heads, d // heads).swapaxes(1, 2)


def _weights(q: Array, k: Array, mask: Mask | None) -> Array:
    """Softmax of the scaled scores over the keys. q: (b, h, t, k), k: (b, h, s, k)."""
    allowed = None if mask is None else head_mask(mask, len(q), q.shape[2], k.shape[2])
    weights = np.empty((*q.shape[:3], k.shape[2]), q.dtype)
    for block in _blocks(weights):
        _softmax_scores(q[block], k[block], _of_block(allowed, block), weights[block])
    return weights


def _softmax_scores(q: Array, k: Array, allowed: Mask | None, scores: Array) -> None:
    """Write the softmax of q k^T / sqrt(k), over the allowed keys, to `scores` (b, h, t, s)."""

    def write() -> None:
        _write_scores(q, k, allowed, scores)

    softmax_of_written(write, scores)


def softmax_of_written(write: Callable[[], None], scores: Array) -> None:
    """Replace what `write` writes to `scores` (..., s) by its softmax over the last axis.

    write: called once, and once more where the first attempt was not exact; -inf = not allowed.
    """
    rows = scores.reshape(math.prod(scores.shape[:-1]), scores.shape[-1])
    write()
    if scores.max(initial=0) < _SMALL:
        total = _exponentials(rows)
        if total.min(initial=1) > 1 / _LARGE:
            rows *= (1 / total)[:, np.newaxis]
            return
        write()  # a row without keys, or with tiny scores alone
    top = rows.max(axis=-1, keepdims=True, initial=np.finfo(rows.dtype).min)
    rows -= top  # the smallest float for a row of -inf, which stays -inf, not nan
    total = _exponentials(rows)
    total[total == 0] = 1  # nothing to attend to: zeros
    rows *= (1 / total)[:, np.newaxis]


def _write_scores(q: Array, k: Array, allowed: Mask | None, scores: Array) -> None:
    """q k^T / sqrt(k), -inf where a query may not attend."""
    np.matmul(q * q.dtype.type(q.shape[-1] ** -0.5), k.swapaxes(-1, -2), out=scores)
    if allowed is not None and not allowed.all():
        scores += np.where(allowed, 0, -np.inf).astype(scores.dtype)


def _exponentials(rows: Array) -> Array:
    """Replace rows (n, s) by e^rows; their sums (n,), as a product, which is faster."""
    np.exp(rows, out=rows)
    total: Array = rows @ np.ones(rows.shape[1], rows.dtype)
    return total


def _blocks(weights: Array) -> Iterator[slice]:
    """Parts of the batch whose weights fit in the level-2 cache."""
    return cache_blocks(len(weights), weights[:1].size)


def _of_block(full: Mask | None, block: slice) -> Mask | None:
    """The rows of a mask with four axes that belong to a part of the batch."""
    return full if full is None or len(full) == 1 else full[block]


def _attend(
    q: Array,
    k: Array,
    v: Array,
    heads: int,
    mask: Mask | None,
    dropout_mask: DropoutMask | None,
) -> Result:
    output = np.empty(q.shape, q.dtype)
    backward_into = _attend_views(q, k, v, output, heads, mask, dropout_mask)

    def backward(grad: Array) -> Gradients:
        by_q, by_k, by_v = (np.empty(x.shape, x.dtype) for x in (q, k, v))
        backward_into(grad, by_q, by_k, by_v)
        return by_q, by_k, by_v

    return output, backward


def _attend_packed(
    qkv: Array,
    output: Array,
    heads: int,
    mask: Mask | None,
    dropout_mask: DropoutMask | None,
) -> Callable[[Array, Array], None]:
    """Write attention on qkv (b, t, 3d) to `output` (b, t, d).

    Returns what writes the gradient by qkv, given that by the output, to an array.
    """
    d = output.shape[-1]
    backward_into = _attend_views(*_parts(qkv, d), output, heads, mask, dropout_mask)

    def backward_packed(grad: Array, by_qkv: Array) -> None:
        backward_into(grad, *_parts(by_qkv, d))

    return backward_packed


def _attend_views(
    q: Array,
    k: Array,
    v: Array,
    output: Array,
    heads: int,
    mask: Mask | None,
    dropout_mask: DropoutMask | None,
) -> Callable[[Array, Array, Array, Array], None]:
    """Write attention to `output`; returns a backward that writes as well. All may be views.

    With P = softmax(S), A = dropped P, O = A V: dV = A^T dO, dA = dO V^T, and
    dS = P (dP - sum_s dP P). The sum equals sum_k dO O (Dao et al. 2022, eq. 4), which is
    smaller to compute; it holds with dropout too, as O is made of the dropped weights.

    Both passes take a few sequences at a time, so that their (h, t, s) arrays stay in the cache.
    """
    qh, kh, vh = (_split_heads(x, heads) for x in (q, k, v))
    allowed = None if mask is None else head_mask(mask, len(q), q.shape[1], k.shape[1])
    weights = np.empty((*qh.shape[:3], kh.shape[2]), q.dtype)  # (b, h, t, s)
    output_h = _split_heads(output, heads)
    for block in _blocks(weights):
        _softmax_scores(qh[block], kh[block], _of_block(allowed, block), weights[block])
        np.matmul(_dropped(weights, dropout_mask, block), vh[block], out=output_h[block])

    def backward_into(grad: Array, by_q: Array, by_k: Array, by_v: Array) -> None:
        grad_h, by_q, by_k, by_v = (_split_heads(x, heads) for x in (grad, by_q, by_k, by_v))
        correction = _row_dot(grad, output, heads)
        scale = q.dtype.type(qh.shape[-1] ** -0.5)
        for block in _blocks(weights):
            dropped = _dropped(weights, dropout_mask, block)
            np.matmul(dropped.swapaxes(-1, -2), grad_h[block], out=by_v[block])
            by_scores = np.matmul(grad_h[block], vh[block].swapaxes(-1, -2))
            if (
                dropout_mask is not None
            ):  # P (factor dA - c) = A dA - c P: no division, no factor again
                by_scores *= dropped
                by_scores -= correction[block] * weights[block]
            else:
                by_scores -= correction[block]
                by_scores *= dropped
            by_scores *= scale
            np.matmul(by_scores, kh[block], out=by_q[block])
            np.matmul(by_scores.swapaxes(-1, -2), qh[block], out=by_k[block])

    return backward_into


def _dropped(weights: Array, dropout_mask: DropoutMask | None, block: slice) -> Array:
    """The weights of a part of the batch after dropout."""
    part: Array = weights[block]
    return part if dropout_mask is None else dropout_mask[block].apply(part)


def _row_dot(a: Array, b: Array, heads: int) -> Array:
    """sum_k a b per head: (b, t, d) twice -> (b, h, t, 1)."""
    n, t, d = a.shape
    shape = (n, t, heads, d // heads)
    sums: Array = np.einsum("bthk,bthk->bht", a.reshape(shape), b.reshape(shape))
    return sums[..., np.newaxis]


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


@samples(attention)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for settings, note in _sample_settings(rng):
        q, k, v = rng.normal(size=(3, 2, 3, 4))
        yield Sample((q, k, v), dict(settings), note)
    q, k, v = rng.normal(size=(2, 2, 4)), *rng.normal(size=(2, 2, 5, 4))
    yield Sample((q, k, v), {"heads": 2}, "other length of keys")
    yield Sample((5 * q, 5 * k, v), {"heads": 2}, "scores of tens")


@samples(packed_attention)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for settings, note in _sample_settings(rng):
        yield Sample((rng.normal(size=(2, 3, 12)),), dict(settings), note)


@samples(ragged_attention)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    mask = np.arange(4) < np.array([[3], [1], [0], [4], [3]])
    layout = RaggedLayout.of(mask)
    n, settings = int(mask.sum()), {"heads": 2, "layout": layout}
    dropout_mask = DropoutMask(rng.random(weights_of_groups(layout, 2)) < 0.7, 1.4)
    yield Sample((rng.normal(size=(n, 12)),), settings)
    yield Sample((rng.normal(size=(n, 12)),), {**settings, "dropout_mask": dropout_mask}, "dropout")
    empty = RaggedLayout.of(mask[:0])
    yield Sample((rng.normal(size=(0, 12)),), {"heads": 2, "layout": empty}, "empty")
