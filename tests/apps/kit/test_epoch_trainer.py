"""Models that train themselves: the same files, resumes and signals as those on the tape."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from pmt_apps.kit.run import Run
from pmt_apps.kit.settings import AppSettings
from pmt_core import ArchiveError, DataError, SettingsError, StateError
from pmt_train import (
    EarlyStopping,
    EpochReport,
    EpochTrainer,
    FitOptions,
    History,
    TrainingInterrupted,
    Workers,
    load_checkpoint,
    run_thread_group,
)

STRETCH, STRETCHES = 10, 4  # examples told of at a time, and how many times in an epoch


class Walk:
    """A random walk: what it is after n stretches depends on the seed and n alone."""

    def __init__(self, seed: int = 0, diverges_at: int | None = None) -> None:
        self.place = np.zeros(3)
        self.done = 0
        self.seed = seed
        self.diverges_at = diverges_at
        self.sum = 0.0

    @property
    def parameter_count(self) -> int:
        return self.place.size

    def loss(self, stretch: int) -> float:
        return 1 / (1 + stretch)

    def train_epoch(self, workers: Workers, tell: Callable[[EpochReport], None]) -> EpochReport:
        assert workers.count >= 1
        while True:
            if self.done == self.diverges_at:
                raise StateError("the weights are not finite any more")
            self.place += np.random.default_rng([self.seed, self.done]).normal(size=3)
            self.sum += self.loss(self.done)
            self.done += 1
            n = (self.done - 1) % STRETCHES + 1
            report = EpochReport(n * STRETCH, self.sum / n, 1 / self.done, STRETCH * STRETCHES)
            if n == STRETCHES:
                self.sum = 0.0
                return report
            tell(report)

    def weights(self) -> dict[str, np.ndarray]:
        return {"place": self.place.copy()}

    def load_weights(self, weights: Mapping[str, np.ndarray]) -> None:
        self.place[...] = weights["place"]

    def state(self) -> dict[str, np.ndarray]:
        return {**self.weights(), "done": np.array(self.done), "sum": np.array(self.sum)}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        if set(state) != {"place", "done", "sum"}:
            raise StateError("not a walk")
        self.load_weights(state)
        self.done, self.sum = int(state["done"]), float(state["sum"])


def fit(model: Walk, folder: Path | None = None, **settings: object) -> History:
    trainer = EpochTrainer(model, seed=3)
    where = {"checkpoint_path": folder / "checkpoint.npz"} if folder else {}
    return trainer.fit(FitOptions(**{"epochs": 3, "quiet": True, **where, **settings}))


def test_history_counts_what_the_model_tells() -> None:
    events = []
    model = Walk()
    history = fit(model, callbacks={"step": lambda event: events.append(dict(event.row))})
    assert [row["epoch"] for row in history.rows] == [1, 2, 3]
    assert [row["step"] for row in history.rows] == [3, 6, 9]
    expected = [np.mean([model.loss(4 * e + i) for i in range(4)]) for e in range(3)]
    np.testing.assert_allclose(history.column("train_loss"), expected)
    np.testing.assert_allclose(history.column("lr"), [1 / 4, 1 / 8, 1 / 12])
    assert "grad_norm" not in history.columns
    assert history.examples == 3 * 40
    assert history.best_epoch is None
    assert len(events) == 9
    assert events[0] == {"loss": 1.0, "lr": 1.0}


def stop_at(step: int) -> Callable[..., None]:
    def stop(event) -> None:
        if event.step == step:
            os.kill(os.getpid(), signal.SIGINT)

    return stop


@pytest.mark.parametrize("step", [1, 3, 5])  # in the middle of an epoch, at its end, further on
def test_resumed_is_as_if_never_stopped(tmp_path: Path, step: int) -> None:
    whole = Walk()
    expected = fit(whole)
    stopped = Walk()
    with pytest.raises(TrainingInterrupted):
        fit(stopped, tmp_path, callbacks={"step": stop_at(step)})
    saved = load_checkpoint(tmp_path / "checkpoint.npz")
    assert saved.state.step == step
    again = Walk()
    history = fit(again, tmp_path, resume=True)
    np.testing.assert_array_equal(again.place, whole.place)
    if saved.best is not None:  # of the last whole epoch
        np.testing.assert_array_equal(stopped.place, saved.best["place"])
    same = ("epoch", "step", "lr", "train_loss")
    assert [[row[k] for k in same] for row in history.rows] == [
        [row[k] for k in same] for row in expected.rows
    ]
    assert history.examples == expected.examples
    rested = Walk()
    fit(rested, tmp_path, resume=True)  # nothing is left to do
    np.testing.assert_array_equal(rested.place, whole.place)


def test_the_best_epoch_by_evaluation_is_restored() -> None:
    model, places = Walk(), []

    def evaluate() -> dict[str, float]:
        places.append(model.place.copy())
        return {"accuracy": [0.1, 0.9, 0.2, 0.3][len(places) - 1]}

    history = fit(model, epochs=9, evaluate=evaluate, early_stopping=EarlyStopping(patience=2))
    assert (history.best_epoch, len(history.rows), history.stopped_early) == (2, 4, True)
    np.testing.assert_array_equal(model.place, places[1])


def test_a_model_that_diverges_says_where_and_what_is_left(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"not finite any more \(epoch 2\); the last good check"):
        fit(Walk(diverges_at=6), tmp_path)
    with pytest.raises(StateError, match=r"\(epoch 1\)$"):
        fit(Walk(diverges_at=1))


def test_what_broke_off_without_a_word_goes_on_from_the_last_checkpoint(tmp_path: Path) -> None:
    """Within an epoch too, where the time for a checkpoint has come."""
    with pytest.raises(StateError):
        fit(Walk(diverges_at=6), tmp_path, checkpoint_seconds=0.0)
    assert load_checkpoint(tmp_path / "checkpoint.npz").state.epoch == 1
    model, whole = Walk(), Walk()
    history, expected = fit(model, tmp_path, resume=True), fit(whole)
    np.testing.assert_array_equal(model.place, whole.place)
    np.testing.assert_allclose(history.column("train_loss"), expected.column("train_loss"))
    assert history.examples == expected.examples


def test_a_checkpoint_of_another_model_or_run_is_refused(tmp_path: Path) -> None:
    fit(Walk(), tmp_path)

    class Other(Walk):
        def load_state(self, state) -> None:
            raise StateError("expected 4 words")

    with pytest.raises(ArchiveError, match="another model: expected 4 words"):
        fit(Other(), tmp_path, resume=True)
    with pytest.raises(SettingsError, match="corpus was None and is 'b' now"):
        fit(Walk(), tmp_path, fingerprint={"corpus": "b"}, resume=True)


def test_an_epoch_of_nothing_is_an_error() -> None:
    class Empty(Walk):
        def train_epoch(self, workers, tell) -> EpochReport:
            return EpochReport(0, float("nan"), 0.1)

    with pytest.raises(DataError, match="no examples"):
        fit(Empty())


def test_under_mpiexec_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def train(ranks) -> str:
        import sys

        module = sys.modules["pmt_train.trainer.epoch_trainer"]
        monkeypatch.setattr(module, "launched_process_group", lambda: ranks)
        with pytest.raises(SettingsError, match="mpiexec started 2"):
            EpochTrainer(Walk())
        return "refused"

    assert run_thread_group(2, train) == ["refused"] * 2


def test_run_writes_the_same_files(tmp_path: Path) -> None:
    settings = AppSettings(out=tmp_path / "run", epochs=3, workers=1)
    seen = []
    with Run.open(settings, "walk", "A walk") as run:
        run.fit_epochs(
            EpochTrainer(Walk(), seed=settings.seed),
            FitOptions(
                settings.epochs,
                callbacks={
                    "epoch": lambda event: seen.append(len(History.load(run.folder.history).rows))
                },
            ),
            model_meta={"words": ["a"]},
        )
        run.finish()
        arrays, meta = run.load_model()
    assert seen == [1, 2, 3]
    assert meta == {"words": ["a"]}
    np.testing.assert_array_equal(arrays["place"], walked(3))
    metrics = json.loads(run.folder.metrics.read_text())
    assert metrics["parameters"] == 3
    assert metrics["epochs"] == 3
    assert {p.name for p in settings.out.iterdir()} == {
        "config.json",
        "history.csv",
        "metrics.json",
        "checkpoint.npz",
        "model.npz",
        "report.html",
    }


def walked(epochs: int) -> np.ndarray:
    model = Walk()
    fit(model, epochs=epochs)
    return model.place
