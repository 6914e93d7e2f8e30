"""`DocumentContext`: what the document of a sentence is about, as means of word vectors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Tensor
from pmt_core import SettingsError
from pmt_nn.layers.dropout import stream_of_pass
from pmt_nn.layers.linear import Linear
from pmt_nn.masks import Ids, Rng
from pmt_nn.module.module import Module

_WITHOUT = 0.1  # in training, fraction of the sentences whose context is left out


class DocumentContext(Module):
    """Linear maps of the mean vectors of words of a document and of neighboring sentences.

    A name that is a city in politics is a team in sports; the other words of the document tell
    which of them it is about.

    Args:
        e: width of the word vectors.
        d: width of the result.
        rng: stream of the initial weights.
        dropout: rate at which words of the document are left out in training.
        near_dropout: that of words of neighboring sentences.
    """

    def __init__(
        self,
        e: int,
        d: int,
        rng: np.random.Generator,
        *,
        dropout: float = 0.5,
        near_dropout: float = 0.3,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.document = MeanContext(e, d, rng, dropout=dropout, dtype=dtype)
        self.neighbors = MeanContext(e, d, rng, dropout=near_dropout, dtype=dtype)

    def forward(
        self, context: Ids, neighbors: Ids, embed: Callable[[Ids], Tensor], *, rng: Rng = None
    ) -> Tensor:
        """Return a vector for each sentence, (b, 1, d).

        Args:
            context: ids of words of each document, padded with 0, (b, n).
            neighbors: ids of words of neighboring sentences, likewise.
            embed: from ids (b, k) to vectors (b, k, e).
            rng: of the words that are left out in training.
        """
        of_document: Tensor = self.document(context, embed, rng=rng)
        near: Tensor = self.neighbors(neighbors, embed, rng=rng)
        return of_document + near


class MeanContext(Module):
    """A linear map of the mean vector of words.

    In training, words are left out at random, and sometimes all words, so that sentences without
    a document are known, too.

    Args:
        e: width of the word vectors.
        d: width of the result.
        rng: stream of the initial weights.
        dropout: rate at which words are left out in training.
    """

    def __init__(
        self,
        e: int,
        d: int,
        rng: np.random.Generator,
        *,
        dropout: float = 0.5,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if not 0 <= dropout < 1:
            raise SettingsError(f"dropout of the context is at least 0 and below 1, got {dropout}")
        self.rate = dropout
        self.linear = Linear(e, d, rng, bias=False, dtype=dtype)

    def forward(self, ids: Ids, embed: Callable[[Ids], Tensor], *, rng: Rng = None) -> Tensor:
        """Return a vector for each list of words, (b, 1, d), zeros for one without words.

        Args:
            ids: of the words, padded with 0, (b, n).
            embed: from ids (b, k) to vectors (b, k, e).
            rng: of the words that are left out in training.
        """
        is_kept = ids > 0
        if self.training and self.rate:
            rng = stream_of_pass(rng)
            is_kept &= rng.random(ids.shape) >= self.rate
            is_kept &= rng.random((len(ids), 1)) >= _WITHOUT
        count = is_kept.sum(axis=1, keepdims=True)
        n = int(count.max(initial=0))
        order = np.argsort(~is_kept, axis=1, kind="stable")[:, :n]  # the words that are kept first
        weights = np.take_along_axis(is_kept, order, axis=1) / np.maximum(count, 1)
        vectors = embed(np.take_along_axis(ids, order, axis=1))
        mean = Tensor(weights[:, np.newaxis].astype(self.linear.weight.dtype)) @ vectors
        projected: Tensor = self.linear(mean)
        return projected
