"""`Run`: what an app's train and predict work with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from toys import Toys

from pmt_apps.kit.run import Run
from pmt_apps.kit.settings import AppSettings
from pmt_core import FileProblem, StateError
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
