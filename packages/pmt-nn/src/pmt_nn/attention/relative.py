"""Attention that knows distance and direction: that of TENER (Yan et al. 2019, section 3.2).

Where sinusoids are added to the tokens, as Vaswani et al. have it, attention sees the distance of
two tokens at best, not which of them is first, and its projections blur even that. Here the score
has a part of its own for the offset of key and query: of cosines, which are even and tell the
distance, and of sines, which are odd and tell the side. And scores are not divided by sqrt(k),
which makes the weights sharper: a name hangs on few words.

Letters as in `attention`: d = h k.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import (
    Array,
    Gradients,
    Result,
    Sample,
    Tensor,
    composed_form,
    einsum,
    primitive,
    samples,
    softmax,
    where,
)
from pmt_core import SettingsError, ShapeError
from pmt_core import softmax as stable_softmax
from pmt_nn.attention.rotary import BASE, angles
from pmt_nn.attention.scaled_dot_product import softmax_of_written
from pmt_nn.layers.cache_blocks import cache_blocks
from pmt_nn.layers.dropout import Dropout, DropoutMask
from pmt_nn.layers.linear import Linear
from pmt_nn.masks import Mask, head_mask
from pmt_nn.module.initializers import normal
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


@primitive
def directional_attention(
    qkv: Array,
    by_content: Array,
    by_offset: Array,
    *,
    mask: Mask | None = None,
    dropout_mask: DropoutMask | None = None,
) -> Result:
    """Self-attention whose scores are (q_t + u) k_s + (q_t + w) r_(s-t) (Yan et al. 2019, eq. 16).

    qkv: (b, t, 3d), queries, keys and values beside each other -> (b, t, d). by_content: u, (h, k),
    and by_offset: w, (h, k), what a head asks of any key, whatever the query (Dai et al. 2019).
    r_n: sin(n c_i) in even places, cos(n c_i) in odd ones, c_i = 10000^(-2i/k); k is even.
    mask, dropout_mask: as for `attention`.

    No table of offsets is made: as sin and cos of a difference come apart into products,
    x r_(s-t) is x turned by the angles of t, times the sinusoids of s. That is one product of
    width k for all pairs, where a table takes one of twice the length, and a shift.
    """
    b, t, d = *qkv.shape[:2], qkv.shape[-1] // 3
    heads, width = by_content.shape
    if heads * width != d or width % 2 or qkv.shape[-1] % 3:
        raise ShapeError(
            f"qkv (b, t, 3d) with d = h k and k even wants vectors (h, k), got {qkv.shape} "
            f"and {by_content.shape}"
        )
    q, k, v = _heads(qkv, heads)
    cosine, sine, waves = _waves(t, width, qkv.dtype)
    asking = np.ascontiguousarray(q + by_content[:, np.newaxis])  # (b, h, t, k)
    turned = _turn_back(q + by_offset[:, np.newaxis], cosine, sine)
    closed = _closed(mask, b, t, qkv.dtype)
    weights = np.empty((b, heads, t, t), qkv.dtype)
    output = np.empty((b, t, d), qkv.dtype)
    output_h = output.reshape(b, t, heads, width).swapaxes(1, 2)

    def dropped(block: slice) -> Array:
        part: Array = weights[block]
        return part if dropout_mask is None else dropout_mask[block].apply(part)

    for block in _blocks(weights):
        scores = weights[block]

        def write(block: slice = block, scores: Array = scores) -> None:
            np.matmul(asking[block], k[block].swapaxes(-1, -2), out=scores)
            scores += (turned[block].reshape(-1, width) @ waves).reshape(scores.shape)
            if closed is not None:
                scores += closed[block] if len(closed) > 1 else closed

        softmax_of_written(write, scores)
        np.matmul(dropped(block), v[block], out=output_h[block])

    def backward(grad: Array) -> Gradients:
        by_qkv = np.empty(qkv.shape, qkv.dtype)
        by_q, by_k, by_v = _heads(by_qkv, heads)
        grad_h = grad.reshape(b, t, heads, width).swapaxes(1, 2)
        correction = np.einsum("bhtk,bhtk->bht", grad_h, output_h)
        by_u, by_w = np.zeros((heads, width), qkv.dtype), np.zeros((heads, width), qkv.dtype)
        for block in _blocks(weights):
            part = dropped(block)
            np.matmul(part.swapaxes(-1, -2), grad_h[block], out=by_v[block])
            by_scores = np.matmul(grad_h[block], v[block].swapaxes(-1, -2))
            by_scores *= part
            by_scores -= correction[block][..., np.newaxis] * weights[block]
            np.matmul(by_scores.swapaxes(-1, -2), asking[block], out=by_k[block])
            by_asking = np.matmul(by_scores, k[block])
            by_turned = by_scores.reshape(-1, t) @ waves.T
            by_place = _turn(by_turned.reshape(by_asking.shape), cosine, sine)
            by_u += by_asking.sum(axis=(0, 2))
            by_w += by_place.sum(axis=(0, 2))
            np.add(by_asking, by_place, out=by_q[block])
        return by_qkv, by_u, by_w

    return output, backward


@composed_form(directional_attention)
def directional_attention_composed(
    qkv: Tensor, by_content: Tensor, by_offset: Tensor, *, mask: Mask | None = None
) -> Tensor:
    """The same as `directional_attention`, with the table of all offsets, in plain operations."""
    b, t, _ = qkv.shape
    heads, width = by_content.shape
    d = heads * width
    q, k, v = (
        qkv[..., i * d : (i + 1) * d].reshape(b, t, heads, width).swapaxes(1, 2) for i in range(3)
    )  # (b, h, t, k)
    offsets = np.arange(t) - np.arange(t)[:, np.newaxis]  # key's place less the query's
    angle = offsets[..., np.newaxis] * BASE ** (-np.arange(0, width, 2) / width)
    table = np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(t, t, width)
    content = (q + by_content.reshape(1, heads, 1, width)) @ k.swapaxes(-1, -2)
    place = einsum(
        q + by_offset.reshape(1, heads, 1, width),
        table.astype(qkv.dtype),
        subscripts="bhtk,tsk->bhts",
    )
    scores = content + place
    if mask is None:
        return (softmax(scores, axis=-1) @ v).swapaxes(1, 2).reshape(b, t, d)
    allowed = np.broadcast_to(head_mask(mask, b, t, t), scores.shape)
    weights = softmax(where(allowed, scores, np.float32(-1e30)), axis=-1)
    weights = where(allowed, weights, np.float32(0))
    return (weights @ v).swapaxes(1, 2).reshape(b, t, d)


def directional_weights(
    qkv: Array, by_content: Array, by_offset: Array, *, mask: Mask | None = None
) -> Array:
    """The weights of `directional_attention` alone, to look at: (b, h, t, t)."""
    b, t, _ = qkv.shape
    heads, width = by_content.shape
    q, k, _ = _heads(qkv, heads)
    cosine, sine, waves = _waves(t, width, qkv.dtype)
    scores = (q + by_content[:, np.newaxis]) @ k.swapaxes(-1, -2)
    scores += _turn_back(q + by_offset[:, np.newaxis], cosine, sine) @ waves
    allowed = None if mask is None else head_mask(mask, b, t, t)
    return stable_softmax(scores, axis=-1, where=allowed)


class RelativeAttention(Module):
    """Multi-head self-attention with `directional_attention`, and its projections.

    Takes the place of `SelfAttention` and needs no other positions.

    d: model width; heads: divides d into parts of even width; dropout: on the attention weights.
    """

    def __init__(
        self,
        d: int,
        heads: int,
        rng: np.random.Generator,
        *,
        dropout: float = 0.0,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if d % (2 * heads):
            raise SettingsError(f"the width d = {d} must be an even multiple of heads = {heads}")
        self.heads = heads
        self.dropout = Dropout(dropout)
        self.qkv = Linear(d, 3 * d, rng, dtype=dtype)
        self.by_content = Parameter(normal(rng, (heads, d // heads), 0.02, dtype=dtype))
        self.by_offset = Parameter(normal(rng, (heads, d // heads), 0.02, dtype=dtype))
        self.project = Linear(d, d, rng, dtype=dtype)

    def forward(
        self, x: Tensor, mask: Mask | None = None, *, rng: np.random.Generator | None = None
    ) -> Tensor:
        """x: (b, t, d); mask: (b, t) keys or (b, t, t), True = attend -> (b, t, d).

        rng: stream of this pass, needed in training with dropout.
        """
        b, t, _ = x.shape
        dropout_mask = self.dropout.draw((b, self.heads, t, t), rng)
        qkv = self.qkv(x)
        mixed = directional_attention(
            qkv, self.by_content, self.by_offset, mask=mask, dropout_mask=dropout_mask
        )
        projected: Tensor = self.project(mixed)
        return projected


@lru_cache(maxsize=256)
def _waves(t: int, width: int, dtype: np.dtype[Any]) -> tuple[Array, Array, Array]:
    """Cosines and sines of the angles of t places, (t, k / 2), and the sinusoids (k, t)."""
    cosine, sine = (table[:, 0] for table in angles(t, width, 0, BASE, dtype))
    waves = np.stack([sine, cosine], axis=-1).reshape(t, width).T
    for table in (cosine, sine, waves):
        table.flags.writeable = False
    return cosine, sine, waves


def _heads(qkv: Array, heads: int) -> tuple[Array, Array, Array]:
    """(b, t, 3d) -> queries, keys and values (b, h, t, k), views."""
    b, t, n = qkv.shape
    parts = qkv.reshape(b, t, 3, heads, n // 3 // heads).transpose(2, 0, 3, 1, 4)
    return parts[0], parts[1], parts[2]


def _closed(mask: Mask | None, b: int, t: int, dtype: DTypeLike) -> Array | None:
    """-inf where a query may not attend, 0 elsewhere; None where every one may."""
    if mask is None or mask.all():
        return None
    return np.where(head_mask(mask, b, t, t), 0, -np.inf).astype(dtype)


def _turn_back(x: Array, cosine: Array, sine: Array) -> Array:
    """x (b, h, t, k) -> what, times the sinusoids of s, is x times those of s - t."""
    first, second = x[..., 0::2], x[..., 1::2]
    turned = np.empty(x.shape, x.dtype)
    np.add(first * cosine, second * sine, out=turned[..., 0::2])
    np.subtract(second * cosine, first * sine, out=turned[..., 1::2])
    return turned


def _turn(x: Array, cosine: Array, sine: Array) -> Array:
    """The inverse of `_turn_back`, which is its transpose."""
    return _turn_back(x, cosine, -sine)


def _blocks(weights: Array) -> Iterator[slice]:
    return cache_blocks(len(weights), weights[:1].size)


@samples(directional_attention)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    def arrays(b: int, t: int) -> tuple[Array, Array, Array]:
        return rng.normal(size=(b, t, 24)) / 2, *rng.normal(size=(2, 2, 4))

    keys = np.array([[True, True, False], [True, True, True]])
    nothing = np.array([[False, False, False], [True, False, True]])
    dropout_mask = DropoutMask(rng.random((2, 2, 3, 3)) < 0.7, 1.4)
    yield Sample(arrays(2, 3))
    yield Sample(arrays(2, 3), {"mask": keys}, "padded keys")
    yield Sample(arrays(2, 3), {"mask": nothing}, "a row with nothing to attend to")
    yield Sample(arrays(2, 3), {"mask": np.tril(np.ones((1, 3, 3), bool))}, "causal")
    yield Sample(arrays(2, 3), {"mask": keys, "dropout_mask": dropout_mask}, "dropout")
    yield Sample(arrays(0, 3), {}, "empty")
