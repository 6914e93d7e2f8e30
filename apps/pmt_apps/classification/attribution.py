"""Which words decided: gradient times input of a predicted class, by words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_apps.classification.text_model import TextModel
from pmt_autograd import Tensor, logsumexp


@dataclass(frozen=True, slots=True, eq=False)
class WordScores:
    """The words of a text and what each contributes to the log-odds of a class.

    Attributes:
        words: (w,).
        scores: (w,); positive: for the class.
    """

    words: list[str]
    scores: NDArray[np.float64]


def word_scores(model: TextModel, texts: Sequence[str], classes: Sequence[int]) -> list[WordScores]:
    """Return what each word of each text contributes to the log-odds of its given class.

    The contribution of an input x is x . d log-odds / dx: exact for a linear model, to first order
    for others (Simonyan et al. 2013; Shrikumar et al. 2017). It is summed over the parts of a word:
    the vectors of its tokens and its share of the weights of n-grams.
    """
    model.network.eval()
    return [_scores(model, model.words(text), k) for text, k in zip(texts, classes, strict=True)]


def _scores(model: TextModel, words: list[str], k: int) -> WordScores:
    batch = model.encode_words([words]).batch(np.array([0]))
    embedded = model.network.embed(batch)
    vectors = None if embedded is None else Tensor(embedded.data.copy(), requires_grad=True)
    weights = Tensor(batch.weights.copy(), requires_grad=True)
    logits = model.network.logits(vectors, weights, batch)
    others = [i for i in range(len(model.labels)) if i != k]
    score = logits[0, k]
    if others and not model.labels.several:
        score = score - logsumexp(logits[0, np.array(others)], axis=-1)
    score.backward()
    tokens = np.zeros(batch.ids.shape[1])
    if vectors is not None and vectors.grad is not None:
        tokens = np.asarray((vectors.data * vectors.grad)[0].sum(axis=-1), np.float64)
    grams = np.zeros(batch.grams.shape[1])
    if weights.grad is not None:
        grams = np.asarray((weights.data * weights.grad)[0], np.float64)
    scores = model.word_scores(words, tokens * batch.mask[0], batch.grams[0], grams)
    return WordScores(words, scores)
