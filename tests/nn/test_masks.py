"""Masks of every model: what does not fit is refused, and what padding holds has no influence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from inputs import Pairs, Sentences, stream

import pmt_nn as nn
from pmt_autograd import Tensor, gradients, masked
from pmt_core import PmtError

B, T, D = 3, 5, 8
MASK = np.arange(T) < np.array([[5], [3], [1]])
X = stream(2).normal(size=(B, T, D)).astype(np.float32)
IDS = stream(3).integers(1, 9, (B, T))
SIZES: dict[str, Any] = {"width": D, "heads": 2, "hidden": 12, "layers": 2, "dropout": 0.0}
POSITIONS = ("none", "rotary", "alibi", "relative", "tener")


def encoder(positions: str = "none") -> nn.TransformerEncoder:
    return nn.TransformerEncoder(nn.TransformerConfig(positions=positions, **SIZES), stream())


def pair_classifier() -> Callable[[Any], Any]:
    model = nn.PairClassifier(nn.PairClassifierConfig(vocabulary=9, **SIZES), stream())
    return lambda mask: model(Pairs(IDS, IDS % 2, IDS % 3, mask))


def tagger() -> Callable[[Any], Any]:
    config = nn.EntityTaggerConfig(words=9, characters=9, shapes=9, tags=4, **SIZES)
    model = nn.EntityTagger(config, stream(), unknown_id=1).eval()
    return lambda mask: model(Sentences.of(IDS, stream(4).integers(1, 9, (B, T, 4)), IDS, mask))


def bert() -> Callable[[Any], Any]:
    model = nn.Bert(nn.BertConfig(vocabulary=9, max_length=T, **SIZES), stream())
    return lambda mask: model(IDS, mask)


def translation() -> nn.EncoderDecoder:
    config = nn.EncoderDecoderConfig(source_vocabulary=9, target_vocabulary=9, **SIZES)
    return nn.EncoderDecoder(config, stream())


def language_model() -> Callable[[Any], Any]:
    model = nn.LanguageModel(nn.LanguageModelConfig(vocabulary=9, **SIZES), stream())
    return lambda mask: model(IDS, mask)


def crf() -> Callable[[Any], Any]:
    layer = nn.LinearChainCRF(D, stream())
    return lambda mask: (layer(Tensor(X), IDS % D, mask), layer.decode(X, mask))


MASKED: dict[str, Callable[[], Callable[[Any], Any]]] = {
    **{f"encoder {kind}": lambda kind=kind: lambda m: encoder(kind)(X, m) for kind in POSITIONS},
    "self-attention": lambda: lambda m: nn.SelfAttention(D, 2, stream())(X, m),
    "causal self-attention": lambda: lambda m: nn.SelfAttention(D, 2, stream(), causal=True)(X, m),
    "relative attention": lambda: lambda m: nn.RelativeAttention(D, 2, stream())(X, m),
    "cross-attention": lambda: lambda m: nn.CrossAttention(D, 2, stream())(X, X, m),
    "RNN": lambda: lambda m: nn.RNN(D, 3, stream())(X, m)[0],
    "GRU": lambda: lambda m: nn.GRU(D, 3, stream(), bidirectional=True)(X, m)[0],
    "LSTM": lambda: lambda m: nn.LSTM(D, 3, stream())(X, m)[0],
    "masked mean": lambda: lambda m: nn.masked_mean(Tensor(X), m),
    "mean of words": lambda: lambda m: nn.MeanOfWords(9, D, stream(), dropout=0.0)(IDS, m),
    "CRF": crf,
    "pair classifier": pair_classifier,
    "tagger": tagger,
    "BERT": bert,
    "source": lambda: lambda m: translation()(IDS, IDS, source_mask=m),
    "target": lambda: lambda m: translation()(IDS, IDS, target_mask=m),
    "language model": language_model,
}
every = pytest.mark.parametrize("name", MASKED)
WRONG = {
    "longer": np.ones((B, T + 1), bool),
    "shorter": np.ones((B, T - 1), bool),
    "transposed": np.ones((T, B), bool),
    "of one row": np.ones((1, T), bool),
    "of one column": np.ones((B, 1), bool),
    "of numbers": np.ones((B, T)),
    "of integers": np.ones((B, T), np.int64),
    "of one axis": np.ones(T, bool),
}


@every
def test_a_mask_that_fits_is_taken(name: str) -> None:
    MASKED[name]()(MASK)


@pytest.mark.parametrize("wrong", WRONG)
@every
def test_a_mask_that_does_not_fit_is_refused_even_if_it_is_true_throughout(name, wrong) -> None:
    with pytest.raises(PmtError, match=r"mask|expected|shape"):
        MASKED[name]()(WRONG[wrong])


def padded_with(value: float) -> Tensor:
    return Tensor(np.where(MASK[..., np.newaxis], X, np.float32(value)), requires_grad=True)


PAIRS = MASK[:, np.newaxis] & np.broadcast_to(MASK[:, :, np.newaxis], (B, T, T))
Call = Callable[[Any, Tensor], Tensor]
# name: a module with a mask, and its call
LAYERS: dict[str, tuple[Callable[[], nn.Module | None], Call]] = {
    **{f"encoder {k}": (lambda k=k: encoder(k), lambda m, x: m(x, MASK)) for k in POSITIONS},
    "encoder, mask of pairs": (encoder, lambda m, x: m(x, PAIRS)),
    "layer": (lambda: encoder().layers[0], lambda m, x: m(x, MASK)),
    "self-attention": (lambda: nn.SelfAttention(D, 2, stream()), lambda m, x: m(x, MASK)),
    "attention of pairs": (lambda: nn.SelfAttention(D, 2, stream()), lambda m, x: m(x, PAIRS)),
    "relative attention": (lambda: nn.RelativeAttention(D, 2, stream()), lambda m, x: m(x, MASK)),
    "RNN": (lambda: nn.RNN(D, 3, stream()), lambda m, x: m(x, MASK)[0]),
    "GRU": (lambda: nn.GRU(D, 3, stream(), bidirectional=True), lambda m, x: m(x, MASK)[0]),
    "LSTM": (lambda: nn.LSTM(D, 3, stream(), layers=2), lambda m, x: m(x, MASK)[0]),
    "masked mean": (lambda: None, lambda m, x: nn.masked_mean(x, MASK)),
    "CRF": (lambda: nn.LinearChainCRF(D, stream()), lambda m, x: m(x, IDS % D, MASK)),
    "cross-attention": (
        lambda: nn.CrossAttention(D, 2, stream()),
        lambda m, x: m(Tensor(X[:, :2]), x, MASK),
    ),
}
OF_SEQUENCES = ("masked mean", "CRF", "cross-attention")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e38])
@pytest.mark.parametrize("name", LAYERS)
def test_what_padding_holds_has_no_influence(name: str, value: float) -> None:
    make, call = LAYERS[name]
    module = make()
    results = []
    for x in (padded_with(0.25), padded_with(value)):
        with np.errstate(over="ignore"):  # 1e38 of a post-norm layer
            y = call(module, x)
        if name not in OF_SEQUENCES:
            y = masked(y, mask=MASK[..., np.newaxis])
        grads = gradients(nn.huber(y, np.zeros(y.shape), reduction="sum"))
        assert (grads[x][~MASK] == 0).all()
        parameters = [] if module is None else list(module.parameters())
        results.append([y.data, grads[x], *(grads[p] for p in parameters if p in grads)])
    for clean, spoiled in zip(*results, strict=True):
        assert np.isfinite(clean).all()
        np.testing.assert_allclose(spoiled, clean, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("composed", [False, True])
def test_a_query_without_keys_cuts_an_infinite_gradient(composed: bool) -> None:
    q = Tensor(X, requires_grad=True)
    mask = np.ones((B, T, T), bool)
    mask[0, 2] = False
    operation = nn.attention.composed if composed else nn.attention
    y = operation(q, q, q, heads=2, mask=mask)
    assert (y.data[0, 2] == 0).all()
    grad = np.ones(y.shape, np.float32)
    grad[0, 2] = np.inf
    assert np.isfinite(gradients(y, grad)[q]).all()


@pytest.mark.parametrize("kind", POSITIONS)
def test_the_gradient_at_padding_is_exactly_zero(kind: str) -> None:
    x = Tensor(X, requires_grad=True)
    y = encoder(kind)(x, MASK)
    assert (y.data[~MASK] == 0).all()
    grad = np.where(MASK[..., np.newaxis], 1, np.inf).astype(np.float32) * np.ones_like(X)
    by_x = gradients(y, grad)[x]
    assert (by_x[~MASK] == 0).all()
    assert np.isfinite(by_x).all()
