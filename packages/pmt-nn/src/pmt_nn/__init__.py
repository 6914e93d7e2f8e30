"""Neural networks: `Module`, `Parameter`, layers, losses, fused functions, the Transformer.

Every fused function stands in one file with its composed twin, which is the text to read.
"""

from pmt_core import HuffmanTree
from pmt_nn.attention.biased import biased_attention
from pmt_nn.attention.kernel import attention_weights
from pmt_nn.attention.kv_cache import DecoderCache, KeyValueCache
from pmt_nn.attention.multi_head import CrossAttention, SelfAttention
from pmt_nn.attention.positions import (
    Alibi,
    AttentionPositions,
    LearnedPositions,
    RelativeBias,
    RotaryPositions,
    SinusoidalPositions,
    sinusoids,
)
from pmt_nn.attention.relative import RelativeAttention, relative_attention
from pmt_nn.attention.rotary import rotate
from pmt_nn.attention.scaled_dot_product import (
    attention,
    packed_attention,
    ragged_attention,
)
from pmt_nn.attention.unpadded import (
    RaggedLayout,
    from_ragged,
    to_ragged,
)
from pmt_nn.convolution.conv import Conv1d, Conv2d, conv1d, conv2d
from pmt_nn.convolution.conv_transpose import (
    ConvTranspose2d,
    conv_transpose2d,
)
from pmt_nn.convolution.pooling import avg_pool2d, global_avg_pool, global_max_pool, max_pool2d
from pmt_nn.convolution.pooling_layers import (
    AvgPool1d,
    AvgPool2d,
    GlobalAvgPool,
    GlobalMaxPool,
    MaxPool1d,
    MaxPool2d,
)
from pmt_nn.crf.crf import LinearChainCRF, crf_log_partition
from pmt_nn.generation.beam_search import (
    Hypothesis,
    LengthPenalty,
    beam_search,
    gnmt_penalty,
    power_penalty,
)
from pmt_nn.generation.decoding import Decoding
from pmt_nn.generation.sampling import Chooser, next_token, token_distribution, token_stream
from pmt_nn.inspect.capture import capture
from pmt_nn.inspect.summary import Summary, SummaryRow, summary
from pmt_nn.layers.activations import (
    ELU,
    GELU,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from pmt_nn.layers.axis import AxisDot, AxisMean, Flatten, masked_mean
from pmt_nn.layers.batch_norm import BatchNorm1d, BatchNorm2d, batch_norm
from pmt_nn.layers.dropout import (
    Dropout,
    DropoutMask,
    add_dropped,
    add_with_dropout,
    apply_mask,
    keep_mask,
)
from pmt_nn.layers.embedding import Embedding
from pmt_nn.layers.gelu import gelu, gelu_exact
from pmt_nn.layers.linear import Dense, Linear, linear, tied_linear
from pmt_nn.layers.memory_layout import cache_blocks
from pmt_nn.layers.normalization import (
    GroupNorm,
    LayerNorm,
    RMSNorm,
    group_norm,
    layer_norm,
    rms_norm,
)
from pmt_nn.layers.running_statistics import (
    BatchStatistics,
    apply_statistics,
    collecting_statistics,
)
from pmt_nn.losses.binary_cross_entropy import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    logit_losses,
)
from pmt_nn.losses.contrastive import (
    contrastive_loss,
    cosine_loss,
    cosine_similarity,
    distance,
    in_batch_contrastive_loss,
    normalized,
    triplet_loss,
)
from pmt_nn.losses.cross_entropy import cross_entropy
from pmt_nn.losses.hierarchical_softmax import HierarchicalSoftmax
from pmt_nn.losses.negative_sampling import NegativeSampling, negative_sampling_loss
from pmt_nn.losses.regression import huber, huber_of, mse
from pmt_nn.losses.tied_cross_entropy import tied_cross_entropy
from pmt_nn.masks import Mask, causal_mask, head_mask
from pmt_nn.models.bert import Bert, BertConfig
from pmt_nn.models.character_cnn import (
    CharacterEncoder,
    spelling_features,
)
from pmt_nn.models.encoder_decoder import EncoderDecoder, EncoderDecoderConfig
from pmt_nn.models.entity_tagger import EntityTagger, EntityTaggerConfig
from pmt_nn.models.language_model import LanguageModel, LanguageModelConfig
from pmt_nn.models.load_bert import load_bert
from pmt_nn.models.masked_lm import MaskedPairModel, MaskedTagger
from pmt_nn.models.mean_embedding import MeanOfWords
from pmt_nn.models.pair_classifier import PairClassifier, PairClassifierConfig
from pmt_nn.models.word2vec import CBOW, SkipGram
from pmt_nn.module.containers import (
    Concatenate,
    Container,
    Lambda,
    ModuleList,
    Parallel,
    Residual,
    Sequential,
)
from pmt_nn.module.hooks import ModuleHook, module_hook
from pmt_nn.module.initializers import (
    kaiming_normal,
    kaiming_uniform,
    normal,
    orthogonal,
    truncated_normal,
    xavier_uniform,
)
from pmt_nn.module.module import Module
from pmt_nn.module.old_names import with_current_names
from pmt_nn.module.parameter import Buffer, Parameter
from pmt_nn.recurrent.lstm_scan import lstm_scan
from pmt_nn.recurrent.rnn import GRU, LSTM, RNN, RecurrentCell
from pmt_nn.recurrent.scans import gru_scan, rnn_scan
from pmt_nn.transformer.config import TransformerConfig
from pmt_nn.transformer.decoder import TransformerDecoder
from pmt_nn.transformer.encoder import TransformerEncoder
from pmt_nn.transformer.feed_forward import (
    ACTIVATIONS,
    FeedForward,
    feed_forward,
)
from pmt_nn.transformer.layer import TransformerLayer
from pmt_nn.word2vec.cbow_ns import CbowKernel
from pmt_nn.word2vec.hierarchical_softmax import TreeKernel
from pmt_nn.word2vec.kernel import WindowArrays, Word2VecKernel
from pmt_nn.word2vec.skipgram_ns import SkipGramKernel

