"""`Word2Vec`: CBOW and skip-gram, trained by gradients worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from pmt_core import RandomStream, StateError
from pmt_text.word2vec.context_windows import ContextWindows
from pmt_text.word2vec.encoded_text import TextPiece, text_pieces
from pmt_text.word2vec.noise_layer import NoiseLayer
from pmt_text.word2vec.output_layer import OutputLayer
from pmt_text.word2vec.row_groups import RowGroups
from pmt_text.word2vec.subsampling import keep_probabilities
from pmt_text.word2vec.text_corpus import TextCorpus
from pmt_text.word2vec.tree_layer import TreeLayer
from pmt_text.word2vec.update_size import update_size
from pmt_text.word2vec.word2vec_settings import Word2VecSettings
from pmt_text.word2vec.word_counts import WordCounts

__all__ = ["EpochResult", "Team", "Word2Vec", "Word2VecProgress"]

A = TypeVar("A")
R = TypeVar("R")

_PIECE = 10_000  # words that one thread takes at a time
_ROUND = 8  # pieces for each thread between two looks at the loss
_WORST = 4  # times the loss of untrained vectors: beyond it training has diverged


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
        loss: mean loss per prediction so far in this epoch.
        learning_rate: the one of the words read last.
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


@dataclass(slots=True)
class _Sums:
    """What is added up over an epoch."""

    loss: float = 0.0
    predictions: float = 0.0
    words: int = 0
    trained_words: int = 0

    def add(self, other: _Sums) -> None:
        self.loss += other.loss
        self.predictions += other.predictions
        self.words += other.words
        self.trained_words += other.trained_words

    @property
    def mean(self) -> float:
        return self.loss / max(self.predictions, 1)


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
        self._stream = stream
        self._pieces = 0  # done in the epoch that is under way
        self._sums = _Sums()
        self._keep = keep_probabilities(counts.counts, settings.subsample)
        self._layer: OutputLayer = (
            TreeLayer(settings, counts.counts)
            if settings.loss == "hs"
            else NoiseLayer(settings, counts.counts)
        )
        self._block_words, self._update_blocks = settings.block_words, 1  # see `train_epoch`
        v, d = len(counts), settings.dimension
        # The last row of each table belongs to no word: what stands beyond the end of a text.
        self._inputs = np.zeros((v + 1, d), np.float32)
        start = stream.child("start").generator()
        start.random(dtype=np.float32, out=self._inputs[:v])
        self._inputs[:v] -= 0.5
        self._inputs[:v] /= d
        self._outputs = np.zeros((self._layer.rows + 1, d), np.float32)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The word vectors, (v, d), in the order of `counts.words`; a view."""
        return self._inputs[:-1]

    @property
    def outputs(self) -> NDArray[np.float32]:
        """The output vectors: (v, d) of the words (ns), (v - 1, d) of the inner nodes (hs)."""
        return self._outputs[:-1]

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
        gives the same bits every time. progress: called in this thread, between rounds of some
        ten thousand words; what it raises ends the call there, and the model can be saved or
        trained on as if nothing had been.

        Raises `StateError` where the loss is not finite any more or far above that of untrained
        vectors (the learning rate is too high), all epochs are done, or the corpus is not the one
        counted; what `TextCorpus` raises.
        """
        if self.epoch >= self.settings.epochs:
            raise StateError(f"all {self.epoch} epochs of the settings are done")
        pieces = islice(text_pieces(corpus, self.counts, _PIECE), self._pieces, None)
        threads = team.count if team else 1
        self._block_words, self._update_blocks = update_size(
            self.settings, self.counts.counts, self._layer.answers, threads
        )
        size = _ROUND * threads
        while some := list(islice(pieces, size)):
            self._train_round(some, team)
            if progress is not None:
                progress(self._progress())
        return self._finish_epoch(corpus)

    def _train_round(self, pieces: list[TextPiece], team: Team | None) -> None:
        if team is None:
            done = [self._train_piece(piece) for piece in pieces]
        else:
            done = team.map(self._train_piece, pieces)
        sums = _Sums()
        for part in done:
            sums.add(part)
        self._check_loss(sums)
        self._sums.add(sums)
        self._pieces += len(pieces)

    def _train_piece(self, piece: TextPiece) -> _Sums:
        settings = self.settings
        generator = self._stream.child("piece", self.epoch, piece.number).generator()
        kept = generator.random(len(piece.words), np.float32) < self._keep[piece.words]
        words, sentences = piece.words[kept], piece.sentences[kept]
        reach = generator.integers(1, settings.window + 1, len(words), np.int8)
        windows = ContextWindows.of(
            words, sentences, reach, settings.window, self._block_words, len(self.counts)
        )
        rate = self._learning_rate(piece.number * _PIECE)
        sums = _Sums(words=len(piece.words), trained_words=len(words))
        with np.errstate(all="ignore"):  # what overflows is found in the loss
            self._learn(windows, rate, generator, sums)
        return sums

    def _learn(
        self, windows: ContextWindows, rate: float, generator: np.random.Generator, sums: _Sums
    ) -> None:
        """Update the weights by each part of a piece in turn, and add up the losses."""
        parts = list(windows.parts(self._update_blocks))
        stretches = [part.stretch for part in parts]
        lengths = np.array([len(words) for words in stretches])
        groups = RowGroups.of_updates(
            np.concatenate(stretches),
            np.repeat(np.arange(len(parts)), lengths),
            np.concatenate([np.arange(length) for length in lengths]),
            len(parts),
        )
        updates = self._layer.updates(windows, self._update_blocks, generator)
        for part, words, group, update in zip(parts, stretches, groups, updates, strict=True):
            inputs = part.blocks(self._inputs.take(words, axis=0))
            found = update.learn(self._outputs, inputs, rate)
            group.add(self._inputs, part.joined(found.inputs), rate)
            sums.loss += found.loss
            sums.predictions += found.predictions

    def _learning_rate(self, words: int) -> float:
        """After so many words of this epoch."""
        first, last = self.settings.learning_rate, self.settings.last_learning_rate
        done = (self.epoch + words / self.counts.kept) / self.settings.epochs
        return first - (first - last) * min(done, 1.0)

    def _check_loss(self, sums: _Sums) -> None:
        worst = _WORST * self._untrained_loss()
        if not sums.mean <= worst:
            raise StateError(
                f"training diverged in epoch {self.epoch + 1}: the loss is {sums.mean:.3g}, that "
                f"of untrained vectors {worst / _WORST:.3g}; lower the learning rate "
                f"({self.settings.learning_rate:g}) or update_blocks"
            )

    def _untrained_loss(self) -> float:
        """Every answer costs log 2 where all scores are 0."""
        return math.log(2) * self._layer.answers

    def _progress(self) -> Word2VecProgress:
        done = self._sums.words
        return Word2VecProgress(done, self.counts.kept, self._sums.mean, self._learning_rate(done))

    def _finish_epoch(self, corpus: TextCorpus) -> EpochResult:
        sums = self._sums
        if sums.words != self.counts.kept:
            raise StateError(
                f"{corpus.path} has {sums.words} words of the vocabulary, {self.counts.kept} were "
                "counted: train on the text that was counted"
            )
        if not (np.isfinite(self._inputs).all() and np.isfinite(self._outputs).all()):
            raise StateError("training diverged: a vector is not finite; lower the learning rate")
        rate = self._learning_rate(sums.words)
        self.epoch += 1
        self._pieces, self._sums = 0, _Sums()
        return EpochResult(
            self.epoch, sums.mean, int(sums.predictions), sums.words, sums.trained_words, rate
        )

    def state(self) -> dict[str, NDArray[Any]]:
        """Weights and position, for `save_archive`; views, not copies."""
        sums = self._sums
        return {
            "vectors": self.vectors,
            "outputs": self.outputs,
            "position": np.array(
                [self.epoch, self._pieces, sums.words, sums.trained_words], np.int64
            ),
            "sums": np.array([sums.loss, sums.predictions], np.float64),
        }

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        """What `state` gave, of a model with the same settings and counts.

        Raises `StateError` where names, shapes or kinds of numbers do not fit.
        """
        own = self.state()
        for name, array in own.items():
            given = state.get(name)
            if given is None or given.shape != array.shape or given.dtype != array.dtype:
                came = "nothing" if given is None else f"{given.dtype} {given.shape}"
                raise StateError(
                    f"{name} should be {array.dtype} {array.shape}, {came} came: the state is of "
                    "a model with other settings or another vocabulary"
                )
        self.vectors[:], self.outputs[:] = state["vectors"], state["outputs"]
        epoch, pieces, words, trained = (int(number) for number in state["position"])
        loss, predictions = (float(number) for number in state["sums"])
        self.epoch, self._pieces = epoch, pieces
        self._sums = _Sums(loss, predictions, words, trained)
