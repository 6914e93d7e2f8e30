"""Encoder layers on arrays, for inference: no tape, results in place, few calls."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from pmt_autograd import Array, only_values, values
from pmt_nn.attention.multi_head import SelfAttention
from pmt_nn.attention.relative import RelativeAttention
from pmt_nn.attention.unpadded import SequenceGroup
from pmt_nn.attention.values_only import relative_attention_into, self_attention_into
from pmt_nn.layers.few_rows import few_rows_product
from pmt_nn.layers.linear import Linear
from pmt_nn.layers.memory_layout import cache_blocks
from pmt_nn.layers.normalization import LayerNorm, mean_weights
from pmt_nn.module.hooks import module_hooks
from pmt_nn.transformer.feed_forward import ACTIVATION_BLOCKS
from pmt_nn.transformer.layer import TransformerLayer

_KEPT = 1 << 20  # elements of an array that a thread keeps
_TOKENS = 512  # of a block: a product of fewer rows spends much on copying its weight


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

    All but attention works on some tokens at a time, from the attention of a layer to the input of
    the next one's, so that the tokens stay in the cache, and few arrays are allocated.

    groups: the sequences of each length, as of a `RaggedLayout`.
    """
    x = rows.copy()
    n, d = x.shape
    mixed = _scratch.take("mixed", n, d, x.dtype)
    qkv = _scratch.take("qkv", n, 3 * d, x.dtype)
    blocks = _token_blocks(n)
    for layer in layers:
        for block in blocks:
            _project_into(qkv[block], layer, x[block])
        for group in groups:
            shape = (group.count, group.length)
            _attend(
                layer.attention,
                qkv[group.rows].reshape(*shape, 3 * d),
                mixed[group.rows].reshape(*shape, d),
            )
        for block in blocks:
            _finish_layer(x[block], layer, mixed[block])
    if norm is not None:
        infer_norm(x, norm)
    return x


def infer_linear(rows: Array, linear: Linear) -> Array:
    """Return x W + b of rows (n, n_in), in the dtype of the weight, without a tape."""
    y = few_rows_product(rows, linear.weight)
    _add_bias(y, linear)
    return y


class _Scratch(threading.local):
    """Memory of a thread for intermediate results, kept for its next pass unless it is large.

    Large arrays that are allocated anew are zeroed page by page by the system.
    """

    def __init__(self) -> None:
        self._arrays: dict[tuple[str, np.dtype[Any]], Array] = {}

    def take(self, use: str, n: int, width: int, dtype: np.dtype[Any]) -> Array:
        """Return an array (n, width), valid until the thread's next call for the same use."""
        size = n * width
        array = self._arrays.get((use, dtype))
        if array is None or array.size < size:
            array = np.empty(size, dtype)
            if size <= _KEPT:
                self._arrays[use, dtype] = array
        return array[:size].reshape(n, width)


_scratch = _Scratch()


def _token_blocks(n: int) -> list[slice]:
    """Return slices of about equal length that cover n tokens."""
    count = -(-n // _TOKENS)
    edges = [n * i // max(count, 1) for i in range(count + 1)]
    return [slice(start, stop) for start, stop in pairwise(edges)]


def _project_into(qkv: Array, layer: TransformerLayer, x: Array) -> None:
    """Write queries, keys and values of tokens x (n, d) to qkv (n, 3d)."""
    inputs = _before(layer, layer.attention_norm, x)
    few_rows_product(inputs, layer.attention.qkv.weight, out=qkv)
    _add_bias(qkv, layer.attention.qkv)


def _finish_layer(x: Array, layer: TransformerLayer, mixed: Array) -> None:
    """Replace tokens x (n, d) by the output of their layer, from their mixed values."""
    n, d = x.shape
    y = _scratch.take("output", n, d, x.dtype)
    _add(x, few_rows_product(mixed, layer.attention.project.weight, out=y), layer.attention.project)
    if not layer.norm_first:
        infer_norm(x, layer.attention_norm)
    network = layer.feed_forward
    inputs = _before(layer, layer.feed_forward_norm, x)
    hidden = _scratch.take("hidden", n, network.up.weight.shape[1], x.dtype)
    few_rows_product(inputs, network.up.weight, out=hidden)
    activate = ACTIVATION_BLOCKS[network.activation]
    for block in cache_blocks(*hidden.shape):
        part = hidden[block]
        _add_bias(part, network.up)
        activate(part, None)
    _add(x, few_rows_product(hidden, network.down.weight, out=y), network.down)
    if not layer.norm_first:
        infer_norm(x, layer.feed_forward_norm)


def _before(layer: TransformerLayer, norm: LayerNorm, x: Array) -> Array:
    """Return norm(x) in a pre-norm layer, x in a post-norm layer."""
    if not layer.norm_first:
        return x
    n, d = x.shape
    normed = _scratch.take("normed", n, d, x.dtype)
    normed[...] = x
    infer_norm(normed, norm)
    return normed


def _attend(attention: SelfAttention | RelativeAttention, qkv: Array, output: Array) -> None:
    """Write the attention of sequences qkv (b, t, 3d) of one length to output (b, t, d)."""
    if isinstance(attention, RelativeAttention):
        biases = attention.content_bias.data, attention.position_bias.data
        relative_attention_into(qkv, *biases, output)
    else:
        self_attention_into(qkv, output, attention.heads)


def _add_bias(rows: Array, linear: Linear) -> None:
    if linear.bias is not None:
        rows += values(linear.bias)


def _add(x: Array, y: Array, linear: Linear) -> None:
    """Add y, the product of a linear layer, and the layer's bias to x."""
    _add_bias(y, linear)
    x += y


def infer_norm(rows: Array, norm: LayerNorm) -> None:
    """Normalize rows (n, d) in place, block by block."""
    d, scalar = rows.shape[1], rows.dtype.type
    averaging = mean_weights(d, rows.dtype)
    weight, bias = values(norm.weight), values(norm.bias)
    for block in cache_blocks(len(rows), d):
        part = rows[block]
        part -= (part @ averaging)[:, np.newaxis]
        # 1 / sqrt(variance + eps) = sqrt(d) / sqrt(sum of squares + d eps)
        inverse = np.vecdot(part, part)
        inverse += scalar(d * norm.eps)
        np.divide(scalar(d**0.5), np.sqrt(inverse, out=inverse), out=inverse)
        part *= inverse[:, np.newaxis]
        if weight is not None:
            part *= weight
        if bias is not None:
            part += bias
