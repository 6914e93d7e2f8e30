"""The kernel of every attention primitive: scores, mixing, and their gradients.

Letters: b batch, t query length, s key length, h heads, k head width, d = h k model width. All
passes take a few sequences at a time, so that their (h, t, s) arrays stay in the level-2 cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Array
from pmt_core import ShapeError, cut, unbroadcast
from pmt_nn.attention.score_softmax import (
    ScoreWriter,
    rows_of_block,
    sequence_blocks,
    softmax_blocks,
    softmax_weights,
)
from pmt_nn.layers.dropout import DropoutMask
from pmt_nn.masks import Mask, head_mask

_NARROW = 32
"""Head width up to which, and number of rows from which, a product with a transposed matrix is
faster by a copy: measured for 16 to 256 rows of heads of width 16, 32 and 64."""

BackwardInto = Callable[..., None]
"""(grad, by_q, by_k, by_v, by_bias=None): writes the gradients to the last arrays."""


def split_heads(x: Array, heads: int) -> Array:
    """Return x (b, n, d) as (b, h, n, k), a view. Raises ShapeError if d is not h k."""
    b, n, d = x.shape
    if d % heads:
        raise ShapeError(f"the width {d} is not a multiple of the {heads} heads")
    return x.reshape(b, n, heads, d // heads).swapaxes(1, 2)


def split_packed(qkv: Array) -> tuple[Array, Array, Array]:
    """Return queries, keys and values (..., d) of an array (..., 3d), as views."""
    d = qkv.shape[-1] // 3
    return qkv[..., :d], qkv[..., d : 2 * d], qkv[..., 2 * d :]


def attend_into(
    q: Array,
    k: Array,
    v: Array,
    output: Array,
    *,
    heads: int,
    mask: Mask | None = None,
    dropout_mask: DropoutMask | None = None,
    bias: Array | None = None,
) -> BackwardInto:
    """Write attention to `output` (b, t, d) and return a backward that writes gradients.

    All arrays may be views. With P = softmax(S), A = dropped P, O = A V: dV = A^T dO, dA = dO V^T,
    and dS = P (dP - sum_s dP P). The gradient of the bias is dS summed to the shape of the bias.
    """
    qh, kh, vh = (split_heads(x, heads) for x in (q, k, v))
    weights = np.empty((*qh.shape[:3], kh.shape[2]), q.dtype)
    mix_into(scaled_scores(qh, kh, mask, bias), weights, vh, output, dropout_mask)

    def backward_into(
        grad: Array, by_q: Array, by_k: Array, by_v: Array, by_bias: Array | None = None
    ) -> None:
        by_q, by_k, by_v = (split_heads(x, heads) for x in (by_q, by_k, by_v))
        scale = q.dtype.type(qh.shape[-1] ** -0.5)
        if mask is not None:
            grad = gradient_of_queries(grad, weights)
        gradients = score_gradients(grad, output, weights, vh, by_v, dropout_mask)
        for block, by_scores in gradients:
            if by_bias is not None:
                part = rows_of_block(_four_axes(by_bias), block)
                part += unbroadcast(by_scores, part.shape)
            by_scores *= scale
            np.matmul(by_scores, kh[block], out=by_q[block])
            np.matmul(by_scores.swapaxes(-1, -2), qh[block], out=by_k[block])

    return backward_into


def without_unseen(
    q: Array, k: Array, v: Array, mask: Mask, *, same_tokens: bool = False
) -> tuple[Array, Array, Array]:
    """Return q with zeros for a query without keys, k and v with zeros for a key without queries.

    The weights of both are 0, so they have no influence if they are finite; a product of 0 with
    infinity or nan has. same_tokens: self-attention, where a mask (b, s) excludes queries as well.
    """
    queries, keys = seen_tokens(q, k, mask, same_tokens=same_tokens)
    return cut(q, queries), cut(k, keys), cut(v, keys)


def seen_tokens(
    q: Array, k: Array, mask: Mask, *, same_tokens: bool = False
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which queries have a key, (b, t, 1), and which keys have a query, (b, s, 1).

    same_tokens: queries are padding where the keys are. Their output is of no use, but it is that
    of the other queries if it is finite.
    """
    allowed = head_mask(mask, len(q), q.shape[1], k.shape[1])
    queries = np.asarray(allowed.any(axis=(1, 3)))[..., np.newaxis]
    keys = np.asarray(allowed.any(axis=(1, 2)))[..., np.newaxis]
    if same_tokens and np.ndim(mask) == 2:
        queries = queries & (keys | np.isfinite(q).all(axis=-1, keepdims=True))
    return queries, keys


def is_spoiled(output: Array, mask: Mask | None) -> bool:
    """Return whether a masked result is not finite, so that `without_unseen` may mend it."""
    return mask is not None and not np.isfinite(output).all()


def attention_weights(
    q: Array, k: Array, *, heads: int, mask: Mask | None = None, bias: Array | None = None
) -> Array:
    """Return softmax(Q K^T / sqrt(k) + bias) of q (b, t, d) and k (b, s, d): (b, h, t, s).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import attention_weights, causal_mask
        >>> x = np.zeros((1, 3, 4), np.float32)
        >>> weights = attention_weights(x, x, heads=2, mask=causal_mask(3))
        >>> weights.shape
        (1, 2, 3, 3)
        >>> weights[0, 0].round(3)  # a row is a distribution over the keys that are not masked
        array([[1.   , 0.   , 0.   ],
               [0.5  , 0.5  , 0.   ],
               [0.333, 0.333, 0.333]], dtype=float32)
    """
    qh, kh = split_heads(q, heads), split_heads(k, heads)
    return softmax_weights(scaled_scores(qh, kh, mask, bias), (*qh.shape[:3], kh.shape[2]), q.dtype)


