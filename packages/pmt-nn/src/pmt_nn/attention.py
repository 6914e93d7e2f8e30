"""Scaled dot-product attention (Vaswani et al. 2017, eq. 1), several heads at once.

Letters: b batch, t query length, s key length, h heads, k head width, d = h k model width.
Masks are boolean and True means "attend here". A query that may attend to nothing gives zeros
and zero gradients.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import (
    Array,
    Gradients,
    Result,
    Sample,
    Tensor,
    primitive,
    samples,
    softmax,
    where,
)
from pmt_core import DtypeError, ShapeError

Mask = NDArray[np.bool_]


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
def attention(
    q: Array,
    k: Array,
    v: Array,
    *,
    heads: int,
    mask: Mask | None = None,
    kept: Mask | None = None,
    keep_scale: float = 1.0,
) -> Result:
    """softmax(Q K^T / sqrt(k)) V per head, fused. q: (b, t, d), k and v: (b, s, d) -> (b, t, d).

    mask: True where a query may attend, see `head_mask`. kept, keep_scale: dropout on the
    attention weights: booleans (b, h, t, s), and the factor of the kept ones.
    """
    return _attend(q, k, v, heads, mask, kept, keep_scale)


@primitive
def packed_attention(
    qkv: Array,
    *,
    heads: int,
    mask: Mask | None = None,
    kept: Mask | None = None,
    keep_scale: float = 1.0,
) -> Result:
    """Self-attention on queries, keys and values that lie beside each other: (b, t, 3d).

    As `attention` on the three parts, but nothing is copied: the parts are views, and the
    backward pass writes the three gradients into one array.
    """
    d = qkv.shape[-1] // 3
    output, backward_into = _attend_views(*_parts(qkv, d), heads, mask, kept, keep_scale)

    def backward(grad: Array) -> Array:
        by_qkv = np.empty(qkv.shape, qkv.dtype)
        backward_into(grad, *_parts(by_qkv, d))
        return by_qkv

    return output, backward


def attention_weights(q: Array, k: Array, *, heads: int, mask: Mask | None = None) -> Array:
    """The weights alone, to look at: q (b, t, d), k (b, s, d) -> (b, h, t, s)."""
    return _weights(_split_heads(q, heads), _split_heads(k, heads), mask)


def head_mask(mask: Mask, b: int, t: int, s: int) -> Mask:
    """A mask with all its axes: (b, s) keys, (b, t, s), or (b, h, t, s) -> (b, 1 or h, t or 1, s).

    Axes of length 1 broadcast. Raises DtypeError for a mask that is not boolean, ShapeError for
    one that fits in no such way.
    """
    if mask.dtype != np.bool_:
        raise DtypeError(
            f"an attention mask is boolean, True = attend here, got dtype {mask.dtype}; "
            "compare first, e.g. ids != pad"
        )
    full = mask
    if mask.ndim == 2:
        full = mask[:, np.newaxis, np.newaxis, :]
    elif mask.ndim == 3:
        full = mask[:, np.newaxis]
    fits = full.ndim == 4 and all(
        have in (1, want)
        for have, want in zip((full.shape[0], *full.shape[2:]), (b, t, s), strict=True)
    )
    if not fits:
        raise ShapeError(
            f"a mask for {b} sequences, {t} queries and {s} keys has shape (b, s) = {(b, s)}, "
            f"(b, t, s) = {(b, t, s)} or (b, h, t, s), got {mask.shape}"
        )
    return full


def causal_mask(t: int) -> Mask:
    """(1, t, t): each position attends to itself and those before it."""
    return np.tril(np.ones((1, t, t), np.bool_))


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
    scores: Array = np.matmul(q * q.dtype.type(q.shape[-1] ** -0.5), k.swapaxes(-1, -2))
    if mask is not None:
        allowed = head_mask(mask, len(q), q.shape[2], k.shape[2])
        if not allowed.all():
            scores += np.where(allowed, 0, -np.inf).astype(scores.dtype)
    top = scores.max(axis=-1, keepdims=True, initial=np.finfo(scores.dtype).min)
    scores -= top  # the smallest float for a row of -inf, which stays -inf, not nan
    np.exp(scores, out=scores)
    total = scores.sum(axis=-1, keepdims=True)
    total[total == 0] = 1  # nothing to attend to: zeros
    scores /= total
    return scores


def _attend(
    q: Array,
    k: Array,
    v: Array,
    heads: int,
    mask: Mask | None,
    kept: Mask | None,
    keep_scale: float,
) -> Result:
    output, backward_into = _attend_views(q, k, v, heads, mask, kept, keep_scale)

    def backward(grad: Array) -> Gradients:
        by_q, by_k, by_v = (np.empty(x.shape, x.dtype) for x in (q, k, v))
        backward_into(grad, by_q, by_k, by_v)
        return by_q, by_k, by_v

    return output, backward


def _attend_views(  # type: ignore[no-untyped-def]
    q: Array,
    k: Array,
    v: Array,
    heads: int,
    mask: Mask | None,
    kept: Mask | None,
    keep_scale: float,
):
    """Attention and a backward that writes into given arrays, which may be views.

    With P = softmax(S), A = dropped P, O = A V: dV = A^T dO, dA = dO V^T, and
    dS = P (dP - sum_s dP P). The sum equals sum_k dO O (Dao et al. 2022, eq. 4), which is
    smaller to compute; it holds with dropout too, as O is made of the dropped weights.
    """
    qh, kh, vh = (_split_heads(x, heads) for x in (q, k, v))
    weights = _weights(qh, kh, mask)  # (b, h, t, s)
    factor = None if kept is None else kept * weights.dtype.type(keep_scale)
    dropped = weights if factor is None else weights * factor
    output = np.empty(q.shape, q.dtype)
    np.matmul(dropped, vh, out=_split_heads(output, heads))

    def backward_into(grad: Array, by_q: Array, by_k: Array, by_v: Array) -> None:
        grad_h = _split_heads(grad, heads)
        np.matmul(dropped.swapaxes(-1, -2), grad_h, out=_split_heads(by_v, heads))
        by_scores = np.matmul(grad_h, vh.swapaxes(-1, -2))
        if factor is not None:
            by_scores *= factor
        by_scores -= _row_dot(grad, output, heads)
        by_scores *= weights
        by_scores *= weights.dtype.type(qh.shape[-1] ** -0.5)
        np.matmul(by_scores, kh, out=_split_heads(by_q, heads))
        np.matmul(by_scores.swapaxes(-1, -2), qh, out=_split_heads(by_k, heads))

    return output, backward_into


def _row_dot(a: Array, b: Array, heads: int) -> Array:
    """sum_k a b per head: (b, t, d) twice -> (b, h, t, 1)."""
    n, t, d = a.shape
    products = (a * b).reshape(n, t, heads, d // heads)
    sums: Array = products.sum(axis=-1)  # (b, t, h)
    return sums.swapaxes(1, 2)[..., np.newaxis]


def _sample_settings(rng: np.random.Generator) -> Iterator[tuple[dict[str, object], str]]:
    """Settings for 2 sequences of 3 queries and 3 keys, 2 heads."""
    yield {"heads": 2}, "no mask"
    yield {"heads": 1}, "one head"
    keys = np.array([[True, True, False], [True, True, True]])
    yield {"heads": 2, "mask": keys}, "padded keys"
    yield {"heads": 2, "mask": causal_mask(3)}, "causal"
    nothing = np.array([[False, False, False], [True, False, True]])
    yield {"heads": 2, "mask": nothing}, "a row with nothing to attend to"
    kept = rng.random((2, 2, 3, 3)) < 0.7
    yield {"heads": 2, "mask": keys, "kept": kept, "keep_scale": 1.4}, "dropout"


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
