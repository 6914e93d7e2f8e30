"""A call of every module: how it is made, its inputs, its settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from inputs import Pairs, Sentences, stream

import pmt_nn as nn
from pmt_autograd import Tensor

B = 4


def floats(*shape: int) -> np.ndarray:
    return stream(7).normal(size=shape).astype(np.float32)


def ids(*shape: int, v: int = 9) -> np.ndarray:
    return stream(8).integers(1, v, shape)


MASK = np.arange(5) < np.array([[5], [3], [1], [4]])
SEQUENCE = floats(B, 5, 8)
IMAGE = floats(B, 4, 6, 6)
VOLUME = floats(B, 4, 3, 4, 4)
ELEMENTWISE = (
    *("CELU", "GLU", "Hardsigmoid", "Hardswish", "Hardtanh", "Identity", "LogSigmoid", "Mish"),
    *("PReLU", "ReLU6", "SELU", "Softplus", "Softsign"),
)
MEMORY = floats(B, 3, 8)
MEAN, STATE = floats(B, 8), floats(B, 3)
TABLES = {"vocabulary": 9, "width": 8, "heads": 2, "hidden": 12, "layers": 2}
BERT = nn.BertConfig(max_length=6, **TABLES)
TAGGER = nn.EntityTaggerConfig(
    words=9,
    characters=9,
    shapes=9,
    tags=5,
    vector_width=3,
    tune_vectors=True,
    width=8,
    heads=2,
    hidden=12,
)

# name: (how it is made from a generator, its inputs: all batch first, keyword settings)
Made = tuple[Callable[[np.random.Generator], nn.Module], tuple[Any, ...], dict[str, Any]]
MODULES: dict[str, Made] = {
    **{name: (lambda rng, name=name: getattr(nn, name)(), (SEQUENCE,), {}) for name in ELEMENTWISE},
    "AdaptiveAvgPool1d": (lambda rng: nn.AdaptiveAvgPool1d(3), (SEQUENCE,), {}),
    "AdaptiveAvgPool2d": (lambda rng: nn.AdaptiveAvgPool2d(4), (IMAGE,), {}),
    "AdaptiveMaxPool1d": (lambda rng: nn.AdaptiveMaxPool1d(3), (SEQUENCE,), {}),
    "AdaptiveMaxPool2d": (lambda rng: nn.AdaptiveMaxPool2d(4), (IMAGE,), {}),
    "AdaptiveAvgPool3d": (lambda rng: nn.AdaptiveAvgPool3d(2), (VOLUME,), {}),
    "AdaptiveMaxPool3d": (lambda rng: nn.AdaptiveMaxPool3d(2), (VOLUME,), {}),
    "AvgPool3d": (lambda rng: nn.AvgPool3d(2), (VOLUME,), {}),
    "MaxPool3d": (lambda rng: nn.MaxPool3d(2), (VOLUME,), {}),
    "AvgPool1d": (lambda rng: nn.AvgPool1d(2), (SEQUENCE,), {}),
    "AvgPool2d": (lambda rng: nn.AvgPool2d(2), (IMAGE,), {}),
    "AxisDot": (lambda rng: nn.AxisDot(), (floats(B, 2, 8),), {}),
    "AxisMean": (lambda rng: nn.AxisMean(), (SEQUENCE,), {}),
    "BatchNorm1d": (lambda rng: nn.BatchNorm1d(5), (SEQUENCE,), {}),
    "BatchNorm2d": (lambda rng: nn.BatchNorm2d(4), (IMAGE,), {}),
    "BatchNorm3d": (lambda rng: nn.BatchNorm3d(4), (VOLUME,), {}),
    "Bert": (lambda rng: nn.Bert(BERT, rng), (ids(B, 5), MASK, ids(B, 5, v=2)), {"rng": 1}),
    "CharacterEncoder": (
        lambda rng: nn.CharacterEncoder(9, 4, 6, rng),
        (ids(B, 5, 7),),
        {},
    ),
    "Concatenate": (lambda rng: nn.Concatenate(), (SEQUENCE, SEQUENCE), {}),
    "Conv1d": (lambda rng: nn.Conv1d(5, 3, 3, rng), (SEQUENCE,), {}),
    "Conv2d": (lambda rng: nn.Conv2d(4, 3, 3, rng), (IMAGE,), {}),
    "ConvTranspose2d": (lambda rng: nn.ConvTranspose2d(4, 3, 3, rng, stride=2), (IMAGE,), {}),
    "Conv3d": (lambda rng: nn.Conv3d(4, 3, 2, rng), (VOLUME,), {}),
    "Upsample": (lambda rng: nn.Upsample(scale_factor=2, mode="bilinear"), (IMAGE,), {}),
    "ConvTranspose1d": (lambda rng: nn.ConvTranspose1d(5, 3, 3, rng, stride=2), (SEQUENCE,), {}),
    "CBOW": (
        lambda rng: nn.CBOW(9, 8, nn.HierarchicalSoftmax(np.arange(1, 10), 8), rng),
        (ids(B, 5), ids(B)),
        {"reduction": "none"},
    ),
    "CrossAttention": (
        lambda rng: nn.CrossAttention(8, 2, rng, dropout=0.2),
        (SEQUENCE, MEMORY),
        {"rng": 1},
    ),
    "RelativeAttention": (
        lambda rng: nn.RelativeAttention(8, 2, rng, dropout=0.2),
        (SEQUENCE, MASK),
        {"rng": 1},
    ),
    "Dropout": (lambda rng: nn.Dropout(0.3), (SEQUENCE,), {"rng": 1}),
    "Dropout1d": (lambda rng: nn.Dropout1d(0.3), (SEQUENCE,), {"rng": 1}),
    "Dropout2d": (lambda rng: nn.Dropout2d(0.3), (IMAGE,), {"rng": 1}),
    "Dropout3d": (lambda rng: nn.Dropout3d(0.3), (VOLUME,), {"rng": 1}),
    "ELU": (lambda rng: nn.ELU(), (SEQUENCE,), {}),
    "Embedding": (lambda rng: nn.Embedding(9, 8, rng), (ids(B, 5),), {}),
    "EmbeddingBag": (lambda rng: nn.EmbeddingBag(9, 8, rng), (ids(B, 5), MASK), {}),
    "EncoderDecoder": (
        lambda rng: nn.EncoderDecoder(
            nn.EncoderDecoderConfig(
                source_vocabulary=9, target_vocabulary=9, width=8, heads=2, hidden=12
            ),
            rng,
        ),
        (ids(B, 5), ids(B, 4), MASK),
        {"rng": 1},
    ),
    "EntityTagger": (
        lambda rng: nn.EntityTagger(TAGGER, rng, unknown_id=1),
        (Sentences.of(ids(B, 5), ids(B, 5, 7), ids(B, 5), MASK),),
        {"rng": 1},
    ),
    "FeedForward": (lambda rng: nn.FeedForward(8, 12, rng, dropout=0.2), (SEQUENCE,), {"rng": 1}),
    "Flatten": (lambda rng: nn.Flatten(), (IMAGE,), {}),
    "GELU": (lambda rng: nn.GELU(exact=True), (SEQUENCE,), {}),
    "GRU": (lambda rng: nn.GRU(8, 3, rng, bidirectional=True), (SEQUENCE, MASK), {}),
    "GRUCell": (lambda rng: nn.GRUCell(8, 3, rng), (MEAN, STATE), {}),
    "GlobalAvgPool": (lambda rng: nn.GlobalAvgPool(), (IMAGE,), {}),
    "GlobalMaxPool": (lambda rng: nn.GlobalMaxPool(), (IMAGE,), {}),
    "GroupNorm": (lambda rng: nn.GroupNorm(2, 4), (IMAGE,), {}),
    "HierarchicalSoftmax": (
        lambda rng: nn.HierarchicalSoftmax(np.arange(1, 10), 8),
        (floats(B, 8), ids(B)),
        {"reduction": "none"},
    ),
    "LSTM": (lambda rng: nn.LSTM(8, 3, rng, layers=2, dropout=0.2), (SEQUENCE, MASK), {"rng": 1}),
    "LSTMCell": (lambda rng: nn.LSTMCell(8, 3, rng), (MEAN,), {}),
    "Lambda": (lambda rng: nn.Lambda(lambda x: x * 2), (SEQUENCE,), {}),
    "LanguageModel": (
        lambda rng: nn.LanguageModel(nn.LanguageModelConfig(**TABLES), rng),
        (ids(B, 5), MASK),
        {"rng": 1},
    ),
    "LayerNorm": (lambda rng: nn.LayerNorm(8), (SEQUENCE,), {}),
    "LeakyReLU": (lambda rng: nn.LeakyReLU(), (SEQUENCE,), {}),
    "LearnedPositions": (lambda rng: nn.LearnedPositions(5, 8, rng), (SEQUENCE,), {}),
    "Linear": (lambda rng: nn.Linear(8, 3, rng), (SEQUENCE,), {}),
    "LinearChainCRF": (
        lambda rng: nn.LinearChainCRF(8, rng),
        (SEQUENCE, ids(B, 5, v=8), MASK),
        {"reduction": "none"},
    ),
    "LogSoftmax": (lambda rng: nn.LogSoftmax(), (SEQUENCE,), {}),
    "MaxPool1d": (lambda rng: nn.MaxPool1d(2), (SEQUENCE,), {}),
    "MaxPool2d": (lambda rng: nn.MaxPool2d(2), (IMAGE,), {}),
    "NegativeSampling": (
        lambda rng: nn.NegativeSampling(9, 8),
        (floats(B, 8), ids(B), ids(B, 4)),
        {"reduction": "none"},
    ),
    "MeanOfWords": (lambda rng: nn.MeanOfWords(9, 8, rng), (ids(B, 5), MASK), {"rng": 1}),
    "PairClassifier": (
        lambda rng: nn.PairClassifier(nn.PairClassifierConfig(**TABLES), rng),
        (Pairs(ids(B, 5), ids(B, 5, v=2), ids(B, 5, v=3), MASK),),
        {"rng": 1},
    ),
    "Parallel": (
        lambda rng: nn.Parallel(nn.Linear(8, 3, rng), nn.Dropout(0.2)),
        (SEQUENCE,),
        {"rng": 1},
    ),
    "RMSNorm": (lambda rng: nn.RMSNorm(8), (SEQUENCE,), {}),
    "RNN": (lambda rng: nn.RNN(8, 3, rng), (SEQUENCE, MASK), {}),
    "RNNCell": (lambda rng: nn.RNNCell(8, 3, rng), (MEAN, STATE), {}),
    "ReLU": (lambda rng: nn.ReLU(), (SEQUENCE,), {}),
    "Residual": (lambda rng: nn.Residual(nn.Linear(8, 8, rng)), (SEQUENCE,), {}),
    "SelfAttention": (
        lambda rng: nn.SelfAttention(
            8, 2, rng, dropout=0.2, causal=True, positions=nn.RelativeBias(2, rng)
        ),
        (SEQUENCE, MASK),
        {"rng": 1},
    ),
    "Sequential": (
        lambda rng: nn.Sequential(nn.Linear(8, 3, rng), nn.ReLU(), nn.Dropout(0.2)),
        (SEQUENCE,),
        {"rng": 1},
    ),
    "SkipGram": (
        lambda rng: nn.SkipGram(9, 8, nn.NegativeSampling(9, 8), rng),
        (ids(B), ids(B), ids(B, 4)),
        {"reduction": "none"},
    ),
    "SiLU": (lambda rng: nn.SiLU(), (SEQUENCE,), {}),
    "Sigmoid": (lambda rng: nn.Sigmoid(), (SEQUENCE,), {}),
    "SinusoidalPositions": (lambda rng: nn.SinusoidalPositions(5, 8), (SEQUENCE,), {}),
    "Softmax": (lambda rng: nn.Softmax(), (SEQUENCE,), {}),
    "Tanh": (lambda rng: nn.Tanh(), (SEQUENCE,), {}),
    "TransformerDecoder": (
        lambda rng: nn.TransformerDecoder(
            nn.TransformerConfig(width=8, heads=2, hidden=12, layers=2), rng
        ),
        (SEQUENCE, MEMORY),
        {"rng": 1},
    ),
    "TransformerEncoder": (
        lambda rng: nn.TransformerEncoder(
            nn.TransformerConfig(width=8, heads=2, hidden=12, layers=2), rng
        ),
        (SEQUENCE, MASK),
        {"rng": 1},
    ),
    "TransformerLayer": (
        lambda rng: nn.TransformerLayer(
            nn.TransformerConfig(width=8, heads=2, hidden=12, norm_first=False), rng, causal=True
        ),
        (SEQUENCE, MASK),
        {"rng": 1},
    ),
}


def make(name: str, seed: int = 0) -> nn.Module:
    return MODULES[name][0](stream(seed))


def call(module: nn.Module, name: str, rows: Any = slice(None), **more: Any) -> list[Tensor]:
    """All outputs. Floating inputs become leaves; rng: a seed in the table."""
    _, inputs, settings = MODULES[name]
    settings = {**settings, **more}
    if "rng" in settings:
        settings["rng"] = stream(settings["rng"])
    given = [x[rows] if isinstance(x, np.ndarray) else x.rows(rows) for x in inputs]
    given = [
        Tensor(x, requires_grad=True) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x
        for x in given
    ]
    return list(flat(module(*given, **settings)))


def flat(output: Any) -> Iterator[Tensor]:
    if isinstance(output, Tensor):
        yield output
    else:
        for item in output:
            yield from flat(item)
