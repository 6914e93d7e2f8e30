"""Which words decided about a pair: gradient times input, or what changes without a word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_apps.qqp.models.pair_model import PairModel, log_odds
from pmt_apps.qqp.models.product import ProductPairModel
from pmt_apps.qqp.models.transformer import TransformerPairModel
from pmt_autograd import Tensor, no_grad
from pmt_nn import PairClassifier, capture
from pmt_text import CLS, SEP, PairBatch, tokenize
from pmt_train import Workers

GRADIENT, REMOVAL = "gradient times input", "removal"
GRADIENT_AND_REMOVAL = f"{GRADIENT}; of n-grams what is lost without the word"
_MOST_REMOVED = 200  # words of a pair that are left out in turn


@dataclass(frozen=True, slots=True, eq=False)
class PairScores:
    """The words of two texts, and what each contributes to the log-odds of "duplicate".

    Attributes:
        method: GRADIENT, REMOVAL, or GRADIENT_AND_REMOVAL.
        words: of both texts, w1 and w2 as far as the model reads them.
        scores: (w1,) and (w2,).
    """

    method: str
    words: tuple[list[str], list[str]]
    scores: tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class HeadAttention:
    """The attention of each head of each layer between the words of two texts.

    Rows need not sum to 1: the rest is attention to the same text and to special tokens.

    Attributes:
        weights12: (layers, heads, w1, w2), attention of the first text's words to the second's.
        weights21: (layers, heads, w2, w1), attention of the second text's words to the first's.
    """

    weights12: NDArray[np.floating]
    weights21: NDArray[np.floating]


def pair_scores(model: PairModel[Any], texts: tuple[str, str], workers: Workers) -> PairScores:
    """Return what each word of a pair contributes to the log-odds of "duplicate".

    For a `TransformerPairModel` it is x . d log-odds / dx of the input x of the encoder at the
    word, to first order (Simonyan et al. 2013; Shrikumar et al. 2017), averaged over the members
    and both orders. Features of the pair beside its words have no part in it. For other models it
    is what the log-odds lose without the word. For a `ProductPairModel` it is the weighted sum of
    both.
    """
    if isinstance(model, TransformerPairModel):
        return _by_gradient(model, texts)
    if isinstance(model, ProductPairModel):
        return _of_product(model, texts, workers)
    return _by_removal(model, texts, workers)


def head_attention(model: PairModel[Any], texts: tuple[str, str]) -> HeadAttention | None:
    """Return the attention of the first member of a Transformer; None for other models."""
    if isinstance(model, ProductPairModel):
        model = model.transformer
    if not isinstance(model, TransformerPairModel):
        return None
    batch = model.encode([texts]).batch(np.array([0]))
    model.module.eval()
    with capture(model.classifier) as captured, no_grad():
        model.classifier(batch)
    layers = [array[0] for name, array in captured.items() if name.endswith("attention.weights")]
    weights = np.stack(layers)  # (layers, heads, t, t)
    first, second = _positions(batch)
    return HeadAttention(
        weights[:, :, first[:, np.newaxis], second], weights[:, :, second[:, np.newaxis], first]
    )


def _positions(batch: PairBatch) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the words of both texts are in a batch of one pair."""
    is_word = batch.mask[0] & ~np.isin(batch.ids[0], (CLS, SEP))
    first, second = (np.flatnonzero(is_word & (batch.segments[0] == part)) for part in (0, 1))
    return first, second


def _by_gradient(model: TransformerPairModel, texts: tuple[str, str]) -> PairScores:
    batch = model.encode([texts]).batch(np.array([0]))
    swapped = batch.swapped()
    first, second = _positions(batch)
    second_swapped, first_swapped = _positions(swapped)
    model.module.eval()
    scores1, scores2 = np.zeros(len(first)), np.zeros(len(second))
    for member in model.module.members:
        tokens, tokens_swapped = _token_scores(member, batch), _token_scores(member, swapped)
        scores1 += tokens[first] + tokens_swapped[first_swapped]
        scores2 += tokens[second] + tokens_swapped[second_swapped]
    model.module.zero_grad()
    passes = 2 * len(model.module.members)
    split = model.encoder.tokenize
    words = split(texts[0])[: len(first)], split(texts[1])[: len(second)]
    return PairScores(GRADIENT, words, (scores1 / passes, scores2 / passes))


def _token_scores(classifier: PairClassifier, batch: PairBatch) -> NDArray[np.float64]:
    """Return the contribution of each token of a batch of one pair, (t,)."""
    with no_grad():
        embedded = classifier.embed(batch).data
    x = Tensor(embedded.copy(), requires_grad=True)
    logits = classifier.logits(x, batch)
    (logits[0, 1] - logits[0, 0]).backward()
    products = x.data * np.asarray(x.grad)
    return np.asarray(products[0].sum(axis=-1), np.float64)


def _by_removal(model: PairModel[Any], texts: tuple[str, str], workers: Workers) -> PairScores:
    split: Callable[[str], list[str]] = getattr(model, "tokenize", tokenize)
    words = split(texts[0])[:_MOST_REMOVED], split(texts[1])[:_MOST_REMOVED]
    pairs = [(" ".join(words[0]), " ".join(words[1]))]
    pairs += [(_without(words[0], i), pairs[0][1]) for i in range(len(words[0]))]
    pairs += [(pairs[0][0], _without(words[1], i)) for i in range(len(words[1]))]
    odds = log_odds(model.predict(pairs, workers))
    scores = odds[0] - odds[1:]
    return PairScores(REMOVAL, words, (scores[: len(words[0])], scores[len(words[0]) :]))


def _of_product(model: ProductPairModel, texts: tuple[str, str], workers: Workers) -> PairScores:
    transformer = _by_gradient(model.transformer, texts)
    ngrams = _by_removal(model.ngrams, texts, workers)
    weight, ngrams_weight = model.part_weights
    first, second = (weight * scores for scores in transformer.scores)
    for scores, others in zip((first, second), ngrams.scores, strict=True):
        n = min(len(scores), len(others))
        scores[:n] += ngrams_weight * others[:n]
    return PairScores(GRADIENT_AND_REMOVAL, transformer.words, (first, second))


def _without(words: Sequence[str], i: int) -> str:
    return " ".join([*words[:i], *words[i + 1 :]])
