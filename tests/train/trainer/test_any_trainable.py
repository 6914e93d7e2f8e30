"""TrainingLoop trains whatever satisfies `Trainable`: history, resume, early stopping, errors."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pmt_core import ArchiveError, DataError, SettingsError, StateError
from pmt_train import (
    EarlyStopping,
    FitOptions,
    History,
    SingleProcess,
    StepResult,
    TrainingInterrupted,
    TrainingLoop,
    Workers,
    load_checkpoint,
)

BATCHES = [10, 10, 10, 7]  # their numbers of examples


class Walk:
    """A random walk: its position after n steps depends on the seed and n alone."""

    def __init__(self, diverges_at: int | None = None) -> None:
        self.position = np.zeros(3)
        self.seed = 3
        self.workers = Workers(1)
        self.process_group = SingleProcess()
        self.accumulate = 1
        self.step_count = 0
        self.lr_scale = 1.0
        self.diverges_at = diverges_at

    parameter_count = 3

    @property
    def learning_rate(self) -> float:
        return 1 / self.step_count

    def step(self, *batches: int) -> StepResult:
        if self.step_count == self.diverges_at:
            raise StateError("the weights are not finite any more")
        self.position += np.random.default_rng([self.seed, self.step_count]).normal(size=3)
        self.step_count += 1
        examples = sum(batches)
        return StepResult(examples * loss_of(self.step_count), examples, None, 0.1, examples)

    def fingerprint(self) -> Mapping[str, str]:
        return {}

    def averaged(self) -> AbstractContextManager[None]:
        return nullcontext()

    def set_training(self, training: bool) -> None:
        pass

    def weights(self) -> dict[str, np.ndarray]:
        return {"position": self.position.copy()}

    def load_weights(self, weights: Mapping[str, np.ndarray]) -> None:
        self.position[...] = weights["position"]

    def state(self) -> dict[str, dict[str, np.ndarray]]:
        return {"model": self.weights()}

    def load_state(self, state: Mapping[str, Mapping[str, np.ndarray]], steps: int) -> None:
        self.load_weights(state["model"])
        self.step_count = steps


def loss_of(step: int) -> float:
    return 1 / step


def fit(model: Walk, folder: Path | None = None, *, epochs: int = 3, **options: object) -> History:
    path = folder / "checkpoint.npz" if folder else None
    options = FitOptions(epochs, quiet=True, checkpoint_path=path, **options)
    return TrainingLoop(model, BATCHES, options).run()


def test_history_counts_steps_and_examples() -> None:
    events = []
    history = fit(Walk(), callbacks={"step": lambda event: events.append(dict(event.row))})
    assert history.column("epoch") == [1, 2, 3]
    assert history.column("step") == [4, 8, 12]
    assert history.column("lr") == [1 / 4, 1 / 8, 1 / 12]
    expected = [np.average([loss_of(4 * e + i) for i in (1, 2, 3, 4)], weights=BATCHES)
                for e in range(3)]  # fmt: skip
    np.testing.assert_allclose(history.column("train_loss"), expected)
    assert "grad_norm" not in history.columns
    assert history.examples == 3 * 37
    assert history.best_epoch is None
    assert len(events) == 12
    assert events[0] == {"loss": 1.0, "lr": 0.1, "examples": 10}


class Silent(Walk):
    """Predicts nothing in the second epoch, and nothing in every second step of the others."""

    def step(self, *batches: int) -> StepResult:
        result = super().step(*batches)
        is_silent = self.step_count % 2 == 0 or 4 < self.step_count <= 8
        return replace(result, loss=0.0, count=0) if is_silent else result


def test_a_mean_over_no_prediction_is_no_loss_of_0(tmp_path: Path, capsys) -> None:
    events = []
    path = tmp_path / "checkpoint.npz"
    options = FitOptions(
        3,
        checkpoint_path=path,
        callbacks={"step": lambda event: events.append(event.row["loss"])},
    )
    history = TrainingLoop(Silent(), BATCHES, options).run()
    losses = history.column("train_loss")
    assert losses[0] == np.average([loss_of(1), loss_of(3)], weights=[10, 10])
    assert np.isnan(losses).tolist() == [False, True, False]
    assert np.isnan(events).tolist() == [False, True, False, True, *[True] * 4, *[False, True] * 2]
    lines = capsys.readouterr().out.splitlines()
    assert "train loss 0.6667" in lines[0]
    assert "no predictions" in lines[1]
    assert "0.0000" not in lines[1]
    history.save(tmp_path / "history.csv")
    np.testing.assert_array_equal(
        History.load(tmp_path / "history.csv").column("train_loss"), losses
    )
    np.testing.assert_array_equal(load_checkpoint(path).state.rows[1]["train_loss"], np.nan)


def stop_at(step: int) -> Callable[..., None]:
    def stop(event) -> None:
        if event.step == step:
            os.kill(os.getpid(), signal.SIGINT)

    return stop


@pytest.mark.parametrize("step", [1, 4, 6])  # in the middle of an epoch, at its end, further on
def test_resumed_is_as_if_never_stopped(tmp_path: Path, step: int) -> None:
    whole = Walk()
    expected = fit(whole)
    with pytest.raises(TrainingInterrupted):
        fit(Walk(), tmp_path, callbacks={"step": stop_at(step)})
    assert load_checkpoint(tmp_path / "checkpoint.npz").state.step == step
    again = Walk()
    history = fit(again, tmp_path, resume=True)
    np.testing.assert_array_equal(again.position, whole.position)
    for name in ("epoch", "step", "lr", "train_loss"):
        assert history.column(name) == expected.column(name)
    assert history.examples == expected.examples
    rested = Walk()
    fit(rested, tmp_path, resume=True)  # no step is left
    np.testing.assert_array_equal(rested.position, whole.position)


def test_the_best_epoch_by_evaluation_is_restored() -> None:
    model, positions = Walk(), []

    def evaluate() -> dict[str, float]:
        positions.append(model.position.copy())
        return {"accuracy": [0.1, 0.9, 0.2, 0.3][len(positions) - 1]}

    history = fit(model, epochs=9, evaluate=evaluate, early_stopping=EarlyStopping(patience=2))
    assert (history.best_epoch, len(history.rows), history.stopped_early) == (2, 4, True)
    np.testing.assert_array_equal(model.position, positions[1])


def test_divergence_says_where_and_which_checkpoint_is_left(tmp_path: Path) -> None:
    match = r"not finite any more \(epoch 2, batch 3\); the last good checkpoint"
    with pytest.raises(StateError, match=match):
        fit(Walk(diverges_at=6), tmp_path)
    with pytest.raises(StateError, match=r"\(epoch 1, batch 2\)$"):
        fit(Walk(diverges_at=1))


def test_an_aborted_run_resumes_from_the_last_checkpoint_within_an_epoch(tmp_path: Path) -> None:
    with pytest.raises(StateError):
        fit(Walk(diverges_at=6), tmp_path, checkpoint_seconds=0.0)
    saved = load_checkpoint(tmp_path / "checkpoint.npz").state
    assert (saved.epoch, saved.batch) == (1, 2)
    model, whole = Walk(), Walk()
    history, expected = fit(model, tmp_path, resume=True), fit(whole)
    np.testing.assert_array_equal(model.position, whole.position)
    assert history.column("train_loss") == expected.column("train_loss")
    assert history.examples == expected.examples


def test_a_checkpoint_of_another_model_or_run_is_refused(tmp_path: Path) -> None:
    fit(Walk(), tmp_path)

    class Other(Walk):
        def load_state(self, state, steps) -> None:
            raise StateError("expected 4 words")

    with pytest.raises(ArchiveError, match="another model: expected 4 words"):
        fit(Other(), tmp_path, resume=True)
    with pytest.raises(SettingsError, match="corpus was None and is 'b' now"):
        fit(Walk(), tmp_path, fingerprint={"corpus": "b"}, resume=True)


def test_an_epoch_without_batches_is_an_error() -> None:
    with pytest.raises(DataError, match="no batches"):
        TrainingLoop(Walk(), [], FitOptions(1, quiet=True)).run()
