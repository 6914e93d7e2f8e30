"""Pairs of weights of ours and torch's, for tests that copy the weights to torch.

A pair is (ours, theirs, layout): `layout` turns the array of ours into that of torch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pmt_nn import TransformerDecoder, TransformerEncoder

Pairs = list[tuple[Any, Any, Any]]


def same(x: np.ndarray) -> np.ndarray:
    return x


def turned(x: np.ndarray) -> np.ndarray:
    return x.T


def norm(ours: Any, theirs: Any) -> Pairs:
    return [(ours.weight, theirs.weight, same), (ours.bias, theirs.bias, same)]


def dense(ours: Any, theirs: Any) -> Pairs:
    return [(ours.weight, theirs.weight, turned), (ours.bias, theirs.bias, same)]


def own_attention(ours: Any, theirs: Any) -> Pairs:
    return [
        (ours.qkv.weight, theirs.in_proj_weight, turned),
        (ours.qkv.bias, theirs.in_proj_bias, same),
        *dense(ours.project, theirs.out_proj),
    ]


def encoder_pairs(ours: TransformerEncoder, theirs: Any) -> Pairs:
    """Return all weights of an encoder."""
    pairs = [] if ours.norm is None else norm(ours.norm, theirs.norm)
    for our, other in zip(ours.layers, theirs.layers, strict=True):
        pairs += _layer_pairs(our, other) + norm(our.feed_forward_norm, other.norm2)
    return pairs


def decoder_pairs(ours: TransformerDecoder, theirs: Any) -> Pairs:
    """Return all weights but those of q, k and v of cross-attention: torch has one matrix."""
    pairs = [] if ours.norm is None else norm(ours.norm, theirs.norm)
    for our, other in zip(ours.layers, theirs.layers, strict=True):
        pairs += _layer_pairs(our, other)
        pairs += norm(our.cross_norm, other.norm2) + norm(our.feed_forward_norm, other.norm3)
        pairs += dense(our.cross.project, other.multihead_attn.out_proj)
    return pairs


def _layer_pairs(ours: Any, theirs: Any) -> Pairs:
    return [
        *own_attention(ours.attention, theirs.self_attn),
        *norm(ours.attention_norm, theirs.norm1),
        *dense(ours.feed_forward.up, theirs.linear1),
        *dense(ours.feed_forward.down, theirs.linear2),
    ]
