"""Neural networks: `Module`, `Parameter`, layers, losses, fused functions, the Transformer.

Every fused function stands in one file with its composed twin, which is the text to read.
"""

from pmt_core import HuffmanTree
from pmt_nn.activation import ELU, GELU, LeakyReLU, LogSoftmax, ReLU, Sigmoid, SiLU, Softmax, Tanh
from pmt_nn.attention import (
    Mask,
    attention,
    attention_composed,
    attention_weights,
    causal_mask,
    head_mask,
    packed_attention,
    ragged_attention,
    ragged_attention_composed,
    weights_of_groups,
)
from pmt_nn.attention_positions import (
    Alibi,
    AttentionPositions,
    RelativeBias,
    RotaryPositions,
    alibi_slopes,
)
from pmt_nn.axis_dot import AxisDot
from pmt_nn.axis_mean import AxisMean
from pmt_nn.batch_norm import BatchNorm1d, BatchNorm2d, batch_norm, batch_norm_composed
from pmt_nn.batch_statistics import (
    BatchStatistics,
    apply_statistics,
    collecting_statistics,
    tell_statistics,
)
from pmt_nn.beam_search import Hypothesis, beam_search
from pmt_nn.bert import Bert, BertConfig
from pmt_nn.biased_attention import biased_attention, biased_attention_composed
from pmt_nn.binary_cross_entropy import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    logit_losses,
    logit_losses_composed,
)
from pmt_nn.buffer import Buffer
from pmt_nn.cache_blocks import cache_blocks
from pmt_nn.character_encoder import (
    CharacterEncoder,
    spelling_features,
    spelling_features_composed,
)
from pmt_nn.concatenate import Concatenate
from pmt_nn.container import Container
from pmt_nn.convolution import Conv1d, Conv2d, conv1d, conv2d, conv2d_composed
from pmt_nn.crf import LinearChainCRF, chain_partition, chain_partition_composed
from pmt_nn.cross_entropy import cross_entropy, cross_entropy_composed
from pmt_nn.decoder_attention import CrossAttention, DecoderSelfAttention
from pmt_nn.decoding import Decoding
from pmt_nn.directional_attention import (
    DirectionalAttention,
    directional_attention,
    directional_attention_composed,
)
from pmt_nn.dropout import (
    Dropout,
    add_dropped,
    add_dropped_composed,
    add_with_dropout,
    apply_mask,
    keep_mask,
)
from pmt_nn.embedding import Embedding
from pmt_nn.encoder_decoder import EncoderDecoder, EncoderDecoderConfig
from pmt_nn.entity_tagger import EntityTagger, EntityTaggerConfig
from pmt_nn.feed_forward import ACTIVATIONS, FeedForward, feed_forward, feed_forward_composed
from pmt_nn.flatten import Flatten
from pmt_nn.gelu import gelu, gelu_composed
from pmt_nn.gelu_exact import gelu_exact, gelu_exact_composed
from pmt_nn.group_norm import GroupNorm, group_norm, group_norm_composed
from pmt_nn.hierarchical_softmax import HierarchicalSoftmax
from pmt_nn.initialize import (
    kaiming_normal,
    kaiming_uniform,
    normal,
    orthogonal,
    truncated_normal,
    xavier_uniform,
)
from pmt_nn.key_value_cache import DecoderCache, KeyValueCache
from pmt_nn.lambda_layer import Lambda
from pmt_nn.language_model import LanguageModel, LanguageModelConfig
from pmt_nn.layer_norm import LayerNorm, layer_norm, layer_norm_composed
from pmt_nn.length_penalty import LengthPenalty, gnmt_penalty, power_penalty
from pmt_nn.linear import Dense, Linear, linear, linear_composed
from pmt_nn.load_bert import load_bert
from pmt_nn.masked_mean import masked_mean
from pmt_nn.masked_words import MaskedWords
from pmt_nn.mean_of_words import MeanOfWords
from pmt_nn.module import Module
from pmt_nn.module_calls import CallWatcher, watching_calls
from pmt_nn.module_list import ModuleList
from pmt_nn.negative_sampling import NegativeSampling, negative_sampling_loss
from pmt_nn.next_token import Chooser, next_token
from pmt_nn.observe import is_observed, observing, tell
from pmt_nn.operation_cost import operation_cost
from pmt_nn.pair_classifier import PairClassifier, PairClassifierConfig
from pmt_nn.parallel import Parallel
from pmt_nn.parameter import Parameter
from pmt_nn.pooling import (
    AvgPool1d,
    AvgPool2d,
    GlobalAvgPool,
    GlobalMaxPool,
    MaxPool1d,
    MaxPool2d,
    avg_pool2d,
    avg_pool2d_composed,
    global_avg_pool,
    global_max_pool,
    max_pool2d,
    max_pool2d_composed,
)
from pmt_nn.positions import LearnedPositions, SinusoidalPositions, sinusoids
from pmt_nn.pretraining_loss import pretraining_loss
from pmt_nn.ragged import RaggedLayout, SequenceGroup, from_ragged, to_ragged, to_ragged_composed
from pmt_nn.recurrence import (
    gru_scan,
    gru_scan_composed,
    lstm_scan,
    lstm_scan_composed,
    rnn_scan,
    rnn_scan_composed,
)
from pmt_nn.recurrent import GRU, LSTM, RNN, RecurrentCell
from pmt_nn.regression_loss import huber, huber_of, mse
from pmt_nn.residual import Residual
from pmt_nn.rms_norm import RMSNorm, rms_norm, rms_norm_composed
from pmt_nn.rotary import rotate, rotate_composed
from pmt_nn.self_attention import SelfAttention
from pmt_nn.sequential import Sequential
from pmt_nn.similarity_loss import (
    contrastive_loss,
    cosine_loss,
    cosine_similarity,
    distance,
    in_batch_contrastive_loss,
    normalised,
    triplet_loss,
)
from pmt_nn.summary import Summary, SummaryRow, summary
from pmt_nn.tied_cross_entropy import tied_cross_entropy, tied_cross_entropy_composed
from pmt_nn.tied_linear import tied_linear, tied_linear_composed
from pmt_nn.token_classifier import TokenClassifier, TokenClassifierConfig
from pmt_nn.token_distribution import token_distribution
from pmt_nn.token_stream import token_stream
from pmt_nn.transformer_decoder import TransformerDecoder, TransformerDecoderLayer
from pmt_nn.transformer_encoder import TransformerEncoder, TransformerEncoderLayer
from pmt_nn.transposed_convolution import (
    ConvTranspose2d,
    conv_transpose2d,
    conv_transpose2d_composed,
)
from pmt_nn.word2vec import CBOW, SkipGram
from pmt_nn.word_guesser import WordGuesser