__all__ = [
    "CbowKernel",
    "SkipGramKernel",
    "TreeKernel",
    "WindowArrays",
    "Word2VecKernel",
    "ACTIVATIONS",
    "Alibi",
    "AttentionPositions",
    "AvgPool1d",
    "AvgPool2d",
    "AxisDot",
    "AxisMean",
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchStatistics",
    "Bert",
    "BertConfig",
    "Buffer",
    "CBOW",
    "CharacterEncoder",
    "Chooser",
    "Concatenate",
    "Container",
    "Conv1d",
    "Conv2d",
    "ConvTranspose2d",
    "CrossAttention",
    "DecoderCache",
    "Decoding",
    "Dense",
    "RelativeAttention",
    "Dropout",
    "DropoutMask",
    "ELU",
    "Embedding",
    "EncoderDecoder",
    "EncoderDecoderConfig",
    "EntityTagger",
    "EntityTaggerConfig",
    "FeedForward",
    "Flatten",
    "GELU",
    "GRU",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "GroupNorm",
    "HierarchicalSoftmax",
    "HuffmanTree",
    "Hypothesis",
    "KeyValueCache",
    "LSTM",
    "Lambda",
    "LanguageModel",
    "LanguageModelConfig",
    "LayerNorm",
    "LeakyReLU",
    "LearnedPositions",
    "LengthPenalty",
    "Linear",
    "LinearChainCRF",
    "LogSoftmax",
    "Mask",
    "MaskedPairModel",
    "MaxPool1d",
    "MaxPool2d",
    "MeanOfWords",
    "Module",
    "ModuleHook",
    "ModuleList",
    "NegativeSampling",
    "PairClassifier",
    "PairClassifierConfig",
    "Parallel",
    "Parameter",
    "RMSNorm",
    "RaggedLayout",
    "RNN",
    "ReLU",
    "RecurrentCell",
    "RelativeBias",
    "Residual",
    "RotaryPositions",
    "SelfAttention",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SinusoidalPositions",
    "SkipGram",
    "Softmax",
    "Summary",
    "SummaryRow",
    "Tanh",
    "TransformerConfig",
    "TransformerDecoder",
    "TransformerEncoder",
    "TransformerLayer",
    "MaskedTagger",
    "add_dropped",
    "add_with_dropout",
    "apply_mask",
    "apply_statistics",
    "attention",
    "attention_weights",
    "avg_pool2d",
    "batch_norm",
    "beam_search",
    "biased_attention",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cache_blocks",
    "capture",
    "causal_mask",
    "crf_log_partition",
    "collecting_statistics",
    "contrastive_loss",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "cosine_loss",
    "cosine_similarity",
    "cross_entropy",
    "distance",
    "feed_forward",
    "gelu",
    "gelu_exact",
    "global_avg_pool",
    "global_max_pool",
    "gnmt_penalty",
    "group_norm",
    "gru_scan",
    "head_mask",
    "huber",
    "huber_of",
    "in_batch_contrastive_loss",
    "kaiming_normal",
    "kaiming_uniform",
    "keep_mask",
    "layer_norm",
    "linear",
    "load_bert",
    "logit_losses",
    "lstm_scan",
    "masked_mean",
    "max_pool2d",
    "module_hook",
    "mse",
    "negative_sampling_loss",
    "next_token",
    "normal",
    "normalized",
    "orthogonal",
    "packed_attention",
    "ragged_attention",
    "relative_attention",
    "from_ragged",
    "to_ragged",
    "power_penalty",
    "rms_norm",
    "rnn_scan",
    "rotate",
    "sinusoids",
    "spelling_features",
    "summary",
    "tied_cross_entropy",
    "tied_linear",
    "token_distribution",
    "token_stream",
    "triplet_loss",
    "truncated_normal",
    "with_current_names",
    "xavier_uniform",
]
