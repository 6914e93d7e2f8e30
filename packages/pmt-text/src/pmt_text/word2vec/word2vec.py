"""`Word2Vec`: CBOW and skip-gram, trained by gradients worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from pmt_core import RandomStream
from pmt_text.word2vec.text_corpus import TextCorpus
from pmt_text.word2vec.word2vec_settings import Word2VecSettings
from pmt_text.word2vec.word_counts import WordCounts

__all__ = ["EpochResult", "Team", "Word2Vec", "Word2VecProgress"]

A = TypeVar("A")
R = TypeVar("R")


class Team(Protocol):
    """What runs a function on several threads; `pmt_train.Workers` is one."""

    count: int

    def map(self, function: Callable[[A], R], items: Iterable[A]) -> list[R]:
        """`function` of every item, in the order of the items."""


@dataclass(frozen=True, slots=True)
class Word2VecProgress:
    """How far an epoch has come.

    Attributes:
        words: words of the vocabulary read in this epoch.
        total_words: those of a whole epoch.
        loss: mean loss per prediction so far in this epoch; nan before the first.
        learning_rate: the one of the piece just done.
    """

    words: int
    total_words: int
    loss: float
    learning_rate: float


@dataclass(frozen=True, slots=True)
class EpochResult:
    """A whole epoch.

    Attributes:
        epoch: its number, from 1.
        loss: true mean over all predictions of the epoch, each at the moment of its step.
        predictions: how many there were: pairs (skip-gram) or words (CBOW).
        words: words of the vocabulary read.
        trained_words: those that subsampling kept.
        learning_rate: at the end of the epoch.
    """

    epoch: int
    loss: float
    predictions: int
    words: int
    trained_words: int
    learning_rate: float


class Word2Vec:
    """A word2vec model and how far its training has come.

    settings, counts: see there. stream: everything random comes from it.
    Input vectors start uniform in +-0.5/d, output vectors at zero, as in the C program.

    Attributes:
        settings, counts: as given.
        epoch: whole epochs done.
    """

    def __init__(
        self, settings: Word2VecSettings, counts: WordCounts, stream: RandomStream
    ) -> None:
        self.settings = settings
        self.counts = counts
        self.epoch = 0
        raise NotImplementedError(stream)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The word vectors, (v, d), in the order of `counts.words`; a view."""
        raise NotImplementedError

    @property
    def outputs(self) -> NDArray[np.float32]:
        """The output vectors: (v, d) of the words (ns), (v - 1, d) of the inner nodes (hs)."""
        raise NotImplementedError

    def train_epoch(
        self,
        corpus: TextCorpus,
        *,
        team: Team | None = None,
        progress: Callable[[Word2VecProgress], None] | None = None,
    ) -> EpochResult:
        """The next epoch, or the rest of one that was broken off.

        corpus: the text that was counted. team: its threads train at once on shared weights
        (Hogwild, Niu et al. 2011): fast, but no two runs are quite alike; None or a team of one
        gives the same bits every time. progress: called in this thread, between pieces of some
        hundred thousand words; what it raises ends the call there, and the model can be saved or
        trained on as if nothing had been.

        Raises `StateError` where the weights are not finite any more (the learning rate is too
        high), all epochs are done, or the corpus is not the one counted; what `TextCorpus` raises.
        """
        raise NotImplementedError

    def state(self) -> dict[str, NDArray[Any]]:
        """Weights and position, for `save_archive`; views, not copies."""
        raise NotImplementedError

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        """What `state` gave, of a model with the same settings and counts.

        Raises `StateError` where names or shapes do not fit.
        """
        raise NotImplementedError
