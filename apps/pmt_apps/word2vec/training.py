"""The two forms of word2vec that train_word2vec.py trains.

Fast: `pmt_text.Word2Vec`, gradients by hand in blocks of words. Tape: the modules of pmt_nn and
`Trainer`, slower by far, and every step of it can be read and changed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Tensor
from pmt_core import RandomStream
from pmt_nn import CBOW, HierarchicalSoftmax, NegativeSampling, SkipGram
from pmt_text import (
    TextCorpus,
    WindowBatch,
    WindowBatches,
    Word2Vec,
    Word2VecProgress,
    Word2VecSettings,
    Word2VecTraining,
    WordCounts,
)
from pmt_train import AdamW, EpochReport, Trainer, Workers, linear_schedule

Arrays = dict[str, NDArray[Any]]


class FastForm:
    """A `Word2Vec` and its corpus as an `EpochModel`. Left, it has ended its worker processes."""

    def __init__(self, model: Word2Vec, corpus: TextCorpus) -> None:
        self.model = model
        self.corpus = corpus
        self._training: Word2VecTraining | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._training is not None:
            self._training.__exit__(kind, error, trace)
            self._training = None

    @property
    def parameter_count(self) -> int:
        return self.model.vectors.size + self.model.outputs.size

    def train_epoch(self, workers: Workers, tell: Callable[[EpochReport], None]) -> EpochReport:
        """`workers` says how many; they are processes of the model's own."""

        def progress(so_far: Word2VecProgress) -> None:
            tell(
                EpochReport(
                    so_far.words, so_far.loss, so_far.learning_rate, total=so_far.total_words
                )
            )

        if self._training is None:  # the corpus is read when it is known that it is wanted
            training = Word2VecTraining(self.model, self.corpus, workers=workers.count)
            self._training = training.__enter__()
        done = self._training.train_epoch(progress)
        return EpochReport(done.words, done.loss, done.learning_rate, total=done.words)

    def weights(self) -> Arrays:
        return {"vectors": self.model.vectors.copy(), "outputs": self.model.outputs.copy()}

    def load_weights(self, weights: Mapping[str, NDArray[Any]]) -> None:
        self.model.vectors[:] = weights["vectors"]
        self.model.outputs[:] = weights["outputs"]

    def state(self) -> Arrays:
        return self.model.state()

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        self.model.load_state(state)


def tape_trainer(
    settings: Word2VecSettings,
    counts: WordCounts,
    batches: WindowBatches,
    *,
    seed: int,
    workers: int,
) -> Trainer[SkipGram | CBOW, WindowBatch]:
    """A trainer of CBOW or skip-gram with the loss of `settings`."""
    v, d = len(counts), settings.dimension
    output = (
        NegativeSampling(v, d) if settings.loss == "ns" else HierarchicalSoftmax(counts.counts, d)
    )
    kind = SkipGram if settings.model == "skipgram" else CBOW
    steps = settings.epochs * batches.expected
    return Trainer(
        kind(v, d, output, RandomStream(seed, "weights").generator()),
        functools.partial(tape_loss, settings, batches),
        # A step is hundreds of words at once, so the plain sum of the papers is replaced by Adam.
        optimizer=functools.partial(AdamW, weight_decay=0.0),
        schedule=linear_schedule(settings.learning_rate, steps, settings.last_learning_rate),
        seed=seed,
        workers=workers,
        clip_norm=None,
    )


def tape_loss(
    settings: Word2VecSettings,
    batches: WindowBatches,
    model: SkipGram | CBOW,
    batch: WindowBatch,
    rng: np.random.Generator,
) -> tuple[Tensor, int]:
    """Sum of the loss over the predictions of a batch, and their number."""
    if isinstance(model, SkipGram):
        words, neighbors = batch.pairs()
        drawn = noise(settings, batches, len(words), rng)
        return model(words, neighbors, *drawn, reduction="sum"), len(words)
    drawn = noise(settings, batches, len(batch), rng)
    total: Tensor = model(batch.neighbors, batch.words, *drawn, mask=batch.mask, reduction="sum")
    return total, len(batch)


def noise(
    settings: Word2VecSettings, batches: WindowBatches, n: int, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Noise words (n, k) for negative sampling; nothing for hierarchical softmax."""
    return [batches.noise((n, settings.negatives), rng)] if settings.loss == "ns" else []
