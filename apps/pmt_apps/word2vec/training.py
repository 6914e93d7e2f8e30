"""Train word2vec: read and count the corpus, then run the fast or the tape implementation.

Fast: `pmt_train.Word2VecTrainer`, gradients by hand for blocks of words. Tape: modules of pmt_nn
and `Trainer`, much slower, and each step can be read and changed.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.files import SAMPLES
from pmt_apps.kit.run import Run
from pmt_apps.word2vec.composed import composed_vectors
from pmt_apps.word2vec.settings import TASK, Settings
from pmt_autograd import Tensor
from pmt_core import RandomStream
from pmt_nn import CBOW, HierarchicalSoftmax, NegativeSampling, SkipGram
from pmt_text import (
    ChunkSampler,
    SamplingSettings,
    SubwordVectors,
    TextCorpus,
    WindowBatch,
    WindowBatches,
    WordCounts,
    WordVectors,
    count_words,
)
from pmt_train import (
    AdamW,
    Trainer,
    Word2Vec,
    Word2VecSettings,
    Word2VecTrainer,
    linear_schedule,
    progress_bar,
)

SAMPLE = SAMPLES / "word2vec.txt"
_LAST_RATE = 1e-4  # learning rate at the end as a share of --lr, as in the C program


def read_corpus(settings: Settings) -> tuple[TextCorpus, WordCounts]:
    """Open the corpus and count its words."""
    corpus = TextCorpus(
        settings.corpus or SAMPLE,
        sentences=settings.sentences,
        reading=settings.reading,
        limit=settings.limit,
    )
    with progress_bar(None, "counting words", "word") as bar:
        bar.unit_scale = True

        def progress(words: int) -> None:
            bar.update(words - bar.n)

        counts = count_words(
            corpus, min_count=settings.min_count, max_words=settings.max_words, progress=progress
        )
    return corpus, counts


def fit(
    settings: Settings, run: Run[Settings], corpus: TextCorpus, counts: WordCounts
) -> WordVectors | SubwordVectors:
    """Train and return the word vectors, with those of n-grams if there are any."""
    sampling = SamplingSettings(window=settings.window, subsample=settings.subsample)
    stream = RandomStream(settings.seed, TASK)
    meta = {"words": counts.words, "counts": counts.counts.tolist()}
    if settings.implementation == "tape":
        draws = stream.child("windows")
        batches = WindowBatches(corpus, counts, sampling, settings.batch_size, draws)
        trainer = tape_trainer(settings, counts, batches)
        run.fit(trainer, batches, model_meta=meta)
        return WordVectors(counts.words, trainer.model.vectors.weight.data)
    ngrams = settings.ngrams
    parts = None if ngrams is None else ngrams.parts(counts.words)
    buckets = 0 if ngrams is None else ngrams.buckets
    model = Word2Vec(fast_settings(settings), len(counts), stream, buckets=buckets)
    with (
        ChunkSampler.from_corpus(corpus, counts, sampling, stream, parts) as sampler,
        Word2VecTrainer(
            model, sampler, seed=settings.seed, workers=settings.workers
        ) as fast_trainer,
    ):
        run.fit(fast_trainer, sampler, model_meta=meta)
    if ngrams is None:
        return WordVectors(counts.words, model.vectors)
    return composed_vectors(counts.words, model.vectors, model.buckets, ngrams)


def fast_settings(settings: Settings) -> Word2VecSettings:
    """Return the hyperparameters of the fast implementation."""
    return Word2VecSettings(
        model=settings.model,
        loss=settings.loss,
        dimension=settings.dimension,
        negatives=settings.negatives,
        learning_rate=settings.lr,
        last_learning_rate=settings.lr * _LAST_RATE,
        epochs=settings.epochs,
    )


def tape_trainer(
    settings: Settings, counts: WordCounts, batches: WindowBatches
) -> Trainer[SkipGram | CBOW, WindowBatch]:
    """Build a trainer of the modules `SkipGram` or `CBOW`."""
    v, d = len(counts), settings.dimension
    output = (
        NegativeSampling(v, d) if settings.loss == "ns" else HierarchicalSoftmax(counts.counts, d)
    )
    kind = SkipGram if settings.model == "skipgram" else CBOW
    steps = settings.epochs * batches.epoch_length(0)
    return Trainer(
        kind(v, d, output, RandomStream(settings.seed, "weights").generator()),
        functools.partial(tape_loss, settings, batches),
        # A step has hundreds of words, so Adam replaces the plain SGD of the papers.
        optimizer=functools.partial(AdamW, weight_decay=0.0),
        schedule=linear_schedule(settings.lr, steps, settings.lr * _LAST_RATE),
        seed=settings.seed,
        workers=settings.workers,
        clip=None,
    )


def tape_loss(
    settings: Settings,
    batches: WindowBatches,
    model: SkipGram | CBOW,
    batch: WindowBatch,
    rng: np.random.Generator,
) -> tuple[Tensor, int]:
    """Return the sum of the loss over the predictions of a batch, and their number."""
    if isinstance(model, SkipGram):
        words, neighbors = batch.pairs()
        noise = _noise(settings, batches, len(words), rng)
        return model(words, neighbors, *noise, reduction="sum"), len(words)
    noise = _noise(settings, batches, len(batch), rng)
    total: Tensor = model(batch.neighbors, batch.words, *noise, mask=batch.mask, reduction="sum")
    return total, len(batch)


def _noise(
    settings: Settings, batches: WindowBatches, n: int, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Return noise words (n, k) for negative sampling, nothing for hierarchical softmax."""
    return [batches.noise((n, settings.negatives), rng)] if settings.loss == "ns" else []
