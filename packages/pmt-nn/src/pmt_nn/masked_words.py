"""Guessing hidden words of a pair: masked language modelling (Devlin et al. 2018, section 3.1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor
from pmt_core import SettingsError
from pmt_nn.attention import Mask
from pmt_nn.cross_entropy import IGNORE, cross_entropy
from pmt_nn.gelu import gelu
from pmt_nn.layer_norm import LayerNorm
from pmt_nn.linear import Linear
from pmt_nn.module import Module
from pmt_nn.pair_classifier import PairClassifier
from pmt_nn.parameter import Parameter
from pmt_nn.tied_linear import tied_linear


class MaskedWords(Module):
    """A `PairClassifier` that guesses hidden words from all that is left of both texts.

    Where the two say the same, the best clue to a hidden word stands in the other text: so the
    reader learns which words and phrases stand for each other, without any label.

    The vector at a hidden place goes through a linear layer, GELU and a norm, and is compared with
    the reader's own word vectors. guessed: only ids below it are guessed; the rarest words of a
    vocabulary in the order of frequency are much work and little use.

    Attributes:
        reader: what is trained; its weights are what remains.
    """

    def __init__(
        self,
        reader: PairClassifier,
        guessed: int,
        rng: np.random.Generator,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        words, d = reader.words.weight.shape
        if not 1 <= guessed <= words:
            raise SettingsError(f"guessed lies in 1 ... {words}, the vocabulary, got {guessed}")
        self.reader = reader
        self.guessed = guessed
        self.transform = Linear(d, d, rng, dtype)
        self.norm = LayerNorm(d, dtype=dtype)
        self.bias = Parameter(np.zeros(guessed, dtype))

    def forward(
        self,
        ids: NDArray[np.integer],
        segments: NDArray[np.integer],
        matches: NDArray[np.integer],
        mask: Mask,
        labels: NDArray[np.integer],
        *,
        rng: np.random.Generator | None = None,
    ) -> Tensor:
        """The cross-entropy of each pair's hidden words, summed: (b,). For their number: `count`.

        All (b, t), as for `PairClassifier`; ids: with words hidden. labels: the ids that were
        there, `IGNORE` where nothing is to be guessed. A label that is not below `guessed` counts
        nothing. A hidden word's match would tell what the word is, and is hidden with it.
        """
        read = np.where(labels == IGNORE, matches, 0)
        x = self.reader.read(ids, segments, read, mask, rng=rng)  # (b, t, d)
        places = np.flatnonzero(self._counted(labels))
        vectors = x.reshape(-1, x.shape[-1])[places]  # (n, d)
        vectors = self.norm(gelu(self.transform(vectors)))
        table: Tensor = self.reader.words.weight
        if self.guessed < len(table):
            table = table[: self.guessed]
        logits = tied_linear(vectors, table, self.bias)
        losses = cross_entropy(logits, labels.reshape(-1)[places], reduction="none")  # (n,)
        of_pair = places // labels.shape[1] == np.arange(len(labels))[:, np.newaxis]  # (b, n)
        return Tensor(of_pair.astype(losses.dtype)) @ losses

    def count(self, labels: NDArray[np.integer]) -> int:
        """How many words are to be guessed: what the sum of the losses is divided by."""
        return int(np.count_nonzero(self._counted(labels)))

    def _counted(self, labels: NDArray[np.integer]) -> NDArray[np.bool_]:
        counted: NDArray[np.bool_] = (labels != IGNORE) & (labels < self.guessed)
        return counted
