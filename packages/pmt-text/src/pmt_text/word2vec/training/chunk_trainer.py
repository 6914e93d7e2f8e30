"""`ChunkTrainer`: what is done with a piece of the text."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pmt_core import RandomStream
from pmt_text.word2vec.corpus.encoded_text import TextPiece
from pmt_text.word2vec.kernels.cbow_ns import CbowNoise
from pmt_text.word2vec.kernels.hierarchical_softmax import TreeLayer
from pmt_text.word2vec.kernels.input_blocks import InputBlocks
from pmt_text.word2vec.kernels.output_layer import OutputLayer, PieceUpdates
from pmt_text.word2vec.kernels.scatter_add import RowGroups
from pmt_text.word2vec.kernels.skipgram_ns import SkipgramNoise
from pmt_text.word2vec.sampling.context_windows import ContextWindows
from pmt_text.word2vec.sampling.subsampling import keep_probabilities
from pmt_text.word2vec.settings import Word2VecSettings
from pmt_text.word2vec.training.progress import LossSums
from pmt_text.word2vec.training.schedule import learning_rate_at, update_size

__all__ = ["ChunkTrainer"]

PIECE_WORDS = 10_000


class ChunkTrainer:
    """Learns from a piece, on weights that others may be learning on at the same time.

    counts: (v,). stream: all that is random comes from it, by epoch and number of the piece.
    workers: how many learn at once, see `update_size`.
    """

    def __init__(
        self,
        settings: Word2VecSettings,
        counts: NDArray[np.int64],
        stream: RandomStream,
        workers: int = 1,
    ) -> None:
        self._settings = settings
        self._stream = stream
        self._pad, self._words = len(counts), int(counts.sum())
        self._keep = keep_probabilities(counts, settings.subsample)
        self._layer = _layer(settings, counts)
        self._size = update_size(settings, counts, self._layer.answers, workers)
        self._layer.reserve(self._size)
        b, r = self._size
        self._inputs = InputBlocks(r, b, settings.window, settings.dimension)

    @property
    def untrained_loss(self) -> float:
        """Every answer costs log 2 where all scores are 0."""
        return math.log(2) * self._layer.answers

    def learn(
        self,
        piece: TextPiece,
        epoch: int,
        inputs: NDArray[np.float32],
        outputs: NDArray[np.float32],
    ) -> LossSums:
        """Update the weights, in place.

        inputs: (v + 1, d), outputs: (rows + 1, d); their last rows belong to no word.
        """
        settings = self._settings
        generator = self._stream.child("piece", epoch, piece.number).generator()
        kept = generator.random(len(piece.words), np.float32) < self._keep[piece.words]
        words, sentences = piece.words[kept], piece.sentences[kept]
        reach = generator.integers(1, settings.window + 1, len(words), np.int8)
        windows = ContextWindows.of(words, sentences, reach, settings.window, self._size, self._pad)
        done = piece.number * PIECE_WORDS / self._words
        rate = learning_rate_at(settings, epoch, done)
        with np.errstate(all="ignore"):  # what overflows is found in the loss
            updates = self._layer.updates(windows, rate, generator)
            self._update(windows, updates, inputs, outputs)
            loss = updates.loss()
        return LossSums(loss, updates.predictions, len(piece.words), len(words))

    def _update(
        self,
        windows: ContextWindows,
        updates: PieceUpdates,
        inputs: NDArray[np.float32],
        outputs: NDArray[np.float32],
    ) -> None:
        groups = RowGroups.of_updates(windows.stretches, self._pad)
        for i, group in enumerate(groups):
            self._inputs.gather(inputs, windows.stretches[i])
            updates.update(i, outputs, self._inputs)
            group.add(inputs, self._inputs.joined())


def _layer(settings: Word2VecSettings, counts: NDArray[np.int64]) -> OutputLayer:
    if settings.loss == "hs":
        return TreeLayer(settings, counts)
    if settings.model == "cbow":
        return CbowNoise(settings, counts)
    return SkipgramNoise(settings, counts)
