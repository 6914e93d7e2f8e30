"""Neural networks: `Module`, `Parameter`, layers, losses, fused functions, the Transformer.

Every fused function stands in one file with its composed twin, which is the text to read.
"""

from pmt_nn.attention import (
    Mask,
    attention,
    attention_composed,
    attention_weights,
    causal_mask,
    head_mask,
    packed_attention,
)
from pmt_nn.cross_entropy import cross_entropy, cross_entropy_composed
from pmt_nn.dropout import Dropout, apply_mask, keep_mask
from pmt_nn.embedding import Embedding
from pmt_nn.feed_forward import FeedForward
from pmt_nn.gelu import gelu, gelu_composed
from pmt_nn.initialize import normal, xavier_uniform
from pmt_nn.layer_norm import LayerNorm, layer_norm, layer_norm_composed
from pmt_nn.linear import Linear, linear, linear_composed
from pmt_nn.masked_mean import masked_mean
from pmt_nn.module import Module
from pmt_nn.observe import is_observed, observing, tell
from pmt_nn.pair_classifier import PairClassifier, PairClassifierConfig
from pmt_nn.parameter import Parameter
from pmt_nn.positions import LearnedPositions, SinusoidalPositions, sinusoids
from pmt_nn.self_attention import SelfAttention
from pmt_nn.transformer_encoder import TransformerEncoder, TransformerEncoderLayer

__all__ = [
    "Dropout",
    "Embedding",
    "FeedForward",
    "LayerNorm",
    "LearnedPositions",
    "Linear",
    "Mask",
    "Module",
    "PairClassifier",
    "PairClassifierConfig",
    "Parameter",
    "SelfAttention",
    "SinusoidalPositions",
    "TransformerEncoder",
    "TransformerEncoderLayer",
    "apply_mask",
    "attention",
    "attention_composed",
    "attention_weights",
    "causal_mask",
    "cross_entropy",
    "cross_entropy_composed",
    "gelu",
    "gelu_composed",
    "head_mask",
    "is_observed",
    "keep_mask",
    "layer_norm",
    "layer_norm_composed",
    "linear",
    "linear_composed",
    "masked_mean",
    "normal",
    "observing",
    "packed_attention",
    "sinusoids",
    "tell",
    "xavier_uniform",
]
