"""The model of `train_lm.py`, how it learns, and how well it guesses."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.run import Run
from pmt_apps.language_model.data import Codec, Corpus, codec_to_json
from pmt_apps.language_model.generate import sample
from pmt_apps.language_model.settings import Settings
from pmt_autograd import Tensor
from pmt_core import RandomStream
from pmt_nn import LanguageModel, LanguageModelConfig, cross_entropy
from pmt_text import ConsecutiveChunks, RandomChunks, TextChunkBatch
from pmt_train import (
    AdamW,
    FitOptions,
    Trainer,
    TrainingEvent,
    Workers,
    cosine_schedule,
    perplexity,
    predict_batches,
    warmup,
)

_EVALUATION_TOKENS = 1 << 13  # of a batch: a few megabytes of logits
_SAMPLE_TOKENS = 120


def build_model(settings: Settings, codec: Codec) -> LanguageModel:
    """A decoder alone, its output tied to its embedding."""
    config = LanguageModelConfig(
        vocabulary=len(codec),
        max_length=settings.context,
        width=settings.width,
        heads=settings.heads,
        hidden=settings.hidden or 4 * settings.width,
        layers=settings.layers,
        dropout=settings.dropout,
        positions=settings.positions,
        bias=settings.bias,
    )
    return LanguageModel(config, RandomStream(settings.seed, "weights").generator())


def loss(
    model: LanguageModel, batch: TextChunkBatch, rng: np.random.Generator
) -> tuple[Tensor, int]:
    """Sum of the cross-entropy of every next token, and their number."""
    logits = model(batch.ids, rng=rng)
    return cross_entropy(logits, batch.labels, reduction="sum"), batch.labels.size


def fit(model: LanguageModel, corpus: Corpus, settings: Settings, run: Run[Settings]) -> Workers:
    """Train; the weights with the fewest bits per character of the held-out text are kept."""
    batches = RandomChunks(
        corpus.train,
        settings.context,
        settings.batch_size,
        settings.steps,
        RandomStream(settings.seed, "windows"),
    )
    steps = settings.epochs * settings.steps
    trainer = Trainer(
        model,
        loss,
        optimizer=functools.partial(
            AdamW, betas=(0.9, settings.beta2), weight_decay=settings.weight_decay
        ),
        schedule=warmup(
            cosine_schedule(settings.lr, steps, settings.lr * settings.final_lr),
            min(settings.warmup, steps // 10),
        ),
        seed=settings.seed,
        workers=settings.workers,
        clip_norm=settings.clip_norm,
    )

    def show_sample(event: TrainingEvent) -> None:
        if run.is_writer:
            rng = RandomStream(settings.seed, "sample", event.epoch).generator()
            text = sample(model, corpus.codec, settings, rng, tokens=_SAMPLE_TOKENS)
            run.say("\n".join(f"    | {line}" for line in text.split("\n")))

    run.fit(
        trainer,
        batches,
        FitOptions(
            settings.epochs,
            evaluate=lambda: scores(model, corpus, settings, trainer.workers),
            monitor="bits_per_character",
            mode="min",
            callbacks={"epoch": show_sample},
        ),
        model_meta=codec_to_json(corpus.codec),
    )
    return trainer.workers


def scores(
    model: LanguageModel, corpus: Corpus, settings: Settings, workers: Workers
) -> dict[str, float]:
    """Of the held-out text: mean loss of a token, and bits per character."""
    nats = surprise(model, corpus.dev, settings, workers)
    total = float(nats.sum(dtype=np.float64))
    return {
        "loss": total / len(nats),
        "bits_per_character": total / math.log(2) / corpus.characters,
    }


def final_scores(
    model: LanguageModel, corpus: Corpus, settings: Settings, workers: Workers
) -> dict[str, float]:
    """As `scores`, with perplexity, and what the frequencies of the tokens alone would give."""
    found = scores(model, corpus, settings, workers)
    n = len(corpus.dev) - 1
    counts = np.bincount(corpus.train, minlength=len(corpus.codec)) + 1.0
    nats = -np.log(counts / counts.sum())[corpus.dev[1:]].sum()
    return {
        **found,
        "perplexity": perplexity(found["loss"] * n, n),
        "bits_by_frequency": float(nats / math.log(2) / corpus.characters),
    }


def surprise(
    model: LanguageModel, ids: NDArray[np.int64], settings: Settings, workers: Workers
) -> NDArray[np.float32]:
    """-ln p of every token of ids (n,) but the first, window by window: (n - 1,)."""
    model.eval()

    def of(batch: TextChunkBatch) -> NDArray[np.float32]:
        losses = cross_entropy(model(batch.ids), batch.labels, reduction="none")
        found: NDArray[np.float32] = losses.data.reshape(-1)
        return found

    size = max(_EVALUATION_TOKENS // settings.context, 1)
    batches = ConsecutiveChunks(ids, settings.context, size)
    found = predict_batches(of, batches, workers, description="scoring")
    return np.concatenate(found)[: len(ids) - 1]
