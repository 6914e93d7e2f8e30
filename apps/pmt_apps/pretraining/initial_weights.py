"""Initial weights that the counts and neighbors of the pieces give, before masked modeling begins.

Masked language modeling learns slowly at first: it sees each text a few times less than once in an
hour of one core. Three things are known without it. The bias of the output layer is the logarithm
of the frequencies. Positions that begin as sinusoids have similar neighbors. And skip-gram vectors
(Mikolov et al. 2013b) of the pieces cost a hundredth of a step of the encoder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from pmt_apps.pretraining.corpus import Corpus
from pmt_apps.pretraining.settings import Settings
from pmt_core import RandomStream, SettingsError
from pmt_nn import MaskedBert, sinusoids
from pmt_text import SEP, ChunkSampler, SamplingSettings
from pmt_train import (
    Word2Vec,
    Word2VecSettings,
    Word2VecTrainer,
    launched_process_group,
    progress_bar,
)

_RMS = 0.1  # root mean square of the initial embeddings; the rates of training move them slowly
_HEAD_SCALE = 0.1  # of what the output layer reads: the first logits are the bias and little else
_WINDOW = 5
_SUBSAMPLE = 0.32  # threshold of subsampling, as a fraction of the mean frequency of a piece
_CHUNK_TOKENS = 10_000
_CHUNKS_PER_STEP = 8


def set_initial_weights(model: MaskedBert, corpus: Corpus, settings: Settings) -> None:
    """Set the bias of the output layer, the positions, and with --vectors-epochs the embeddings."""
    counts = np.bincount(corpus.train, minlength=len(corpus.tokenizer))
    if model.norm.weight is not None:
        model.norm.weight.data[...] = _HEAD_SCALE
    model.bias.data[...] = np.log((counts + 1) / (counts + 1).sum())
    positions = model.encoder.positions.weight.data
    positions[...] = _RMS * 2**0.5 * sinusoids(*positions.shape)
    table = model.encoder.words.weight.data
    if settings.vectors_epochs:
        table[...] = piece_vectors(corpus.train, counts, table.shape[1], settings)
    table -= table.mean(axis=0)
    table *= _RMS / np.sqrt(np.mean(np.square(table)))


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
