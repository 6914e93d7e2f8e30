"""Neural networks: modules, layers, losses, attention, Transformer, CRF, generation and models.

Every fused function `f` has a composed form `f.composed` in plain operations, which is the one to
read; a test holds the two equal.
"""

# attention/: scaled dot-product, biased and relative attention, positions, caches
from pmt_nn.attention.attention_positions import (
    Alibi,
    AttentionPositions,
    RelativeBias,
    RotaryPositions,
)
from pmt_nn.attention.biased import biased_attention
from pmt_nn.attention.kernel import attention_weights
from pmt_nn.attention.kv_cache import DecoderCache, KeyValueCache
from pmt_nn.attention.multi_head import CrossAttention, SelfAttention
from pmt_nn.attention.positions import LearnedPositions, SinusoidalPositions, sinusoids
from pmt_nn.attention.ragged_attention import ragged_attention
from pmt_nn.attention.relative import RelativeAttention, relative_attention
from pmt_nn.attention.rotary import rotate
from pmt_nn.attention.scaled_dot_product import attention, packed_attention
from pmt_nn.attention.unpadded import RaggedLayout, from_ragged, to_ragged

# convolution/: convolution, pooling, resizing
from pmt_nn.convolution.adaptive_pooling import adaptive_avg_pool2d, adaptive_max_pool2d
from pmt_nn.convolution.conv import Conv1d, Conv2d, conv1d, conv2d
from pmt_nn.convolution.conv3d import Conv3d, conv3d
from pmt_nn.convolution.conv_transpose import (
    ConvTranspose1d,
    ConvTranspose2d,
    conv_transpose1d,
    conv_transpose2d,
)
from pmt_nn.convolution.layer import Padding
from pmt_nn.convolution.pool_layers import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AvgPool1d,
    AvgPool2d,
    GlobalAvgPool,
    GlobalMaxPool,
    MaxPool1d,
    MaxPool2d,
)
from pmt_nn.convolution.pool_layers3d import (
    AdaptiveAvgPool3d,
    AdaptiveMaxPool3d,
    AvgPool3d,
    MaxPool3d,
)
from pmt_nn.convolution.pooling import avg_pool2d, max_pool2d
from pmt_nn.convolution.upsample import Upsample, interpolate

# crf/: linear-chain CRF
from pmt_nn.crf.crf import LinearChainCRF
from pmt_nn.crf.log_partition import crf_log_partition
from pmt_nn.crf.viterbi import viterbi_decode, viterbi_n_best

# generation/: sampling and beam search
from pmt_nn.generation.beam_search import (
    Hypothesis,
    LengthPenalty,
    beam_search,
    gnmt_penalty,
    power_penalty,
)
from pmt_nn.generation.beam_step import BeamStep
from pmt_nn.generation.decoding import Decoding, StepwiseDecoding
from pmt_nn.generation.ensemble_decoding import EnsembleDecoding
from pmt_nn.generation.minimum_bayes_risk import expected_utility
from pmt_nn.generation.sampling import Chooser, next_token, token_distribution

# inspect/: summary of a model, capture of attention weights, counts of dead units
from pmt_nn.inspect.activation_statistics import (
    ActivationCounts,
    ActivationStatistics,
    activation_statistics,
)
from pmt_nn.inspect.capture import capture
from pmt_nn.inspect.summary import Summary, SummaryRow, summary

# layers/: linear, embedding, normalization, dropout, activations
from pmt_nn.layers.activation_layers import (
    SELU,
    Hardsigmoid,
    Hardswish,
    LogSigmoid,
    Mish,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softplus,
    Softsign,
    Tanh,
)
from pmt_nn.layers.activation_layers_with_settings import (
    CELU,
    ELU,
    GELU,
    GLU,
    Hardtanh,
    LeakyReLU,
    LogSoftmax,
    PReLU,
    Softmax,
)
from pmt_nn.layers.activations import gelu, gelu_exact, mish
from pmt_nn.layers.axis import AxisDot, AxisMean, Flatten, masked_mean
from pmt_nn.layers.batch_norm import BatchNorm1d, BatchNorm2d, BatchNorm3d, batch_norm
from pmt_nn.layers.dropout import Dropout, Dropout1d, Dropout2d, Dropout3d, DropoutMask
from pmt_nn.layers.embedding import Embedding
from pmt_nn.layers.embedding_bag import EmbeddingBag
from pmt_nn.layers.group_norm import GroupNorm, group_norm
from pmt_nn.layers.linear import Dense, Linear, linear, tied_linear
from pmt_nn.layers.memory_layout import cache_blocks
from pmt_nn.layers.normalization import LayerNorm, RMSNorm, layer_norm, rms_norm
from pmt_nn.layers.piecewise import (
    celu,
    glu,
    hardsigmoid,
    hardswish,
    hardtanh,
    log_sigmoid,
    prelu,
    relu6,
    selu,
    softsign,
)
from pmt_nn.layers.running_statistics import (
    BatchStatistics,
    apply_statistics,
    collecting_statistics,
)

