"""Attention within the sequences of an unpadded batch.

Letters: b batch, h heads, d model width, n tokens of the batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

import pmt_autograd as ag
from pmt_autograd import Array, Result, Sample, Tensor, concat
from pmt_core import as_floats
from pmt_nn.attention.ragged_kernel import attend_ragged
from pmt_nn.attention.scaled_dot_product import packed_attention
from pmt_nn.attention.unpadded import RaggedLayout
from pmt_nn.layers.dropout import DropoutMask


@ag.primitive
def ragged_attention(
    qkv: Array, *, heads: int, layout: RaggedLayout, dropout_mask: DropoutMask | None = None
) -> Result:
    """Return self-attention (n, d) within each sequence of an unpadded batch qkv (n, 3d).

    Like `packed_attention` on the sequences of each length, which are views of the rows, so there
    is neither padding nor a mask. The dropout mask is flat: the weights (count, h, length, length)
    of each group after those of the group before; see `weights_of_groups`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import RaggedLayout, packed_attention, ragged_attention, to_ragged
        >>> mask = np.array([[True, True, False], [True, True, True]])  # 2 and 3 tokens
        >>> layout = RaggedLayout.of(mask)
        >>> qkv = np.random.default_rng(0).normal(size=(2, 3, 3 * 4))
        >>> y = ragged_attention(to_ragged(qkv, layout=layout), heads=2, layout=layout)
        >>> y.shape  # a row for each of the 5 tokens
        (5, 4)
        >>> padded = packed_attention(qkv, heads=2, mask=mask)
        >>> np.allclose(y.data, to_ragged(padded, layout=layout).data)
        True
    """
    return attend_ragged(as_floats(qkv), layout.groups, heads, dropout_mask)


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


@ag.samples(ragged_attention)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    mask = np.arange(4) < np.array([[3], [1], [0], [4], [3]])
    layout = RaggedLayout.of(mask)
    n, settings = int(mask.sum()), {"heads": 2, "layout": layout}
    dropout_mask = DropoutMask(rng.random(weights_of_groups(layout, 2)) < 0.7, 1.4)
    yield Sample((rng.normal(size=(n, 12)),), settings)
    yield Sample((rng.normal(size=(n, 12)),), {**settings, "dropout_mask": dropout_mask}, "dropout")
    yield Sample((rng.normal(size=(n, 12)) * 6,), settings, "scores above 40")
    empty = RaggedLayout.of(mask[:0])
    yield Sample((rng.normal(size=(0, 12)),), {"heads": 2, "layout": empty}, "empty")
