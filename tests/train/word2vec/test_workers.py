"""Worker processes: they learn as well as one process, and resume what others began."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from topic_sampler import topic_contrast, topic_model, train

from pmt_core import StateError
from pmt_train import Word2VecSettings, Word2VecTrainer
from pmt_train.word2vec.chunk_trainer import update_size

MODELS = [(model, loss) for model in ("skipgram", "cbow") for loss in ("ns", "hs")]


@pytest.mark.parametrize(("model", "loss"), MODELS)
def test_workers_learn_as_well_as_one(long_sampler, model: str, loss: str) -> None:
    alone, together = (topic_model(model=model, loss=loss) for _ in range(2))
    with Word2VecTrainer(alone, long_sampler) as trainer:
        expected = train(trainer)
    with Word2VecTrainer(together, long_sampler, workers=3) as trainer:
        history = train(trainer)
    assert history.examples == expected.examples == 2 * 88_000
    # So few words are in every update of every worker: much of what one writes another overwrites.
    np.testing.assert_allclose(
        history.column("train_loss")[-1], expected.column("train_loss")[-1], rtol=0.06
    )
    assert topic_contrast(together) > 0.5


@pytest.mark.parametrize(("model", "loss"), MODELS)
def test_the_loss_is_the_mean_over_every_prediction(long_sampler, model: str, loss: str) -> None:
    """Weights that hardly move: whoever trains on which chunk when, the sum is that of one."""
    rates = {"learning_rate": 1e-30, "last_learning_rate": 0.0}
    models = [topic_model(model=model, loss=loss, **rates) for _ in range(2)]
    rng = np.random.default_rng(1)
    for first, second in zip(*(m.tables for m in models), strict=True):
        first[:-1] = second[:-1] = rng.normal(size=first[:-1].shape)
    results = []
    for m, workers in zip(models, (1, 2), strict=True):
        with Word2VecTrainer(m, long_sampler, workers=workers) as trainer:
            results.append(trainer.step(*trainer.sampler.epoch(0)))
    np.testing.assert_allclose(results[1].loss, results[0].loss, rtol=1e-6)
    assert results[1].count == results[0].count
    assert results[1].examples == 88_000


def test_resumed_with_other_workers_every_chunk_is_trained_once(
    long_sampler, tmp_path: Path
) -> None:
    path = tmp_path / "checkpoint.npz"

    class Stop(Exception):
        pass

    def stop(event) -> None:
        raise Stop

    with Word2VecTrainer(topic_model(), long_sampler, workers=2) as trainer:
        trainer.accumulate = 4
        with pytest.raises(Stop):
            train(
                trainer,
                checkpoint_path=path,
                checkpoint_seconds=0.0,
                callbacks={"checkpoint": stop},
            )
    with Word2VecTrainer(topic_model(), long_sampler, workers=3) as trainer:
        history = train(trainer, checkpoint_path=path, resume=True)
    assert history.examples == 2 * 88_000
    assert history.column("step") == [2, 3]


def test_divergence_is_an_error(long_sampler) -> None:
    wild = topic_model(learning_rate=100.0, update_blocks=4)
    with (
        pytest.raises(StateError, match="lower the learning rate"),
        Word2VecTrainer(wild, long_sampler, workers=2) as trainer,
    ):
        train(trainer)


def test_workers_share_what_keeps_an_update_stable() -> None:
    counts = np.array([1000, 300, 50, 7, 1])
    settings = Word2VecSettings(block_words=1, learning_rate=0.01)
    text = SimpleNamespace(
        counts=counts, keep_probabilities=np.ones(5), noise_weights=counts**0.75, window=5
    )
    sizes = [update_size(settings, text, 6.0, workers) for workers in (1, 3, 7)]
    # The busiest word is 1000 of 1358, in 6 contexts, with 6 targets each: 26.5 terms a word, so 15
    # words have 400 = 4 / 0.01. Three and seven workers share them.
    assert sizes == [(1, 15), (1, 5), (1, 2)]