# losses/: cross-entropy, binary cross-entropy, regression, margins, contrastive, word2vec
from pmt_nn.losses.binary_cross_entropy import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
)
from pmt_nn.losses.contrastive import (
    contrastive_loss,
    cosine_loss,
    cosine_similarity,
    in_batch_contrastive_loss,
    triplet_loss,
)
from pmt_nn.losses.cross_entropy import cross_entropy
from pmt_nn.losses.ctc import ctc_loss
from pmt_nn.losses.focal import focal_loss, sigmoid_focal_loss
from pmt_nn.losses.log_probabilities import kl_div, nll_loss
from pmt_nn.losses.margin import (
    hinge_embedding_loss,
    hinge_loss,
    margin_ranking_loss,
    multi_margin_loss,
)
from pmt_nn.losses.r_drop import tied_r_drop_loss
from pmt_nn.losses.regression import huber, l1_loss, mse, smooth_l1_loss
from pmt_nn.losses.tied_cross_entropy import tied_cross_entropy
from pmt_nn.losses.word2vec import HierarchicalSoftmax, NegativeSampling, negative_sampling_loss

# masks
from pmt_nn.masks import Mask, causal_mask

# models/: complete models
from pmt_nn.models.bert import Bert
from pmt_nn.models.bert_config import BertConfig
from pmt_nn.models.character_cnn import CharacterEncoder, spelling_features
from pmt_nn.models.encoder_decoder import EncoderDecoder, EncoderDecoderConfig
from pmt_nn.models.entity_tagger import EntityTagger
from pmt_nn.models.entity_tagger_config import EntityTaggerConfig
from pmt_nn.models.language_model import LanguageModel, LanguageModelConfig
from pmt_nn.models.load_bert import load_bert
from pmt_nn.models.masked_lm import MaskedBert, MaskedPairModel, MaskedTagger
from pmt_nn.models.mean_embedding import MeanOfWords
from pmt_nn.models.pair_classifier import PairClassifier, PairClassifierConfig
from pmt_nn.models.save_bert import save_bert
from pmt_nn.models.word2vec import CBOW, SkipGram