def scaled_scores(q: Array, k: Array, mask: Mask | None, bias: Array | None = None) -> ScoreWriter:
    """Return the writer of Q K^T / sqrt(k) + bias for q (b, h, t, k), k (b, h, s, k).

    bias: broadcasts to (b, h, t, s).
    """
    add_mask = mask_adder(mask, len(q), q.shape[2], k.shape[2])
    scale = q.dtype.type(q.shape[-1] ** -0.5)

    def write(block: slice, scores: Array) -> None:
        times_transposed(q[block], k[block], scores, scale)
        if bias is not None:
            scores += rows_of_block(_four_axes(bias), block)
        add_mask(block, scores)

    return write


def times_transposed(a: Array, b: Array, out: Array, scale: Array | None = None) -> None:
    """Write scale a b^T to `out` (b, h, t, s), for a (b, h, t, k) and b (b, h, s, k).

    OpenBLAS multiplies small matrices by a transposed one at half its speed. For narrow heads and
    some rows it pays to copy b^T first; the copy takes the scale along.
    """
    transposed = b.swapaxes(-1, -2)
    if b.shape[-1] <= _NARROW and a.shape[-2] >= _NARROW:
        transposed = np.multiply(transposed, b.dtype.type(1) if scale is None else scale, order="C")
    elif scale is not None:
        a = a * scale
    np.matmul(a, transposed, out=out)


def _four_axes(bias: Array) -> Array:
    """Return a view of a bias with axes of length 1 added in front."""
    return bias.reshape((1,) * (4 - bias.ndim) + bias.shape)


def mask_adder(mask: Mask | None, b: int, t: int, s: int) -> ScoreWriter:
    """Return what adds -inf to the scores of a block at which a query may not attend."""
    allowed = None if mask is None else head_mask(mask, b, t, s)

    def add_mask(block: slice, scores: Array) -> None:
        if allowed is None:
            return
        rows = rows_of_block(allowed, block)
        if not rows.all():
            scores += np.where(rows, 0, -np.inf).astype(scores.dtype)

    return add_mask


# --- mixing ---------------------------------------------------------------------------------------


def mix_into(
    write: ScoreWriter, weights: Array, v: Array, output: Array, dropout_mask: DropoutMask | None
) -> None:
    """Fill the weights, and write their products with v (b, h, s, k) to output (b, t, d)."""
    output_h = split_heads(output, weights.shape[1])
    with np.errstate(invalid="ignore"):  # of padding that is not finite, see `without_unseen`
        for block in softmax_blocks(write, weights):
            np.matmul(_dropped(weights, dropout_mask, block), v[block], out=output_h[block])


# --- gradients ------------------------------------------------------------------------------------


def gradient_of_queries(grad: Array, weights: Array) -> Array:
    """Return the gradient (b, t, d), cut where a query has no keys: its output is constant."""
    if np.isfinite(grad).all():
        return grad
    by_head = grad.reshape(*grad.shape[:2], weights.shape[1], -1)
    has_keys = np.asarray(weights.any(axis=-1)).swapaxes(1, 2)[..., np.newaxis]
    return cut(by_head, has_keys).reshape(grad.shape)


def score_gradients(
    grad: Array,
    output: Array,
    weights: Array,
    v: Array,
    by_v: Array,
    dropout_mask: DropoutMask | None,
) -> Iterator[tuple[slice, Array]]:
    """Yield each block with the gradient of its scores, and write the gradient of v to `by_v`.

    The sum in dS = P (dP - sum_s dP P) equals sum_k dO O (Dao et al. 2022, eq. 4), which is
    smaller to compute; this holds with dropout too, as O is made of the dropped weights.

    Args:
        grad: gradient of the output, (b, t, d).
        output: (b, t, d).
        weights: softmax of the scores, (b, h, t, s).
        v: values (b, h, s, k).
        by_v: receives the gradient of v, (b, h, s, k).
        dropout_mask: mask of the weights.
    """
    heads = weights.shape[1]
    grad_h = split_heads(grad, heads)
    correction = _row_dot(grad, output, heads)
    for block in sequence_blocks(weights):
        dropped = _dropped(weights, dropout_mask, block)
        np.matmul(dropped.swapaxes(-1, -2), grad_h[block], out=by_v[block])
        by_scores = np.empty_like(weights[block])
        times_transposed(grad_h[block], v[block], by_scores)
        if dropout_mask is None:
            by_scores -= correction[block]
            by_scores *= dropped
        else:  # P (factor dA - c) = A dA - c P: neither a division nor the factor once more
            by_scores *= dropped
            by_scores -= correction[block] * weights[block]
        yield block, by_scores


def _dropped(weights: Array, dropout_mask: DropoutMask | None, block: slice) -> Array:
    """Return the weights of a block after dropout."""
    part: Array = weights[block]
    return part if dropout_mask is None else dropout_mask[block].apply(part)


def _row_dot(a: Array, b: Array, heads: int) -> Array:
    """Return sum_k a b per head, of arrays (b, t, d): (b, h, t, 1)."""
    n, t, d = a.shape
    shape = (n, t, heads, d // heads)
    sums: Array = np.einsum("bthk,bthk->bht", a.reshape(shape), b.reshape(shape))
    return sums[..., np.newaxis]
