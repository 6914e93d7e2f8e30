"""`Run`: what an app's train and predict work with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from toys import Toys

from pmt_apps.kit.files import write_json
from pmt_apps.kit.run import Run
from pmt_apps.kit.settings import AppSettings
from pmt_core import (
    DataError,
    FileProblem,
    GradientError,
    StateError,
    load_archive,
    save_archive,
)
from pmt_nn import Linear
from pmt_train import FitOptions, History, learning_curves


@pytest.fixture
def settings(tmp_path):
    return AppSettings(out=tmp_path / "run", epochs=3, seed=11, workers=1)


def start(settings):
    return Run.open(settings, "toy", "A toy")


def test_history_is_kept_up_to_date(settings):
    rows = []

    def count(event):
        rows.append(len(History.load(settings.out / "history.csv").rows))

    with start(settings) as run:
        run.fit(
            Toys.trainer(), Toys.data(), FitOptions(settings.epochs, callbacks={"epoch": count})
        )
        assert rows == [1, 2, 3]
        assert [row["epoch"] for row in run.history.rows] == [1, 2, 3]


def test_the_model_comes_back_with_its_meta(settings):
    with start(settings) as run:
        trainer = Toys.trainer()
        run.fit(trainer, Toys.data(), model_meta={"vocabulary": ["a", "ü"], "n": 3})
    run = Run(settings, "toy", "A toy")
    model = Toys.model(seed=99)
    arrays, meta = run.load_model(model)
    assert meta == {"vocabulary": ["a", "ü"], "n": 3}
    for name, array in trainer.model.state_dict().items():
        np.testing.assert_array_equal(model.state_dict()[name], array)
        np.testing.assert_array_equal(arrays[name], array)
    assert not model.training


def test_what_an_overwritten_run_left_is_gone_from_the_beginning(settings):
    """A stale checkpoint must not be what a later --resume goes on from."""
    with start(settings) as run:
        run.fit(Toys.trainer(), Toys.data())
        run.add_figure("curves.png", "x", learning_curves, run.history)
        run.finish()
    again = AppSettings(**{**settings.__dict__, "overwrite": True, "epochs": 2})
    with start(again) as run:
        assert run.folder.checkpoint.exists()
        run.start()
        assert {p.name for p in settings.out.iterdir()} == {"config.json", ".lock"}
        assert json.loads(run.folder.config.read_text())["epochs"] == 2


def test_scores_are_on_disk_as_soon_as_they_are_known(settings):
    with start(settings) as run:
        run.fit(Toys.trainer(), Toys.data())
        run.log_metrics("dev", {"accuracy": np.float32(0.5)})
        run.log_metrics("dev", {"f1": 0.25})
        metrics = json.loads(run.folder.metrics.read_text())
        assert metrics["dev"] == {"accuracy": 0.5, "f1": 0.25}
        assert metrics["parameters"] == 60 * 8 + 2 * 8 + 8 * 2 + 2


def test_a_run_without_training_can_be_reported(settings, tmp_path):
    data = tmp_path / "d.txt"
    data.write_text("a\nb\n")
    with start(settings) as run:
        with pytest.raises(StateError, match="start"):
            run.finish()
        run.log_file("train", data)
        run.start()
        run.log_metrics("dev", {"accuracy": 0.7})
        run.finish()
        assert "0.7000" in run.folder.report.read_text()


def test_no_model_yet(settings):
    with start(settings) as run:
        run.start()
        with pytest.raises(FileProblem, match="--resume"):
            run.load_model()


def test_to_predict_nothing_is_locked_or_made(settings):
    use = AppSettings(**{**settings.__dict__, "predict": True})
    with start(use):
        assert not Path(settings.out).exists()


def test_without_a_finite_score_the_run_fails_and_says_why(settings):
    scores = FitOptions(
        2, evaluate=lambda: {"accuracy": float("nan"), "loss": float("inf")}, quiet=True
    )
    with start(settings) as run:
        message = "no epoch had a finite accuracy on dev, so there are no best weights and no .*npz"
        with pytest.raises(GradientError, match=message):
            run.fit(Toys.trainer(), Toys.data(), scores)
    assert not run.folder.model.exists()
    assert len(History.load(run.folder.history).rows) == 2
    metrics = json.loads(run.folder.metrics.read_text(), parse_constant=pytest.fail)
    assert metrics["best_epoch"] is None
    with pytest.raises(FileProblem, match="its first evaluation with a finite score"):
        run.load_model()
    resumed = AppSettings(**{**settings.__dict__, "resume": True})
    with start(resumed) as run, pytest.raises(GradientError, match="no epoch had a finite"):
        run.fit(Toys.trainer(), Toys.data(), scores)


def test_numbers_that_are_not_finite_are_null_in_json_and_text_in_the_report(settings):
    with start(settings) as run:
        run.fit(Toys.trainer(), Toys.data())
        row = run.history.rows[0]
        row["train_loss"] = float("nan")
        run.log_metrics("dev", {"f1": float("nan"), "loss": np.float32(np.inf), "n": [np.nan, 1]})
        run.finish()
    metrics = json.loads(run.folder.metrics.read_text(), parse_constant=pytest.fail)
    assert metrics["dev"] == {"f1": None, "loss": None, "n": [None, 1]}
    assert "<td" in run.folder.report.read_text()
    with pytest.raises(DataError, match="cannot write"):
        write_json(run.folder.metrics, {"f1": float("nan")})


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1j, "text"])
def test_weights_that_are_no_finite_numbers_are_refused_with_the_file(settings, bad):
    with start(settings) as run:
        run.fit(Toys.trainer(), Toys.data())
    arrays, meta = load_archive(run.folder.model)
    arrays["norm.bias"] = np.full(8, bad)

    save_archive(run.folder.model, arrays, meta)
    with pytest.raises(DataError, match=r"model.npz: norm.bias"):
        run.load_model(Toys.model())


def test_a_model_larger_than_its_file_is_not_built(settings):
    with start(settings) as run:
        run.fit(Toys.trainer(), Toys.data())
    rng = np.random.default_rng(0)
    message = "the settings ask for a larger model"
    with pytest.raises(DataError, match=f"model.npz: {message}"), run.loaded_model():
        Linear(10**6, 10**6, rng)
    resumed = Run(AppSettings(**{**settings.__dict__, "resume": True}), "toy", "A toy")
    with (
        pytest.raises(DataError, match=f"checkpoint.npz: {message}"),
        resumed.model_limit("no such stage", None),
    ):
        Linear(10**6, 10**6, rng)
    with resumed.model_limit("no such stage"), run.model_limit(None):
        Linear(1000, 1000, rng)
