"""Word2VecTrainer in one process: it learns, repeats its bits, resumes, stops on divergence."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from topic_sampler import TopicSampler, topic_contrast, topic_model

from pmt_core import ArchiveError, RandomStream, SettingsError, StateError
from pmt_train import (
    EarlyStopping,
    FitOptions,
    History,
    TrainingInterrupted,
    TrainingLoop,
    Word2Vec,
    Word2VecSettings,
    Word2VecTrainer,
    load_checkpoint,
    run_thread_group,
)

MODELS = [(model, loss) for model in ("skipgram", "cbow") for loss in ("ns", "hs")]


@pytest.fixture(scope="module")
def sampler() -> TopicSampler:
    return TopicSampler()


def fit(model: Word2Vec, sampler: TopicSampler, *, epochs: int = 2, **options) -> History:
    with Word2VecTrainer(model, sampler, seed=3) as trainer:
        trainer.accumulate = options.pop("accumulate", 3)
        loop = TrainingLoop(
            trainer, trainer.sampler, FitOptions(epochs=epochs, quiet=True, **options)
        )
        return loop.run()


@pytest.mark.parametrize(("model", "loss"), MODELS)
def test_vectors_start_as_those_of_the_models_on_the_tape(model: str, loss: str) -> None:
    """Uniform in +-1/d, and zero for the outputs: see `test_vectors_start_uniform_in_1_over_d`."""
    d, v = 20, 2000
    settings = Word2VecSettings(model=model, loss=loss, dimension=d)
    start = Word2Vec(settings, v, RandomStream(1, "word2vec"))
    assert 0.99 / d < np.abs(start.vectors).max() <= 1 / d
    assert start.vectors.mean() == pytest.approx(0, abs=0.02 / d)
    assert start.vectors.std() == pytest.approx(1 / (d * np.sqrt(3)), rel=0.02)
    assert not start.outputs.any()


@pytest.mark.parametrize(("model", "loss"), MODELS)
def test_words_of_one_topic_come_together(sampler, model: str, loss: str) -> None:
    trained = topic_model(model=model, loss=loss, epochs=6)
    history = fit(trained, sampler, epochs=6)
    losses = history.column("train_loss")
    assert losses[-1] < losses[0] - 0.1
    assert history.column("step") == [3, 6, 9, 12, 15, 18]
    np.testing.assert_allclose(history.column("lr")[-1], 1e-4)
    assert history.examples == 6 * 8_000
    assert "grad_norm" not in history.columns
    assert topic_contrast(trained) > 0.5


@pytest.mark.parametrize(("model", "loss"), MODELS)
def test_the_first_loss_is_that_of_untrained_vectors(sampler, model: str, loss: str) -> None:
    """With a learning rate of nearly 0 nothing moves: every binary target costs log 2."""
    rates = {"learning_rate": 1e-30, "last_learning_rate": 0.0}
    history = fit(topic_model(model=model, loss=loss, epochs=1, **rates), sampler, epochs=1)
    targets = 6.0
    if loss == "hs":
        shares = sampler.counts / sampler.counts.sum()
        entropy = -np.sum(shares * np.log2(shares))
        targets = entropy + 0.5  # a Huffman code is less than one bit longer than the entropy
    measured = history.column("train_loss")[0] / np.log(2)
    # A noise word that is the word itself is left out: one of forty.
    assert targets - 0.5 <= measured <= targets + (0.5 if loss == "hs" else 0)


def test_one_worker_gives_the_same_bits(sampler) -> None:
    models = [topic_model() for _ in range(2)]
    first, second = (fit(model, sampler).column("train_loss") for model in models)
    assert first == second
    np.testing.assert_array_equal(models[0].vectors, models[1].vectors)
    np.testing.assert_array_equal(models[0].outputs, models[1].outputs)


@pytest.mark.parametrize("step", [1, 3, 4])  # within an epoch, at its end, in the next one
def test_resumed_is_as_if_never_stopped(sampler, tmp_path: Path, step: int) -> None:
    whole, path = topic_model(), tmp_path / "checkpoint.npz"
    expected = fit(whole, sampler)

    def stop(event) -> None:
        if event.step == step:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(TrainingInterrupted):
        fit(topic_model(), sampler, checkpoint_path=path, callbacks={"step": stop})
    assert load_checkpoint(path).state.step == step
    resumed = topic_model()
    history = fit(resumed, sampler, checkpoint_path=path, resume=True)
    np.testing.assert_array_equal(resumed.vectors, whole.vectors)
    np.testing.assert_array_equal(resumed.outputs, whole.outputs)
    for name in ("epoch", "step", "lr", "train_loss"):
        assert history.column(name) == expected.column(name)
    assert history.examples == expected.examples


def test_a_checkpoint_of_another_model_is_refused(sampler, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    fit(topic_model(), sampler, checkpoint_path=path)
    for changes in ({"dimension": 8}, {"loss": "hs"}):
        model = topic_model(**changes)
        before = model.vectors.copy()
        with pytest.raises(ArchiveError, match="another vocabulary"):
            fit(model, sampler, checkpoint_path=path, resume=True)
        np.testing.assert_array_equal(model.vectors, before)
    with pytest.raises(StateError, match="got nothing"):
        topic_model().load_weights({})


def test_a_checkpoint_of_an_earlier_version_resumes_between_epochs(sampler) -> None:
    """It has a position of its own, and no learning rate."""
    saved = topic_model(learning_rate=0.1)
    fit(saved, sampler, epochs=1)
    trainer = Word2VecTrainer(topic_model(), sampler)
    weights = {**saved.weights(), "sums": np.zeros(2)}
    trainer.load_state({"model": {**weights, "position": np.array([1, 0, 0, 0])}}, 3)
    assert trainer.step_count == 3
    np.testing.assert_array_equal(trainer.model.vectors, saved.vectors)
    with pytest.raises(StateError, match="start the run anew"):
        trainer.load_state({"model": {**weights, "position": np.array([1, 3, 3_000, 3_000])}}, 3)


def test_the_best_epoch_by_evaluation_is_restored(sampler) -> None:
    model, vectors = topic_model(epochs=9), []

    def evaluate() -> dict[str, float]:
        vectors.append(model.vectors.copy())
        return {"accuracy": [0.1, 0.9, 0.2, 0.3][len(vectors) - 1]}

    stopping = EarlyStopping(patience=2)
    history = fit(model, sampler, epochs=9, evaluate=evaluate, early_stopping=stopping)
    assert (history.best_epoch, len(history.rows), history.stopped_early) == (2, 4, True)
    np.testing.assert_array_equal(model.vectors, vectors[1])


@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_divergence_names_the_cure_and_the_last_checkpoint(sampler, tmp_path, model: str) -> None:
    wild = topic_model(model=model, learning_rate=100.0, update_blocks=4)
    with pytest.raises(StateError, match=r"lower the learning rate .*epoch 1, batch \d+"):
        fit(wild, sampler, accumulate=1)
    broken = topic_model()

    def break_weight(event) -> None:
        broken.vectors[3] = np.nan

    path = tmp_path / "checkpoint.npz"
    with pytest.raises(StateError, match="diverged.*last good checkpoint is .*checkpoint.npz"):
        fit(broken, sampler, checkpoint_path=path, callbacks={"epoch": break_weight})


@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_near_the_root_of_the_tree_no_rate_is_too_high(sampler, model: str) -> None:
    """The tree of forty words has no other nodes."""
    wild = topic_model(model=model, loss="hs", learning_rate=10.0, update_blocks=8)
    first, second = fit(wild, sampler).column("train_loss")
    assert second < first
    assert topic_contrast(wild) > 0.5


def test_the_learning_rate_follows_the_words_and_lr_scale(sampler) -> None:
    with Word2VecTrainer(topic_model(), sampler) as trainer:
        chunks = list(trainer.sampler.epoch(1))
        trainer.lr_scale = 0.5
        result = trainer.step(*chunks[:2])
    assert chunks == [(1, number) for number in range(8)]
    assert result.lr == pytest.approx(0.5 * (0.05 - (0.05 - 1e-4) * (1 + 2 / 8) / 2))
    assert (result.examples, result.grad_norm) == (2_000, None)


def test_wrong_use_is_explained(sampler, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = Word2VecTrainer(topic_model(), sampler)
    with pytest.raises(StateError, match="enter the trainer"):
        trainer.step(next(trainer.sampler.epoch(0)))
    with pytest.raises(SettingsError, match="workers must be at least 1, got 0"):
        Word2VecTrainer(topic_model(), sampler, workers=0)

    def train(group) -> str:
        monkeypatch.setattr("pmt_train.word2vec.trainer.launched_process_group", lambda: group)
        with pytest.raises(SettingsError, match="mpiexec started 2"):
            Word2VecTrainer(topic_model(), sampler)
        return "refused"

    assert run_thread_group(2, train) == ["refused"] * 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "glove"},
        {"loss": "softmax"},
        {"dimension": 0},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"last_learning_rate": 1.0},
        {"update_blocks": -1},
    ],
)
def test_settings_out_of_range(wrong) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        Word2VecSettings(**wrong)


@pytest.mark.parametrize(
    "change",
    [
        {"vectors": np.zeros(3)},
        {"outputs": np.array("text")},
        {"vectors": None},
    ],
)
def test_weights_and_state_that_do_not_fit_change_nothing(sampler, change) -> None:
    trainer = Word2VecTrainer(topic_model(), sampler)
    before = trainer.model.weights()
    with pytest.raises(StateError):
        trainer.load_state({"model": {**before, **change}}, 3)
    bad = before["outputs"].copy()
    bad[0, 0] = np.nan
    with pytest.raises(StateError, match=r"outputs holds nan at \[0, 0\]"):
        trainer.load_weights({**before, "vectors": before["vectors"] + 1, "outputs": bad})
    for rate in (np.array(np.nan), np.array("x"), np.zeros(2), np.array(-1.0), None):
        with pytest.raises(StateError, match="learning_rate"):
            trainer.load_state({"model": before, "optimizer": {"learning_rate": rate}}, 3)
    assert trainer.step_count == 0
    for name, array in trainer.model.weights().items():
        np.testing.assert_array_equal(array, before[name])
