"""Corpora of a few words train, or are refused with the cause, by every model and setting."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pmt_apps.word2vec.settings import Settings
from pmt_apps.word2vec.training import (
    WindowBatches,
    fast_settings,
    read_corpus,
    tape_trainer,
)
from pmt_core import DataError, RandomStream
from pmt_text import ChunkSampler, SamplingSettings
from pmt_train import FitOptions, History, TrainingLoop, Word2Vec, Word2VecTrainer

CORPORA = 240
REFUSED = ("holds no words", "two or more different words")


def random_settings(rng: np.random.Generator, path: Path) -> Settings:
    """Write a corpus of 0 to 120 words of 1 to 7 different ones; return settings for it."""
    words, lines = int(rng.integers(1, 8)), int(rng.integers(1, 4))
    length = int(rng.choice([0, 1, 2, 5, 40]))
    text = [" ".join(f"w{i}" for i in rng.integers(0, words, length)) for _ in range(lines)]
    path.write_text("\n".join(text) + "\n")
    return Settings(
        corpus=path,
        out=path.parent,
        min_count=1,
        model=str(rng.choice(["skipgram", "cbow"])),
        loss=str(rng.choice(["ns", "hs"])),
        sentences=str(rng.choice(["lines", "chunks"])),
        window=int(rng.choice([1, 2, 5, 50, 100])),
        subsample=float(rng.choice([0, 1e-3, 1e-9])),
        dimension=int(rng.choice([1, 4, 100])),
        limit=None if rng.random() < 0.7 else int(rng.integers(1, 20)),
        batch_size=int(rng.choice([1, 16])),
        epochs=2,
        workers=1,
    )


def train(settings: Settings, epochs: int = 2, resume: bool = False) -> tuple[History, np.ndarray]:
    corpus, counts = read_corpus(settings)
    sampling = SamplingSettings(window=settings.window, subsample=settings.subsample)
    stream = RandomStream(settings.seed, "word2vec")
    options = FitOptions(
        epochs, quiet=True, checkpoint_path=settings.out / "checkpoint.npz", resume=resume
    )
    if settings.implementation == "tape":
        batches = WindowBatches(corpus, counts, sampling, settings.batch_size, stream)
        trainer = tape_trainer(settings, counts, batches)
        history = TrainingLoop(trainer, batches, options).run()
        return history, trainer.model.vectors.weight.data
    model = Word2Vec(fast_settings(settings), len(counts), stream)
    with (
        ChunkSampler.from_corpus(corpus, counts, sampling, stream) as sampler,
        Word2VecTrainer(model, sampler, workers=settings.workers) as trainer,
    ):
        history = TrainingLoop(trainer, sampler, options).run()
    return history, model.vectors


@pytest.mark.parametrize("implementation", ["fast", "tape"])
def test_random_tiny_corpora_train_or_are_refused(tmp_path: Path, implementation: str) -> None:
    rng = np.random.default_rng(21)
    trained = silent = 0
    refused: list[str] = []
    for _ in range(CORPORA):
        settings = replace(
            random_settings(rng, tmp_path / "text.txt"), implementation=implementation
        )
        try:
            read_corpus(settings)
        except DataError as error:
            refused.append(str(error))
            continue
        history, vectors = train(settings)
        assert np.isfinite(vectors).all(), settings
        losses = history.column("train_loss")
        assert all(math.isnan(loss) or 0 < loss < 20 for loss in losses), settings
        trained += 1
        silent += math.isnan(losses[0])
        if trained % 10 == 0:  # stopped after an epoch, and resumed
            train(settings, epochs=1)
            resumed, same = train(settings, resume=True)
            np.testing.assert_array_equal(resumed.column("train_loss"), losses)
            np.testing.assert_array_equal(same, vectors)
    assert trained > CORPORA / 2
    assert silent > 20
    assert all(any(words in message for words in REFUSED) for message in refused)


@pytest.mark.parametrize("loss", ["ns", "hs"])
def test_two_workers_train_what_subsampling_leaves_nothing_of(tmp_path: Path, loss: str) -> None:
    path = tmp_path / "text.txt"
    path.write_text("a b " * 6)
    settings = Settings(
        corpus=path, out=tmp_path, min_count=1, loss=loss, subsample=1e-9, workers=2
    )
    history, vectors = train(settings)
    assert np.isfinite(vectors).all()
    assert np.isnan(history.column("train_loss")).all()


def test_a_chunk_without_words_is_followed_by_others(tmp_path: Path) -> None:
    """The last 10,000 words are one word, which subsampling drops."""
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in rng.integers(0, 500, 10_000)] + ["the"] * 10_000
    (tmp_path / "text.txt").write_text(" ".join(words))
    settings = Settings(
        corpus=tmp_path / "text.txt", out=tmp_path, min_count=1, subsample=1e-9, dimension=8
    )
    for implementation in ("fast", "tape"):
        history, vectors = train(replace(settings, implementation=implementation))
        assert np.isfinite(vectors).all()
        assert len(history.rows) == 2
