"""`Word2Vec`: CBOW and skip-gram, trained by gradients worked out by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import RandomStream, StateError
from pmt_text.word2vec.corpus.text_corpus import TextCorpus
from pmt_text.word2vec.corpus.word_counts import WordCounts
from pmt_text.word2vec.settings import Word2VecSettings
from pmt_text.word2vec.training.progress import EpochResult, LossSums, Word2VecProgress
from pmt_text.word2vec.training.training import Word2VecTraining

__all__ = ["Word2Vec"]


class Word2Vec:
    """A word2vec model and how far its training has come.

    settings, counts: see there. stream: everything random comes from it.
    Input vectors start uniform in +-0.5/d, output vectors at zero, as in the C program.

    Attributes:
        settings, counts, stream: as given.
        epoch: whole epochs done.
        pieces: done of the epoch that is under way. sums: over these pieces.
    """

    def __init__(
        self, settings: Word2VecSettings, counts: WordCounts, stream: RandomStream
    ) -> None:
        self.settings = settings
        self.counts = counts
        self.stream = stream
        self.epoch = 0
        self.pieces = 0
        self.sums = LossSums()
        v, d = len(counts), settings.dimension
        rows = v - 1 if settings.loss == "hs" else v
        # The last row of each table belongs to no word: what stands beyond the end of a text.
        self._inputs = np.zeros((v + 1, d), np.float32)
        start = stream.child("start").generator()
        start.random(dtype=np.float32, out=self._inputs[:v])
        self._inputs[:v] -= 0.5
        self._inputs[:v] /= d
        self._outputs = np.zeros((rows + 1, d), np.float32)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The word vectors, (v, d), in the order of `counts.words`; a view."""
        return self._inputs[:-1]

    @property
    def outputs(self) -> NDArray[np.float32]:
        """The output vectors: (v, d) of the words (ns), (v - 1, d) of the inner nodes (hs)."""
        return self._outputs[:-1]

    @property
    def tables(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """`vectors` and `outputs`, each with one more row, of no word."""
        return self._inputs, self._outputs

    def use_tables(self, inputs: NDArray[np.float32], outputs: NDArray[np.float32]) -> None:
        """Other memory for `tables`, with the same content."""
        self._inputs, self._outputs = inputs, outputs

    def train_epoch(
        self,
        corpus: TextCorpus,
        *,
        workers: int = 1,
        progress: Callable[[Word2VecProgress], None] | None = None,
    ) -> EpochResult:
        """The next epoch, or the rest of one: `Word2VecTraining` for once.

        Who trains several epochs enters a `Word2VecTraining` instead, which reads the corpus and
        starts processes only once.
        """
        with Word2VecTraining(self, corpus, workers=workers) as training:
            return training.train_epoch(progress)

    def count(self, sums: LossSums, pieces: int) -> None:
        """So many pieces of this epoch are done; sums: of those that are new."""
        self.sums.add(sums)
        self.pieces = pieces

    def check_finite(self) -> None:
        """Raises `StateError` where a weight is not."""
        if not (np.isfinite(self._inputs).all() and np.isfinite(self._outputs).all()):
            raise StateError("training diverged: a vector is not finite; lower the learning rate")

    def end_epoch(self) -> LossSums:
        """Returns its sums."""
        sums = self.sums
        self.epoch += 1
        self.pieces, self.sums = 0, LossSums()
        return sums

    def state(self) -> dict[str, NDArray[Any]]:
        """Weights and position, for `save_archive`; views, not copies."""
        sums = self.sums
        return {
            "vectors": self.vectors,
            "outputs": self.outputs,
            "position": np.array(
                [self.epoch, self.pieces, sums.words, sums.trained_words], np.int64
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
        self.epoch, self.pieces = epoch, pieces
        self.sums = LossSums(loss, predictions, words, trained)
