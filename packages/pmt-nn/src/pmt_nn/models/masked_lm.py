"""Masked language modeling (Devlin et al. 2018, section 3.1) for taggers and pair classifiers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor
from pmt_core import IGNORE_LABEL, SettingsError
from pmt_nn.layers.gelu import gelu
from pmt_nn.layers.linear import Linear
from pmt_nn.layers.normalization import LayerNorm
from pmt_nn.losses.tied_cross_entropy import tied_cross_entropy
from pmt_nn.models.entity_tagger import EntityTagger, TaggedInputs
from pmt_nn.models.pair_classifier import PairClassifier, PairInputs
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


class _MaskedModel(Module):
    """Base of the masked language models: the head that predicts masked words.

    The encoder's vector at a masked position goes through a linear layer, GELU and a layer norm;
    the output layer is tied to the word embedding.

    Args:
        width: width of the encoder.
        words: word embedding (v, word width).
        output_vocabulary: only ids below it are predicted. In a vocabulary sorted by frequency
            the rarest words cost much and teach little.
        rng: random stream of the initial weights.
        dtype: dtype of the parameters.
    """

    def __init__(
        self,
        width: int,
        words: Tensor,
        output_vocabulary: int,
        rng: np.random.Generator,
        *,
        dtype: DTypeLike,
    ) -> None:
        v, word_width = words.shape
        if not 1 <= output_vocabulary <= v:
            raise SettingsError(
                f"output_vocabulary lies in 1 ... {v}, the learned words, got {output_vocabulary}"
            )
        self.output_vocabulary = output_vocabulary
        self.transform = Linear(width, word_width, rng, dtype=dtype)
        self.norm = LayerNorm(word_width, dtype=dtype)
        self.bias = Parameter(np.zeros(output_vocabulary, dtype))

    def _loss(
        self, encoded: Tensor, words: Tensor, labels: NDArray[np.integer]
    ) -> tuple[Tensor, int]:
        """Return the summed cross-entropy of the labels, and their number.

        encoded: (b, t, d). words: (v, word width). labels: (b, t); `IGNORE_LABEL` and labels
        outside of the output vocabulary do not count.
        """
        counted = (labels != IGNORE_LABEL) & (labels < self.output_vocabulary)
        positions = np.flatnonzero(counted)
        vectors = encoded.reshape(-1, encoded.shape[-1])[positions]  # (n, d)
        vectors = self.norm(gelu(self.transform(vectors)))
        if self.output_vocabulary < len(words):
            words = words[: self.output_vocabulary]
        labels = labels.reshape(-1)[positions]
        return tied_cross_entropy(vectors, words, self.bias, labels), len(positions)


class MaskedPairModel(_MaskedModel):
    """Masked language model of pairs of texts, to pre-train a `PairClassifier`.

    In a pair that says the same twice, the best clue to a masked word is in the other text: the
    encoder learns without labels which words and phrases have the same meaning.

    Args:
        reader: the classifier that is trained, apart from its layers after the encoder.
        output_vocabulary: only ids below it are predicted. In a vocabulary sorted by frequency
            the rarest words cost much and teach little.
        rng: random stream of the head's initial weights.
        dtype: dtype of the head's parameters.
    """

    def __init__(
        self,
        reader: PairClassifier,
        output_vocabulary: int,
        rng: np.random.Generator,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.reader = reader
        width, words = reader.config.width, reader.words.weight
        super().__init__(width, words, output_vocabulary, rng, dtype=dtype)

    def forward(
        self,
        batch: PairInputs,
        ids: NDArray[np.integer],
        labels: NDArray[np.integer],
        *,
        rng: np.random.Generator | None = None,
    ) -> tuple[Tensor, int]:
        """Return the summed cross-entropy of the masked words, and their number.

        Args:
            batch: the pairs, a dataclass. The match type of a masked word is masked, too.
            ids: (b, t) the batch's ids with words masked.
            labels: (b, t) the ids of masked words, `IGNORE_LABEL` elsewhere. A label outside of the
                output vocabulary does not count.
            rng: random stream of dropout, required in training if the rate is above 0.
        """
        match_types = np.where(labels == IGNORE_LABEL, batch.match_types, 0)
        masked = _replaced(batch, ids=ids, match_types=match_types)
        encoded = self.reader.encode(masked, rng=rng)
        return self._loss(encoded, self.reader.words.weight, labels)


class MaskedTagger(_MaskedModel):
    """Masked language model of sentences, to pre-train the encoder of an `EntityTagger`.

    Args:
        tagger: the tagger that is trained, apart from its layers after the encoder.
        output_vocabulary: only ids below it are predicted. In a vocabulary sorted by frequency
            the rarest words cost much and teach little.
        rng: random stream of the head's initial weights.
        mask_id: id of the mask among the characters and the shapes.
        dtype: dtype of the head's parameters.
    """

    def __init__(
        self,
        tagger: EntityTagger,
        output_vocabulary: int,
        rng: np.random.Generator,
        *,
        mask_id: int,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.tagger = tagger
        self.mask_id = mask_id
        width, words = tagger.config.width, tagger.words.weight
        super().__init__(width, words, output_vocabulary, rng, dtype=dtype)

    def forward(
        self,
        batch: TaggedInputs,
        ids: NDArray[np.integer],
        labels: NDArray[np.integer],
        *,
        rng: np.random.Generator | None = None,
    ) -> tuple[Tensor, int]:
        """Return the summed cross-entropy of the masked words, and their number.

        Args:
            batch: the sentences, a dataclass. Spelling and shape of a masked word are masked, too.
            ids: (b, t) the batch's words with some masked.
            labels: (b, t) the ids of masked words, `IGNORE_LABEL` elsewhere. A label outside of the
                output vocabulary does not count.
            rng: random stream of dropout, required in training if a rate is above 0.
        """
        is_masked = labels != IGNORE_LABEL
        mask_spelling = np.zeros_like(batch.characters[:1])
        mask_spelling[:, 0] = self.mask_id
        masked = _replaced(
            batch,
            words=ids,
            characters=np.concatenate([batch.characters, mask_spelling]),
            spelling_ids=np.where(is_masked, len(batch.characters), batch.spelling_ids),
            shapes=np.where(is_masked, self.mask_id, batch.shapes),
        )
        encoded = self.tagger.encode(masked, rng=rng)
        return self._loss(encoded, self.tagger.words.weight, labels)


def _replaced(batch: Any, **arrays: NDArray[Any]) -> Any:
    """Return the batch, a dataclass, with other arrays."""
    return replace(batch, **arrays)
