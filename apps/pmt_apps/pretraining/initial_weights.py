"""Initial weights of a masked language model that are known before its first step.

The bias of the output layer is the logarithm of the frequencies of the pieces, the heads of the
first layer attend to neighbors, and with --vectors-epochs the table of tokens is skip-gram vectors
(Mikolov et al. 2013b), which cost a hundredth of a step of the encoder for each token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from pmt_apps.pretraining.corpus import Corpus
from pmt_apps.pretraining.neighbor_heads import (
    attend_to_neighbors,
    position_columns,
    set_positions,
)
from pmt_apps.pretraining.settings import Settings
from pmt_core import RandomStream, SettingsError
from pmt_nn import MaskedBert
from pmt_text import SEP, ChunkSampler, SamplingSettings
from pmt_train import (
    Word2Vec,
    Word2VecSettings,
    Word2VecTrainer,
    launched_process_group,
    progress_bar,
)

_RMS = 0.1  # root mean square of the initial tables; rates of training change them slowly
_NOISE = 0.3  # root mean square of what tells pieces with the same vectors apart
_WINDOW = 5
_SUBSAMPLE = 0.32  # threshold of subsampling, as a fraction of the mean frequency of a piece
_CHUNK_TOKENS = 10_000
_CHUNKS_PER_STEP = 8


def set_initial_weights(model: MaskedBert, corpus: Corpus, settings: Settings) -> None:
    """Set weights that are known before the first step.

    The bias of the output layer becomes the logarithm of the frequencies of the tokens. Otherwise
    the model first learns these, by vectors that are alike in all contexts, and takes long to
    leave that state. Positions become sinusoids in some columns of their own, and the heads of the
    first layer begin at the neighbors (`attend_to_neighbors`). The tables are larger than new
    ones, so that the same rates change them less.

    With --vectors-epochs the table of tokens begins with skip-gram vectors of the text
    (`piece_table`), and the output layer with a copy of it.
    """
    counts = np.bincount(corpus.train, minlength=model.output_vocabulary)
    model.bias.data[...] = np.log((counts + 1) / (counts + 1).sum())
    set_positions(model.encoder, _RMS)
    attend_to_neighbors(model.encoder)
    table, columns = model.encoder.words.weight.data, position_columns(model.encoder)
    words = table[:, columns:]
    if settings.vectors_epochs:
        words[...] = piece_table(corpus.train, counts, words.shape[1], settings)
    words *= _RMS / _rms(words)
    table[:, :columns] = 0
    if model.output is not None:
        model.output.data[...] = table


def piece_table(
    ids: NDArray[np.int32], counts: NDArray[np.int64], width: int, settings: Settings
) -> NDArray[np.float64]:
    """Return a table of pieces (v, width) that tells their meaning and tells them apart.

    They are skip-gram vectors whose principal components are brought nearer to each other:
    divided by the square roots of their standard deviations. A little noise is added, so that
    pieces that have the same neighbors, such as "the" and "a", differ. A piece without occurrences
    is noise alone. All rows have a root mean square of 1: skip-gram vectors of frequent pieces are
    short, and positions would outweigh them.
    """
    rng = RandomStream(settings.seed, "piece table").generator()
    table = _NOISE * rng.normal(size=(len(counts), width))
    occurs = counts > 0
    table[occurs] += half_whitened(piece_vectors(ids, counts, width, settings)[occurs])
    normalized: NDArray[np.float64] = table / np.sqrt(np.mean(np.square(table), axis=1))[:, None]
    return normalized


def half_whitened(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return vectors (n, d) without their mean, each principal component divided by sqrt(std).

    The result has a root mean square of 1.
    """
    centered = vectors - vectors.mean(axis=0, dtype=np.float64)
    left, deviations, right = np.linalg.svd(centered, full_matrices=False)
    balanced: NDArray[np.float64] = (left * np.sqrt(deviations)) @ right
    return balanced / max(_rms(balanced), np.finfo(np.float64).tiny)


def _rms(x: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(x))))


def piece_vectors(
    ids: NDArray[np.int32], counts: NDArray[np.int64], dimension: int, settings: Settings
) -> NDArray[np.float32]:
    """Return skip-gram vectors (v, d) of the pieces of a text, ids (n,), with counts (v,).

    Raises SettingsError if mpiexec started several processes.
    """
    if launched_process_group().size > 1:
        raise SettingsError(
            "skip-gram trains in one process; under mpiexec give --vectors-epochs 0"
        )
    stream = RandomStream(settings.seed, "piece vectors")
    options = Word2VecSettings(dimension=dimension, epochs=settings.vectors_epochs)
    model = Word2Vec(options, len(counts), stream)
    tokens = cast(Any, _Tokens(ids))
    sampling = SamplingSettings(window=_WINDOW, subsample=_SUBSAMPLE / len(counts))
    sampler = ChunkSampler(tokens, np.maximum(counts, 1), sampling, stream)
    total = options.epochs * len(sampler)
    with (
        Word2VecTrainer(model, sampler, seed=settings.seed, workers=1) as trainer,
        progress_bar(total, "vectors of pieces", "chunk") as bar,
    ):
        for epoch in range(options.epochs):
            batches = list(sampler.epoch(epoch))
            for start in range(0, len(batches), _CHUNKS_PER_STEP):
                part = batches[start : start + _CHUNKS_PER_STEP]
                trainer.step(*part)
                bar.update(len(part))
    return model.vectors


@dataclass(frozen=True)
class _Tokens:
    """What `ChunkSampler` needs of a token file, of ids in memory."""

    ids: NDArray[np.int32]
    chunk_words: int = _CHUNK_TOKENS

    @property
    def words(self) -> int:
        return len(self.ids)

    def __len__(self) -> int:
        return -(-len(self.ids) // self.chunk_words)

    def chunk(self, number: int) -> _Chunk:
        start = number * self.chunk_words
        words = self.ids[start : start + self.chunk_words]
        return _Chunk(words, np.cumsum(words == SEP, dtype=np.int32))


@dataclass(frozen=True)
class _Chunk:
    words: NDArray[np.int32]
    sentences: NDArray[np.int32]
