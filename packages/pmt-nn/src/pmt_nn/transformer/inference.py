"""Encoder layers on arrays, for inference: no tape, results in place, few calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pmt_autograd import Array, only_values
from pmt_nn.attention.kernel import attend_into, split_packed
from pmt_nn.attention.multi_head import SelfAttention
from pmt_nn.attention.relative import RelativeAttention, relative_attention_into
from pmt_nn.attention.unpadded import SequenceGroup
from pmt_nn.layers.few_rows import few_rows_product
from pmt_nn.layers.linear import Linear
from pmt_nn.layers.memory_layout import cache_blocks
from pmt_nn.layers.normalization import LayerNorm, mean_weights
from pmt_nn.module.hooks import module_hooks
from pmt_nn.transformer.feed_forward import ACTIVATION_BLOCKS, FeedForward
from pmt_nn.transformer.layer import TransformerLayer


def can_infer(layers: Sequence[TransformerLayer], dtype: np.dtype[Any]) -> bool:
    """Return whether `infer_layers` computes what the layers compute.

    Nothing is recorded, no hook looks at the pass, nothing is dropped, and the layers are of the
    dtype, with self-attention without positions inside, or with relative attention.
    """
    return is_unobserved() and all(_is_plain(layer, dtype) for layer in layers)


def is_unobserved() -> bool:
    """Return whether nothing is recorded, and no hook looks at operations or modules."""
    return only_values() and not module_hooks.active


def _is_plain(layer: TransformerLayer, dtype: np.dtype[Any]) -> bool:
    attention = layer.attention
    drops = (layer.training and layer.dropout.rate > 0) or (
        attention.training and attention.dropout.rate > 0
    )
    if drops or layer.cross is not None:
        return False
    has_positions = isinstance(attention, SelfAttention) and attention.positions is not None
    if has_positions or getattr(attention, "causal", False):
        return False
    norm = layer.attention_norm
    return (
        norm.weight is not None
        and norm.weight.dtype == dtype
        and attention.qkv.weight.dtype == dtype
    )


def infer_layers(
    layers: Sequence[TransformerLayer],
    norm: LayerNorm | None,
    rows: Array,
    groups: Sequence[SequenceGroup],
) -> Array:
    """Return the tokens (n, d) after the layers and the norm; `rows` (n, d) does not change.

    groups: the sequences of each length, as of a `RaggedLayout`.
    """
    for layer in layers:
        rows = _infer_layer(layer, rows, groups)
    if norm is not None:
        rows = rows if layers else rows.copy()
        _finish(rows, None, None, norm)
    return rows


def infer_linear(rows: Array, linear: Linear) -> Array:
    """Return x W + b of rows (n, n_in), in the dtype of the weight, without a tape."""
    y = _product(rows, linear)
    _add_bias(y, linear)
    return y


def _infer_layer(layer: TransformerLayer, rows: Array, groups: Sequence[SequenceGroup]) -> Array:
    attention = layer.attention
    inputs = rows
    if layer.norm_first:
        inputs = rows.copy()
        _finish(inputs, None, None, layer.attention_norm)
    qkv = infer_linear(inputs, attention.qkv)
    mixed = np.empty((len(rows), rows.shape[1]), rows.dtype)
    for group in groups:
        shape = (group.count, group.length)
        _attend(
            attention,
            qkv[group.rows].reshape(*shape, qkv.shape[1]),
            mixed[group.rows].reshape(*shape, mixed.shape[1]),
        )
    y = _product(mixed, attention.project)
    norm = None if layer.norm_first else layer.attention_norm
    _finish(y, attention.project, rows, norm)
    inputs = y
    if layer.norm_first:
        inputs = y.copy()
        _finish(inputs, None, None, layer.feed_forward_norm)
    z = _feed_forward(layer.feed_forward, inputs)
    norm = None if layer.norm_first else layer.feed_forward_norm
    _finish(z, layer.feed_forward.down, y, norm)
    return z


def _attend(attention: SelfAttention | RelativeAttention, qkv: Array, output: Array) -> None:
    """Write the attention of sequences qkv (b, t, 3d) of one length to output (b, t, d)."""
    if isinstance(attention, RelativeAttention):
        biases = attention.content_bias.data, attention.position_bias.data
        relative_attention_into(qkv, *biases, output)
    else:
        attend_into(*split_packed(qkv), output, heads=attention.heads)


def _feed_forward(network: FeedForward, rows: Array) -> Array:
    """Return act(x W1 + b1) W2, without the second bias."""
    hidden = _product(rows, network.up)
    activate = ACTIVATION_BLOCKS[network.activation]
    for block in cache_blocks(*hidden.shape):
        part = hidden[block]
        _add_bias(part, network.up)
        activate(part, None)
    return _product(hidden, network.down)


def _product(rows: Array, linear: Linear) -> Array:
    """Return x W of a layer."""
    return few_rows_product(rows, linear.weight)


def _add_bias(rows: Array, linear: Linear) -> None:
    if linear.bias is not None:
        rows += linear.bias.data


def _finish(
    rows: Array, linear: Linear | None, residual: Array | None, norm: LayerNorm | None
) -> None:
    """Add the bias of the product and the residual, then normalize, block by block in place."""
    d = rows.shape[1]
    averaging = mean_weights(d, rows.dtype)
    for block in cache_blocks(len(rows), d):
        part = rows[block]
        if linear is not None:
            _add_bias(part, linear)
        if residual is not None:
            part += residual[block]
        if norm is None:
            continue
        part -= (part @ averaging)[:, np.newaxis]
        inverse = np.square(part) @ averaging  # the variance
        inverse += rows.dtype.type(norm.eps)
        np.reciprocal(np.sqrt(inverse, out=inverse), out=inverse)
        part *= inverse[:, np.newaxis]
        if norm.weight is not None:
            part *= norm.weight.data
        if norm.bias is not None:
            part += norm.bias.data
