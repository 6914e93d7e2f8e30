"""Guessing hidden words of a pair: masked language modeling (Devlin et al. 2018, section 3.1).

Guessing hidden words of plain text before tagging (Devlin et al. 2018, section 3.1).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor
from pmt_core import SettingsError
from pmt_nn.layers.gelu import gelu
from pmt_nn.layers.layer_norm import LayerNorm
from pmt_nn.layers.linear import Linear
from pmt_nn.layers.tied_linear import tied_linear
from pmt_nn.losses.cross_entropy import IGNORE, cross_entropy
from pmt_nn.losses.tied_cross_entropy import tied_cross_entropy
from pmt_nn.masks import Mask
from pmt_nn.models.entity_tagger import EntityTagger
from pmt_nn.models.pair_classifier import PairClassifier
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


class MaskedPairModel(Module):
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
        self.transform = Linear(d, d, rng, dtype=dtype)
        self.norm = LayerNorm(d, dtype=dtype)
        self.bias = Parameter(np.zeros(guessed, dtype))

    def forward(
        self,
        ids: NDArray[np.integer],
        segments: NDArray[np.integer],
        match_types: NDArray[np.integer],
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
        read = np.where(labels == IGNORE, match_types, 0)
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


class MaskedTagger(Module):
    """An `EntityTagger` whose encoder guesses hidden words from those around them.

    Hidden are the word, its spelling and its shape. The encoder's vector at a hidden place goes
    through a linear layer, GELU and a norm, and is compared with the tagger's own word vectors.

    guessed: only ids below it are guessed; the rarest words of a vocabulary in the order of
    frequency are much work and little use. hidden: share of the words. mask_id: what stands for a
    hidden word, for its characters (once) and for its shape.

    Attributes:
        tagger: what is trained; all its weights but those of the tags are what remains.
    """

    def __init__(
        self,
        tagger: EntityTagger,
        guessed: int,
        rng: np.random.Generator,
        *,
        hidden: float = 0.15,
        mask_id: int = 4,
        dtype: DTypeLike = np.float32,
    ) -> None:
        learned, width = tagger.words.weight.shape
        if not mask_id < guessed <= learned:
            raise SettingsError(
                f"guessed lies above the mask's id {mask_id} and up to the {learned} learned "
                f"words, got {guessed}"
            )
        if not 0 < hidden < 1:
            raise SettingsError(f"the share of hidden words lies in 0 < hidden < 1, got {hidden}")
        self.tagger = tagger
        self.guessed = guessed
        self.hidden = hidden
        self.mask_id = mask_id
        self.transform = Linear(tagger.config.width, width, rng, dtype=dtype)
        self.norm = LayerNorm(width, dtype=dtype)
        self.bias = Parameter(np.zeros(guessed, dtype))

    def forward(
        self,
        words: NDArray[np.integer],
        characters: NDArray[np.integer],
        shapes: NDArray[np.integer],
        mask: Mask | None = None,
        spelling_ids: NDArray[np.integer] | None = None,
        *,
        rng: np.random.Generator,
    ) -> tuple[Tensor, int]:
        """The sum of the cross-entropy of the words hidden in this pass, and their number.

        Arguments as for `EntityTagger.forward`. rng: draws what is hidden, and dropout. Hidden is
        only what can be guessed: special ids up to the mask's stay, and so do those from
        `guessed` on.
        """
        gone = (words > self.mask_id) & (words < self.guessed)
        gone &= rng.random(words.shape) < self.hidden
        seen = np.where(gone, self.mask_id, words)
        characters, spelling_ids = self._without(characters, spelling_ids, gone)
        encoded = self.tagger.encode(
            seen, characters, np.where(gone, self.mask_id, shapes), mask, spelling_ids, rng=rng
        )
        places = np.flatnonzero(gone)
        vectors = encoded.reshape(-1, encoded.shape[-1])[places]  # (n, d)
        vectors = self.norm(gelu(self.transform(vectors)))
        table: Tensor = self.tagger.words.weight
        if self.guessed < len(table):
            table = table[: self.guessed]
        return tied_cross_entropy(vectors, table, self.bias, words.reshape(-1)[places]), len(places)

    def _without(
        self,
        characters: NDArray[np.integer],
        spelling_ids: NDArray[np.integer] | None,
        gone: NDArray[np.bool_],
    ) -> tuple[NDArray[np.integer], NDArray[np.integer] | None]:
        """Characters and spelling_ids in which hidden words are spelled as one mask."""
        spelled = np.zeros_like(characters[..., :1, :])
        spelled[..., 0] = self.mask_id
        if spelling_ids is None:
            return np.where(gone[..., np.newaxis], spelled, characters), None
        return np.concatenate([characters, spelled]), np.where(gone, len(characters), spelling_ids)
