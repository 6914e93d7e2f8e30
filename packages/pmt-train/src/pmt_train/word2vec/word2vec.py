"""`Word2Vec`: hyperparameters, learning-rate schedule and tables of CBOW and skip-gram."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import (
    DataError,
    DtypeError,
    RandomStream,
    SettingsError,
    ShapeError,
    StateError,
    check_arrays,
)


@dataclass(frozen=True, slots=True)
class Word2VecSettings:
    """The hyperparameters of Mikolov et al. 2013a, 2013b, under the names of their program.

    Attributes:
        model: "skipgram" (a word predicts each of its neighbors) or "cbow" (the mean of the
            neighbors' vectors predicts the word).
        loss: "ns", negative sampling, or "hs", hierarchical softmax.
        dimension: d, length of the vectors.
        negatives: Noise words of a prediction (ns).
        learning_rate: At the beginning; it decreases linearly to `last_learning_rate`.
        last_learning_rate: At the end of the last epoch.
        epochs: Passes over the corpus.
        share_error: CBOW only. False: each context word takes the whole error of the mean, as in
            the C program and gensim. True: the exact gradient of the loss.
        block_words: Consecutive words whose score matrix is computed at once.
        block_negatives: Noise words shared by a block (CBOW: by an update); weighted so that the
            expected loss is that of `negatives` draws for each prediction.
        update_blocks: Blocks of an update of the weights; 0: chosen by `update_size`, which may
            also shorten the blocks.

    Raises:
        SettingsError: A value is out of range.

    Examples:
        >>> from pmt_train import Word2VecSettings
        >>> settings = Word2VecSettings(model="cbow", dimension=50)
        >>> settings.loss, settings.negatives, settings.epochs
        ('ns', 5, 5)
        >>> Word2VecSettings(loss="softmax")
        Traceback (most recent call last):
            ...
        pmt_core.errors.SettingsError: loss must be ns or hs, not 'softmax'
    """

    model: str = "skipgram"
    loss: str = "ns"
    dimension: int = 100
    negatives: int = 5
    learning_rate: float = 0.025
    last_learning_rate: float = 1e-4
    epochs: int = 5
    share_error: bool = False
    block_words: int = 32
    block_negatives: int = 32
    update_blocks: int = 0

    def __post_init__(self) -> None:
        """Check the ranges."""
        self._check(self.model in ("skipgram", "cbow"), "model", "skipgram or cbow")
        self._check(self.loss in ("ns", "hs"), "loss", "ns or hs")
        for name in ("dimension", "negatives", "epochs", "block_words", "block_negatives"):
            self._check(getattr(self, name) >= 1, name, "1 or more")
        self._check(self.update_blocks >= 0, "update_blocks", "0 or more")
        self._check(0 < self.learning_rate < math.inf, "learning_rate", "above 0")
        in_range = 0 <= self.last_learning_rate <= self.learning_rate
        expected = f"0 to the learning_rate {self.learning_rate}"
        self._check(in_range, "last_learning_rate", expected)

    def _check(self, good: bool, name: str, expected: str) -> None:
        if not good:
            raise SettingsError(f"{name} must be {expected}, not {getattr(self, name)!r}")


def learning_rate_at(settings: Word2VecSettings, epoch: int, part: float) -> float:
    """Return the linearly decreasing rate. epoch: from 0; part: done part of it, 0 ... 1."""
    first, last = settings.learning_rate, settings.last_learning_rate
    return first - (first - last) * min((epoch + part) / settings.epochs, 1.0)


class Word2Vec:
    """Word vectors and output vectors, which `Word2VecTrainer` trains.

    Word vectors start uniform in +-1/d, drawn from `stream`, output vectors at zero, as in gensim.
    v: number of words. buckets: number of further input vectors that words are composed of, beside
    their own (`pmt_nn.SubwordInputs`).

    Examples:
        >>> from pmt_core import RandomStream
        >>> from pmt_train import Word2Vec, Word2VecSettings
        >>> model = Word2Vec(Word2VecSettings(dimension=20), 1000, RandomStream(0, "vectors"))
        >>> model.vectors.shape, model.vectors.dtype
        ((1000, 20), dtype('float32'))
        >>> float(abs(model.vectors).max()) <= 1 / 20, float(abs(model.outputs).max())
        (True, 0.0)
    """

    def __init__(
        self, settings: Word2VecSettings, v: int, stream: RandomStream, *, buckets: int = 0
    ) -> None:
        self.settings = settings
        self._v = v
        d = settings.dimension
        rows = v - 1 if settings.loss == "hs" else v
        # The last row of each table is padding, for positions beyond the end of a text.
        self._inputs = np.zeros((v + buckets + 1, d), np.float32)
        stream.child("start").generator().random(dtype=np.float32, out=self._inputs[:-1])
        self._inputs[:-1] -= 0.5
        self._inputs[:-1] /= d / 2
        self._outputs = np.zeros((rows + 1, d), np.float32)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The word vectors, (v, d); a view. With buckets, the part of a word that is its own."""
        return self._inputs[: self._v]

    @property
    def buckets(self) -> NDArray[np.float32]:
        """The further input vectors, (buckets, d); a view."""
        return self._inputs[self._v : -1]

    @property
    def outputs(self) -> NDArray[np.float32]:
        """The output vectors: (v, d) of the words (ns), (v - 1, d) of the inner nodes (hs)."""
        return self._outputs[:-1]

    @property
    def tables(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """`vectors` and `outputs`, each with the padding row."""
        return self._inputs, self._outputs

    def use_tables(self, inputs: NDArray[np.float32], outputs: NDArray[np.float32]) -> None:
        """Move the tables to other memory with the same content."""
        self._inputs, self._outputs = inputs, outputs

    def check_finite(self) -> None:
        """Raise `StateError` if a weight is not finite."""
        if not (np.isfinite(self._inputs).all() and np.isfinite(self._outputs).all()):
            raise StateError("training diverged: a vector is not finite; lower the learning rate")

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Return a copy of `vectors`, `outputs` and, if there are any, `buckets` by name."""
        return {name: table.copy() for name, table in self._named().items()}

    def _named(self) -> dict[str, NDArray[np.float32]]:
        tables = {"vectors": self.vectors, "outputs": self.outputs}
        return tables | ({"buckets": self.buckets} if len(self.buckets) else {})

    def load_weights(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Load what `weights` returned; all or nothing. Raises `StateError` if they do not fit."""
        tables = self._named()
        cure = "the weights are of a model with other settings or another vocabulary"
        for name in tables:
            if name not in weights:
                raise StateError(f"expected {name}, got nothing: {cure}")
        try:
            arrays = check_arrays(
                {name: weights[name] for name in tables},
                tables,
                "Word2Vec",
                cure=cure,
            )
        except (ShapeError, DtypeError, DataError) as error:
            raise StateError(str(error)) from error
        for name, table in tables.items():
            table[:] = arrays[name]