__all__ = [
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
    "CallWatcher",
    "CharacterEncoder",
    "Chooser",
    "Concatenate",
    "Container",
    "Conv1d",
    "Conv2d",
    "ConvTranspose2d",
    "CrossAttention",
    "DecoderCache",
    "DecoderSelfAttention",
    "Decoding",
    "Dense",
    "DirectionalAttention",
    "Dropout",
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
    "MaskedWords",
    "MaxPool1d",
    "MaxPool2d",
    "MeanOfWords",
    "Module",
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
    "SequenceGroup",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SinusoidalPositions",
    "SkipGram",
    "Softmax",
    "Summary",
    "SummaryRow",
    "Tanh",
    "TokenClassifier",
    "TokenClassifierConfig",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
    "WordGuesser",
    "add_dropped",
    "add_dropped_composed",
    "add_with_dropout",
    "alibi_slopes",
    "apply_mask",
    "apply_statistics",
    "attention",
    "attention_composed",
    "attention_weights",
    "avg_pool2d",
    "avg_pool2d_composed",
    "batch_norm",
    "batch_norm_composed",
    "beam_search",
    "biased_attention",
    "biased_attention_composed",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cache_blocks",
    "causal_mask",
    "chain_partition",
    "chain_partition_composed",
    "collecting_statistics",
    "contrastive_loss",
    "conv1d",
    "conv2d",
    "conv2d_composed",
    "conv_transpose2d",
    "conv_transpose2d_composed",
    "cosine_loss",
    "cosine_similarity",
    "cross_entropy",
    "cross_entropy_composed",
    "directional_attention",
    "directional_attention_composed",
    "distance",
    "feed_forward",
    "feed_forward_composed",
    "gelu",
    "gelu_composed",
    "gelu_exact",
    "gelu_exact_composed",
    "global_avg_pool",
    "global_max_pool",
    "gnmt_penalty",
    "group_norm",
    "group_norm_composed",
    "gru_scan",
    "gru_scan_composed",
    "head_mask",
    "huber",
    "huber_of",
    "in_batch_contrastive_loss",
    "is_observed",
    "kaiming_normal",
    "kaiming_uniform",
    "keep_mask",
    "layer_norm",
    "layer_norm_composed",
    "linear",
    "linear_composed",
    "load_bert",
    "logit_losses",
    "logit_losses_composed",
    "lstm_scan",
    "lstm_scan_composed",
    "masked_mean",
    "max_pool2d",
    "max_pool2d_composed",
    "mse",
    "negative_sampling_loss",
    "next_token",
    "normal",
    "normalised",
    "observing",
    "operation_cost",
    "orthogonal",
    "packed_attention",
    "ragged_attention",
    "ragged_attention_composed",
    "weights_of_groups",
    "from_ragged",
    "to_ragged",
    "to_ragged_composed",
    "power_penalty",
    "pretraining_loss",
    "rms_norm",
    "rms_norm_composed",
    "rnn_scan",
    "rnn_scan_composed",
    "rotate",
    "rotate_composed",
    "sinusoids",
    "spelling_features",
    "spelling_features_composed",
    "summary",
    "tell",
    "tell_statistics",
    "tied_cross_entropy",
    "tied_cross_entropy_composed",
    "tied_linear",
    "tied_linear_composed",
    "token_distribution",
    "token_stream",
    "triplet_loss",
    "truncated_normal",
    "watching_calls",
    "xavier_uniform",
]
