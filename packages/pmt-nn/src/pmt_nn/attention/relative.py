"""Relative attention, which sees distance and direction: that of TENER (Yan et al. 2019, 3.2).

With sinusoids added to the tokens (Vaswani et al. 2017), attention sees the distance of two tokens
at best, not which of them is first, and its projections blur even that. In relative attention the
score has a term for the offset of key and query: cosines, which are even, encode the distance, and
sines, which are odd, the direction. Scores are not divided by sqrt(k), which makes the weights
sharper: a name depends on few words.

Letters as in `attention`: d = h k.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

import pmt_autograd as ag
from pmt_autograd import Array, Gradients, Result, Sample, Tensor, einsum
from pmt_core import SettingsError, ShapeError, as_floats, check_sizes
from pmt_nn.attention.kernel import (
    gradient_of_queries,
    is_spoiled,
    mask_adder,
    mix_into,
    score_gradients,
    split_heads,
    split_packed,
    without_unseen,
)
from pmt_nn.attention.multi_head import MultiHeadAttention, tokens_of
from pmt_nn.attention.rotary import BASE, angles
from pmt_nn.attention.scaled_dot_product import heads_first, mix_composed, seen_composed
from pmt_nn.attention.score_softmax import ScoreWriter, softmax_weights
from pmt_nn.layers.dropout import DropoutMask
from pmt_nn.layers.linear import Linear, sum_rows
from pmt_nn.masks import Mask, Rng, causal_mask, token_positions, without_padding
from pmt_nn.module.initializers import normal
from pmt_nn.module.parameter import Parameter


@ag.primitive
def relative_attention(
    qkv: Array,
    content_bias: Array,
    position_bias: Array,
    *,
    mask: Mask | None = None,
    dropout_mask: DropoutMask | None = None,
) -> Result:
    """Return self-attention with the scores (q_t + u) k_s + (q_t + v) r_(s-t), (b, t, d).

    Yan et al. 2019, eq. 16, with r_n = sin(n c_i) in even columns and cos(n c_i) in odd columns,
    c_i = 10000^(-2i/k), k even. No table of offsets is made: sin and cos of a difference are sums
    of products, so x r_(s-t) is x, rotated by the angles of t, times the sinusoids of s. That is
    one product of width k for all pairs; a table takes one of twice the length, and a shift.

    Args:
        qkv: queries, keys and values beside each other, (b, t, 3d).
        content_bias: u (h, k), what a head asks of a key's content, whatever the query (Dai et al.
            2019, Transformer-XL).
        position_bias: v (h, k), what a head asks of a key's offset, whatever the query.
        mask: see `head_mask`.
        dropout_mask: mask of the weights, (b, h, t, t).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import relative_attention
        >>> qkv = np.zeros((1, 4, 3 * 2))  # equal queries and keys: only offsets count
        >>> qkv[0, :, 4] = [0, 1, 2, 3]  # values: the positions
        >>> content, position = np.zeros((1, 2)), np.array([[20.0, 0.0]])  # asks for sin(offset)
        >>> relative_attention(qkv, content, position).data[0, :, 0].round(2)  # later positions
        array([1.8 , 2.8 , 3.  , 2.83])
    """
    qkv = as_floats(qkv)
    scores = _Scores.of(qkv, content_bias, position_bias)
    b, t, d = *qkv.shape[:2], qkv.shape[-1] // 3
    heads, width = content_bias.shape
    values = split_heads(split_packed(qkv)[2], heads)
    weights = np.empty((b, heads, t, t), qkv.dtype)
    output = np.empty((b, t, d), qkv.dtype)
    mix_into(scores.writer(mask), weights, values, output, dropout_mask)
    if mask is not None and is_spoiled(output, mask):
        seen = without_unseen(*split_packed(qkv), mask, same_tokens=True)
        scores = _Scores.of(np.concatenate(seen, axis=-1), content_bias, position_bias)
        values = split_heads(seen[2], heads)
        mix_into(scores.writer(mask), weights, values, output, dropout_mask)

    def backward(grad: Array) -> Gradients:
        by_qkv = np.empty(qkv.shape, qkv.dtype)
        by_q, by_k, by_v = (split_heads(x, heads) for x in split_packed(by_qkv))
        by_u, by_w = np.zeros((2, heads, width), qkv.dtype)
        if mask is not None:
            grad = gradient_of_queries(grad, weights)
        gradients = score_gradients(grad, output, weights, values, by_v, dropout_mask)
        for block, by_scores in gradients:
            np.matmul(by_scores.swapaxes(-1, -2), scores.content[block], out=by_k[block])
            by_asked = np.matmul(by_scores, scores.keys[block])
            by_relative = (by_scores.reshape(-1, t) @ scores.waves.T).reshape(by_asked.shape)
            _rotate(by_relative, scores.phases[:, : width // 2].conj())
            by_u += _sums_of_heads(by_asked)
            by_w += _sums_of_heads(by_relative)
            np.add(by_asked, by_relative, out=by_q[block])
        return by_qkv, by_u, by_w

    return output, backward


@ag.counts_flops(relative_attention)
def _(value: Array, *arrays: Array, **settings: Any) -> int:
    return int(6 * value.size * value.shape[1])  # the scores of contents and of offsets, the mixing


@ag.composed_form(relative_attention)
def relative_attention_composed(
    qkv: Tensor, content_bias: Tensor, position_bias: Tensor, **masks: Any
) -> Tensor:
    """Return relative attention by a table of all offsets, in plain operations."""
    t = qkv.shape[1]
    heads, width = content_bias.shape
    d = heads * width
    q, k, v = (qkv[..., i * d : (i + 1) * d] for i in range(3))
    q, k, v = seen_composed(q, k, v, masks.get("mask"), same_tokens=True)
    q, k, v = (heads_first(x, heads) for x in (q, k, v))  # (b, h, t, k)
    offsets = np.arange(t) - np.arange(t)[:, np.newaxis]  # key's position minus the query's
    angle = offsets[..., np.newaxis] * BASE ** (-np.arange(0, width, 2) / width)
    table = np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(t, t, width)
    content = (q + content_bias.reshape(1, heads, 1, width)) @ k.swapaxes(-1, -2)
    position = einsum(
        q + position_bias.reshape(1, heads, 1, width),
        table.astype(qkv.dtype),
        subscripts="bhtk,tsk->bhts",
    )
    return mix_composed(content + position, v, **masks)


def relative_weights(
    qkv: Array, content_bias: Array, position_bias: Array, *, mask: Mask | None = None
) -> Array:
    """Return the weights of `relative_attention`, (b, h, t, t)."""
    b, t, _ = qkv.shape
    scores = _Scores.of(qkv, content_bias, position_bias)
    return softmax_weights(scores.writer(mask), (b, len(content_bias), t, t), qkv.dtype)


def relative_scores(qkv: Array, content_bias: Array, position_bias: Array) -> ScoreWriter:
    """Return the writer of the scores of `relative_attention` without a mask."""
    return _Scores.of(qkv, content_bias, position_bias).writer(None)


class _Scores(NamedTuple):
    """Factors of the scores: content @ keys^T + rotated @ waves.

    content: q + u (b, h, t, k). rotated: q + v, rotated (b, t, d). keys: (b, h, t, k).
    phases, waves: see `_waves`.
    """

    content: Array
    rotated: Array
    keys: Array
    phases: Array
    waves: Array

    @classmethod
    def of(cls, qkv: Array, content_bias: Array, position_bias: Array) -> _Scores:
        """Compute the factors. Raises ShapeError for shapes that do not fit."""
        heads, width = content_bias.shape
        if qkv.shape[-1] != 3 * heads * width or width % 2:
            raise ShapeError(
                "expected qkv (b, t, 3d) and biases (h, k) with d = h k and k even, got "
                f"{qkv.shape} and {content_bias.shape}"
            )
        q, k, _ = split_packed(qkv)
        phases, waves = _waves(qkv.shape[1], heads, width, qkv.dtype)
        content = split_heads(np.add(q, content_bias.reshape(-1), order="C"), heads)
        rotated = np.add(q, position_bias.reshape(-1), order="C")
        _rotate(rotated, phases)
        return cls(content, rotated, split_heads(k, heads), phases, waves)

    def writer(self, mask: Mask | None) -> ScoreWriter:
        """Return the writer of the scores, -inf where a query may not attend."""
        b, heads, t, width = self.content.shape
        add_mask = mask_adder(mask, b, t, t)

        def write(block: slice, scores: Array) -> None:
            np.matmul(self.content[block], self.keys[block].swapaxes(-1, -2), out=scores)
            of_offsets = self.rotated[block].reshape(-1, width) @ self.waves
            scores += of_offsets.reshape(-1, t, heads, t).swapaxes(1, 2)
            add_mask(block, scores)

        return write


@lru_cache(maxsize=256)
def _waves(t: int, heads: int, width: int, dtype: np.dtype[Any]) -> tuple[Array, Array]:
    """Return e^(-i angle) of t positions for each head (t, h k / 2), and sinusoids (k, t)."""
    cosine, sine = (table[:, 0] for table in angles(t, width, 0, BASE, dtype))
    complex_dtype = np.dtype(f"c{2 * dtype.itemsize}")
    phases = np.tile((cosine - 1j * sine).astype(complex_dtype), (1, heads))
    waves = np.stack([sine, cosine], axis=-1).reshape(t, width).T
    for table in (phases, waves):
        table.flags.writeable = False
    return phases, waves


def _rotate(x: Array, phases: Array) -> None:
    """Rotate x (..., t, n) in place, so that its product with sinusoids of s is x r_(s-t).

    Two columns are a complex number, which is multiplied by a phase (t, n / 2). The conjugate
    phases are the inverse, which is the transpose as well.
    """
    numbers = x.view(phases.dtype)
    np.multiply(numbers, phases, out=numbers)


def _sums_of_heads(x: Array) -> Array:
    """Return the sum of x (b, h, t, k) over sequences and positions, (h, k)."""
    sums: Array = sum_rows(x.reshape(len(x), -1)).reshape(x.shape[1:]).sum(axis=1)
    return sums


class RelativeAttention(MultiHeadAttention):
    """Multi-head self-attention with `relative_attention` and its projections.

    It replaces `SelfAttention` in an encoder; no other positions are needed. Heads have even width.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import RelativeAttention, SelfAttention
        >>> rng = np.random.default_rng(0)
        >>> x, order = rng.normal(size=(1, 4, 8)).astype(np.float32), [1, 0, 3, 2]
        >>> for attend in (SelfAttention(8, 2, rng), RelativeAttention(8, 2, rng)):
        ...     y, permuted = attend(x).data, attend(x[:, order]).data
        ...     print(np.allclose(permuted, y[:, order], atol=1e-5))  # True: order has no influence
        True
        False
    """

    def __init__(
        self,
        d: int,
        heads: int,
        rng: np.random.Generator,
        *,
        dropout: float = 0.0,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_sizes("RelativeAttention", d=d, heads=heads)
        if d % (2 * heads):
            raise SettingsError(f"the width d = {d} must be an even multiple of heads = {heads}")
        super().__init__(d, heads, dropout)
        self.qkv = Linear(d, 3 * d, rng, bias=bias, dtype=dtype)
        self.content_bias = Parameter(normal(rng, (heads, d // heads), 0.02, dtype=dtype))
        self.position_bias = Parameter(normal(rng, (heads, d // heads), 0.02, dtype=dtype))
        self.project = Linear(d, d, rng, bias=bias, dtype=dtype)

    def forward(self, x: Tensor, mask: Mask | None = None, *, rng: Rng = None) -> Tensor:
        """Return the attended tokens (b, t, d) of x (b, t, d); mask: (b, t) or (b, t, t)."""
        x = tokens_of(x, self.qkv)
        b, t, _ = x.shape
        if mask is not None:
            x = without_padding(x, token_positions(mask, b, t, t))
        dropout_mask = self.dropout.draw((b, self.heads, t, t), rng)
        mixed = relative_attention(
            self.qkv(x), self.content_bias, self.position_bias, mask=mask, dropout_mask=dropout_mask
        )
        projected: Tensor = self.project(mixed)
        return projected


@ag.samples(relative_attention)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    def arrays(b: int, t: int) -> tuple[Array, Array, Array]:
        return rng.normal(size=(b, t, 24)) / 2, *rng.normal(size=(2, 2, 4))

    keys = np.array([[True, True, False], [True, True, True]])
    nothing = np.array([[False, False, False], [True, False, True]])
    dropout_mask = DropoutMask(rng.random((2, 2, 3, 3)) < 0.7, 1.4)
    yield Sample(arrays(2, 3))
    yield Sample(arrays(2, 3), {"mask": keys}, "padded keys")
    yield Sample(arrays(2, 3), {"mask": nothing}, "a row with nothing to attend to")
    yield Sample(arrays(2, 3), {"mask": causal_mask(3)}, "causal")
    yield Sample(arrays(2, 3), {"mask": keys, "dropout_mask": dropout_mask}, "dropout")
    yield Sample(arrays(0, 3), {}, "empty")
