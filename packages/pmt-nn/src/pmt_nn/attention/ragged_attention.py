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
from pmt_nn.attention.kernel import attend_into, split_packed
from pmt_nn.attention.scaled_dot_product import packed_attention
from pmt_nn.attention.unpadded import RaggedLayout, SequenceGroup
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