# module/: Module, Parameter, containers, initializers, hooks
from pmt_nn.module.containers import (
    Concatenate,
    Identity,
    Lambda,
    ModuleList,
    Parallel,
    Residual,
    Sequential,
)
from pmt_nn.module.hooks import ModuleHook, module_hook
from pmt_nn.module.initializers import (
    constant,
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
from pmt_nn.module.weight_limit import weight_limit

# recurrent/: RNN, GRU, LSTM, and their cells
from pmt_nn.recurrent.cells import GRUCell, LSTMCell, RNNCell
from pmt_nn.recurrent.rnn import GRU, LSTM, RNN
from pmt_nn.recurrent.scans import gru_scan, lstm_scan, rnn_scan

# transformer/: encoder, decoder, feed-forward
from pmt_nn.transformer.config import TransformerConfig
from pmt_nn.transformer.decoder import TransformerDecoder
from pmt_nn.transformer.encoder import TransformerEncoder
from pmt_nn.transformer.feed_forward import FeedForward, feed_forward
from pmt_nn.transformer.layer import TransformerLayer

# word2vec/: gradient kernels of word2vec
from pmt_nn.word2vec.hierarchical_softmax import TreeKernel
from pmt_nn.word2vec.kernel import WindowArrays, Word2VecKernel
from pmt_nn.word2vec.negative_sampling import CbowKernel, SkipGramKernel
from pmt_nn.word2vec.small_steps import SmallStepKernel
from pmt_nn.word2vec.subword_inputs import SubwordInputs

# fmt: off
__all__ = [
    "CBOW", "CELU", "ELU", "GELU", "GLU", "GRU", "LSTM", "RNN", "SELU", "ActivationCounts",
    "ActivationStatistics", "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d", "Alibi", "AttentionPositions",
    "AvgPool1d", "AvgPool2d", "AvgPool3d", "AxisDot", "AxisMean", "BatchNorm1d", "BatchNorm2d",
    "BatchNorm3d", "BatchStatistics", "BeamStep", "Bert", "BertConfig", "Buffer", "CbowKernel",
    "CharacterEncoder", "Chooser", "Concatenate", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d",
    "ConvTranspose2d", "CrossAttention", "DecoderCache", "Decoding", "Dense", "Dropout",
    "Dropout1d", "Dropout2d", "Dropout3d", "DropoutMask", "Embedding", "EmbeddingBag",
    "EncoderDecoder", "EncoderDecoderConfig", "EnsembleDecoding", "EntityTagger",
    "EntityTaggerConfig", "FeedForward", "Flatten", "GRUCell", "GlobalAvgPool", "GlobalMaxPool",
    "GroupNorm", "Hardsigmoid", "Hardswish", "Hardtanh", "HierarchicalSoftmax", "Hypothesis",
    "Identity", "KeyValueCache", "LSTMCell", "Lambda", "LanguageModel", "LanguageModelConfig",
    "LayerNorm", "LeakyReLU", "LearnedPositions", "LengthPenalty", "Linear", "LinearChainCRF",
    "LogSigmoid", "LogSoftmax", "Mask", "MaskedBert", "MaskedPairModel", "MaskedTagger",
    "MaxPool1d", "MaxPool2d", "MaxPool3d", "MeanOfWords", "Mish", "Module", "ModuleHook",
    "ModuleList", "NegativeSampling", "PReLU", "Padding", "PairClassifier", "PairClassifierConfig",
    "Parallel", "Parameter", "RMSNorm", "RNNCell", "RaggedLayout", "ReLU", "ReLU6",
    "RelativeAttention", "RelativeBias", "Residual", "RotaryPositions", "SelfAttention",
    "Sequential", "SiLU", "Sigmoid", "SinusoidalPositions", "SkipGram", "SkipGramKernel",
    "SmallStepKernel", "Softmax", "Softplus", "Softsign", "StepwiseDecoding", "SubwordInputs",
    "Summary", "SummaryRow", "Tanh", "TransformerConfig", "TransformerDecoder",
    "TransformerEncoder", "TransformerLayer", "TreeKernel", "Upsample", "WindowArrays",
    "Word2VecKernel", "activation_statistics", "adaptive_avg_pool2d", "adaptive_max_pool2d",
    "apply_statistics", "attention", "attention_weights", "avg_pool2d", "batch_norm", "beam_search",
    "biased_attention", "binary_cross_entropy", "binary_cross_entropy_with_logits", "cache_blocks",
    "capture", "causal_mask", "celu", "collecting_statistics", "constant", "contrastive_loss",
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "cosine_loss",
    "cosine_similarity", "crf_log_partition", "cross_entropy", "ctc_loss", "expected_utility",
    "feed_forward", "focal_loss", "from_ragged", "gelu", "gelu_exact", "glu", "gnmt_penalty",
    "group_norm", "gru_scan", "hardsigmoid", "hardswish", "hardtanh", "hinge_embedding_loss",
    "hinge_loss", "huber", "in_batch_contrastive_loss", "interpolate", "kaiming_normal",
    "kaiming_uniform", "kl_div", "l1_loss", "layer_norm", "linear", "load_bert", "log_sigmoid",
    "lstm_scan", "margin_ranking_loss", "masked_mean", "max_pool2d", "mish", "module_hook", "mse",
    "multi_margin_loss", "negative_sampling_loss", "next_token", "nll_loss", "normal",
    "orthogonal", "packed_attention", "power_penalty", "prelu", "ragged_attention",
    "relative_attention", "relu6", "rms_norm", "rnn_scan", "rotate", "save_bert", "selu",
    "sigmoid_focal_loss", "sinusoids", "smooth_l1_loss", "softsign", "spelling_features",
    "summary", "tied_cross_entropy", "tied_linear", "tied_r_drop_loss", "to_ragged",
    "token_distribution", "triplet_loss", "truncated_normal", "viterbi_decode", "viterbi_n_best",
    "weight_limit", "with_current_names", "xavier_uniform",
]
# fmt: on
