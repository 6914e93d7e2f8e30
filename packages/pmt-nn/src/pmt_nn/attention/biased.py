"""Attention with a bias added to each score, for relative positions (Shaw et al. 2018; Raffel et
al. 2019; Press et al. 2021).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

import pmt_autograd as ag
from pmt_autograd import Array, Gradients, NeedsGrad, Result, Sample, Tensor
from pmt_core import as_floats
from pmt_nn.attention.kernel import attend_into, is_spoiled, without_unseen
from pmt_nn.attention.scaled_dot_product import heads_first, mix_composed, seen_composed
from pmt_nn.layers.dropout import DropoutMask
from pmt_nn.masks import Mask


@ag.primitive
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
    """Return softmax(Q K^T / sqrt(k) + bias) V per head, (b, t, d), fused.

    The bias broadcasts to (b, h, t, s), e.g. (h, t, s); other arguments as for `attention`. The
    gradient of the bias is that of the scores, summed to the shape of the bias.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import biased_attention
        >>> x = np.zeros((1, 3, 1))  # equal scores, to which the bias is added
        >>> values = np.array([[[0.0], [4.0], [8.0]]])
        >>> bias = np.array([[[0, 0, 9], [0, 0, 0], [9, 0, 0]]], np.float64)  # (h, t, s)
        >>> biased_attention(x, x, values, bias, heads=1).data[0, :, 0].round(2)
        array([8., 4., 0.])
    """
    q, k, v, bias = (as_floats(x) for x in (q, k, v, bias))
    output = np.empty(q.shape, q.dtype)
    attend = partial(attend_into, heads=heads, mask=mask, dropout_mask=dropout_mask, bias=bias)
    backward_into = attend(q, k, v, output)
    if mask is not None and is_spoiled(output, mask):
        q, k, v = without_unseen(q, k, v, mask)
        backward_into = attend(q, k, v, output)

    def backward(grad: Array) -> Gradients:
        by_q, by_k, by_v = (np.empty(x.shape, x.dtype) for x in (q, k, v))
        by_bias = np.zeros(bias.shape, bias.dtype) if needs_grad[3] else None
        backward_into(grad, by_q, by_k, by_v, by_bias)
        return by_q, by_k, by_v, by_bias

    return output, backward


@ag.counts_flops(biased_attention)
def _(value: Array, q: Array, k: Array, *arrays: Array, **settings: Any) -> int:
    return int(4 * q.size * k.shape[1])


@ag.composed_form(biased_attention)
def biased_attention_composed(
    q: Tensor, k: Tensor, v: Tensor, bias: Tensor, *, heads: int, **masks: Any
) -> Tensor:
    """Return softmax(Q K^T / sqrt(k) + bias) V per head, in plain operations."""
    width = q.shape[-1] // heads
    q, k, v = seen_composed(q, k, v, masks.get("mask"))
    qh, kh, vh = (heads_first(x, heads) for x in (q, k, v))
    return mix_composed((qh @ kh.swapaxes(-1, -2)) * width**-0.5 + bias, vh, **masks)


@ag.samples(biased_attention)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    q, k, v = rng.normal(size=(2, 3, 4)), *rng.normal(size=(2, 2, 5, 4))
    bias = rng.normal(size=(2, 3, 5))
    nothing = np.array([[False] * 5, [True, False, True, True, False]])
    yield Sample((q, k, v, bias), {"heads": 2})
    yield Sample((q, k, v, rng.normal(size=(3, 5))), {"heads": 2}, "one bias for all heads")
    yield Sample((q, k, v, rng.normal(size=(2, 1, 1, 5))), {"heads": 2}, "a bias per example")
    yield Sample((q, k, v, bias), {"heads": 2, "mask": nothing}, "nothing to attend to")
    dropout_mask = DropoutMask(rng.random((2, 2, 3, 5)) < 0.7, 1.4)
    yield Sample((q, k, v, bias), {"heads": 2, "dropout_mask": dropout_mask}, "dropout")
