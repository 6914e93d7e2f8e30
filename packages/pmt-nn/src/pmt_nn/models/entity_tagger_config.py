"""Sizes and rates of an `EntityTagger`, and the batches that it reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pmt_core import SettingsError
from pmt_nn.masks import Ids, Mask
from pmt_nn.transformer.config import TransformerConfig


class TaggedInputs(Protocol):
    """A batch of sentences, any object with these arrays; 0 is the id of padding."""

    @property
    def words(self) -> Ids:
        """Word ids (b, t)."""

    @property
    def shapes(self) -> Ids:
        """Ids of the words' shapes (b, t)."""

    @property
    def characters(self) -> Ids:
        """Character ids of the u different spellings, 0 after the last one, (u, c)."""

    @property
    def spelling_ids(self) -> Ids:
        """Row of `characters` of each word, (b, t)."""

    @property
    def mask(self) -> Mask:
        """True at words, (b, t)."""

    @property
    def context(self) -> Ids | None:
        """Ids (b, n) of words of the document of each sentence; None if it is not known."""

    @property
    def neighbors(self) -> Ids | None:
        """Ids (b, n) of words of neighboring sentences; None likewise."""

    @property
    def tags(self) -> Ids | None:
        """Tag ids (b, t), or None if they are not known."""


@dataclass(frozen=True, kw_only=True)
class EntityTaggerConfig(TransformerConfig):
    """Settings of an `EntityTagger`, added to those of its encoder.

    Attributes:
        words, characters, shapes, tags: numbers of ids; 0 is padding.
        learned: number of words with a learned vector, the first ones; the others are unknown
            words to it and have a given vector only. 0: all are learned.
        vector_width: width of the given vectors; 0 if there are none.
        tune_vectors: whether given vectors are trained.
        word_width: width of the learned word vectors.
        character_width: width of the character embeddings.
        filters: number of filters over the characters.
        kernel_size: number of characters that a filter covers.
        shape_width: width of the shape embeddings.
        input_dropout: dropout rate of the concatenated embeddings.
        word_dropout: a; a word seen n times in training is replaced by the unknown word with
            probability a / (a + n) (Kiperwasser & Goldberg 2016), so that the vector of the
            unknown word is learned.
        document_context: whether what the document and the neighboring sentences are about is
            added to the input of each word.
        context_dropout, near_dropout: rates at which words of the document and of neighboring
            sentences are left out in training.

    Examples:
        >>> from pmt_nn import EntityTaggerConfig
        >>> config = EntityTaggerConfig(words=20_000, characters=100, shapes=50, tags=9)
        >>> config.word_width + config.filters + config.shape_width  # width of the input of a word
        180
    """

    words: int
    characters: int
    shapes: int
    tags: int
    learned: int = 0
    vector_width: int = 0
    tune_vectors: bool = False
    word_width: int = 100
    character_width: int = 30
    filters: int = 60
    kernel_size: int = 3
    shape_width: int = 20
    activation: str = "relu"
    positions: str = "tener"
    dropout: float = 0.3
    input_dropout: float = 0.4
    word_dropout: float = 0.3
    document_context: bool = False
    context_dropout: float = 0.5
    near_dropout: float = 0.3

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.word_dropout < np.inf:
            raise SettingsError(f"word_dropout is 0 or more, got {self.word_dropout}")
