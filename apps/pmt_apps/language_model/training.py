"""Model, training and scores of a language-model run."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.run import Run
from pmt_apps.language_model.data import Corpus
from pmt_apps.language_model.generate import generate_text
from pmt_apps.language_model.settings import Settings
from pmt_apps.transformer_optimizer import transformer_optimizer
from pmt_autograd import Tensor
from pmt_core import RandomStream
from pmt_nn import LanguageModel, LanguageModelConfig, cross_entropy
from pmt_text import ConsecutiveChunks, RandomChunks, TextChunkBatch
from pmt_train import (
    FitOptions,
    Trainer,
    TrainingEvent,
    Workers,
    cosine_schedule,
    perplexity,
    predict_batches,
    warmup,
    warmup_steps,
)

_EVALUATION_TOKENS = 1 << 13  # tokens of a batch: a few megabytes of logits
_SAMPLE_TOKENS = 120  # tokens of the text that is shown after each epoch


def build_model(settings: Settings, vocabulary: int) -> LanguageModel:
    """Return a decoder-only Transformer with new weights, its output tied to its embedding."""
    config = LanguageModelConfig(
        vocabulary=vocabulary,
        max_length=settings.max_length,
        positions=settings.positions,
        bias=settings.bias,
        **settings.sizes,
    )
    return LanguageModel(config, RandomStream(settings.seed, "weights").generator())


def loss(
    model: LanguageModel, batch: TextChunkBatch, rng: np.random.Generator
) -> tuple[Tensor, int]:
    """Return the summed cross-entropy of the next tokens, and their number."""
    logits = model(batch.ids, rng=rng)
    return cross_entropy(logits, batch.labels, reduction="sum"), batch.labels.size


def fit(model: LanguageModel, corpus: Corpus, settings: Settings, run: Run[Settings]) -> Workers:
    """Train; keep the weights with the fewest bits per held-out character. Return the workers."""
    batches = RandomChunks(
        corpus.train,
        settings.max_length,
        settings.batch_size,
        settings.steps,
        RandomStream(settings.seed, "windows"),
    )
    steps = settings.epochs * settings.steps
    trainer = Trainer(
        model,
        loss,
        optimizer=transformer_optimizer(
            settings.optimizer, betas=(0.9, settings.beta2), weight_decay=settings.weight_decay
        ),
        schedule=warmup(
            cosine_schedule(settings.lr, steps, settings.lr * settings.final_lr),
            warmup_steps(settings.warmup, steps),
        ),
        seed=settings.seed,
        workers=settings.workers,
        clip=settings.clip_norm,
    )
    sample_settings = replace(settings, tokens=_SAMPLE_TOKENS)

    def say_sample(event: TrainingEvent) -> None:
        if run.is_writer:
            rng = RandomStream(settings.seed, "sample", event.epoch).generator()
            text = "".join(generate_text(model, corpus.tokenizer, sample_settings, "", rng))
            run.say("\n".join(f"    | {line}" for line in text.split("\n")))

    run.fit(
        trainer,
        batches,
        FitOptions(
            settings.epochs,
            evaluate=lambda: scores(model, corpus, settings, trainer.workers),
            monitor="bits_per_character",
            mode="min",
            callbacks={"epoch": say_sample},
        ),
        model_meta={"tokenizer": corpus.tokenizer.to_json()},
    )
    return trainer.workers


def scores(
    model: LanguageModel, corpus: Corpus, settings: Settings, workers: Workers
) -> dict[str, float]:
    """Return the mean loss per token and the bits per character of the held-out text."""
    losses = token_losses(model, corpus.dev, settings, workers)
    total = float(losses.sum(dtype=np.float64))
    return {
        "loss": total / len(losses),
        "bits_per_character": total / math.log(2) / corpus.characters,
    }


def final_scores(
    model: LanguageModel, corpus: Corpus, settings: Settings, workers: Workers
) -> dict[str, float]:
    """Return `scores`, the perplexity, and the bits per character of a unigram model."""
    metrics = scores(model, corpus, settings, workers)
    n = len(corpus.dev) - 1
    counts = np.bincount(corpus.train, minlength=len(corpus.tokenizer)) + 1.0
    unigram_loss = -np.log(counts / counts.sum())[corpus.dev[1:]].sum()
    return {
        **metrics,
        "perplexity": perplexity(metrics["loss"] * n, n),
        "bits_by_frequency": float(unigram_loss / math.log(2) / corpus.characters),
    }


def token_losses(
    model: LanguageModel, ids: NDArray[np.int64], settings: Settings, workers: Workers
) -> NDArray[np.float32]:
    """Return -ln p of every token of ids (n,) but the first, chunk by chunk: (n - 1,)."""
    model.eval()

    def chunk_losses(batch: TextChunkBatch) -> NDArray[np.float32]:
        losses = cross_entropy(model(batch.ids), batch.labels, reduction="none")
        flat: NDArray[np.float32] = losses.data.reshape(-1)
        return flat

    batch_size = max(_EVALUATION_TOKENS // settings.max_length, 1)
    batches = ConsecutiveChunks(ids, settings.max_length, batch_size)
    losses = predict_batches(chunk_losses, batches, workers, description="scoring")
    return np.concatenate(losses)[: len(ids) - 1]
