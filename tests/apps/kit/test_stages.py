"""Runs of several stages: files, one history, resume, and what an overwritten run leaves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pmt_apps.kit.run import Run
from pmt_apps.kit.settings import AppSettings
from pmt_core import load_archive
from pmt_nn import Linear, mse
from pmt_train import SGD, FitOptions, History, Trainer, TrainingInterrupted, join_histories


@dataclass(frozen=True)
class Numbers:
    x: np.ndarray

    def __len__(self) -> int:
        return len(self.x)


def trainer(seed: int) -> Trainer:
    model = Linear(2, 1, np.random.default_rng(seed))
    return Trainer(
        model,
        lambda m, b, rng: (mse(m(b.x), b.x.sum(axis=1, keepdims=True), reduction="sum"), len(b)),
        optimizer=SGD,
        schedule=0.1,
    )


BATCHES = [Numbers(np.random.default_rng(i).normal(size=(4, 2)).astype(np.float32)) for i in (1, 2)]


def both_stages(run: Run, stop_in: str | None = None) -> dict[str, np.ndarray]:
    last = {}
    for stage, seed in (("first", 1), ("second", 2)):
        learner = trainer(seed)

        def stop(event: object, stage: str = stage) -> None:
            if stage == stop_in:
                raise TrainingInterrupted(2, 0, 0, None)

        run.fit(learner, BATCHES, FitOptions(epochs=3, callbacks={"epoch": stop}), stage=stage)
        last = learner.model.state_dict()
    run.save_model({"both": last["weight"]}, {"kind": "two"})
    return last


def opened(out: Path, **more: bool):
    return Run.open(AppSettings(out=out, **more), "numbers", "Numbers")


def test_files_and_one_history(tmp_path: Path) -> None:
    with opened(tmp_path / "run") as run:
        last = both_stages(run)
        run.finish()
    names = {path.name for path in (tmp_path / "run").glob("*.npz")}
    assert names == {
        *("first.npz", "first.checkpoint.npz", "second.npz", "second.checkpoint.npz"),
        "model.npz",
    }
    rows = History.load(tmp_path / "run" / "history.csv").rows
    assert [row["stage"] for row in rows] == [1, 1, 1, 2, 2, 2]
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [row["step"] for row in rows] == [2, 4, 6, 8, 10, 12]
    assert (np.diff([row["seconds"] for row in rows]) > 0).all()
    assert run.history.examples == 2 * 3 * 8
    arrays, meta = load_archive(tmp_path / "run" / "second.npz")
    np.testing.assert_array_equal(arrays["weight"], last["weight"])
    arrays, meta = run.load_model()
    assert meta == {"kind": "two"}


@pytest.mark.parametrize("stop_in", ["first", "second"])
def test_a_resumed_run_ends_with_the_same_bits(tmp_path: Path, stop_in: str) -> None:
    with opened(tmp_path / "whole") as run:
        expected = both_stages(run)
    out = tmp_path / "stopped"
    with pytest.raises(TrainingInterrupted), opened(out) as run:
        both_stages(run, stop_in)
    with opened(out, resume=True) as run:
        weights = both_stages(run)
    np.testing.assert_array_equal(weights["weight"], expected["weight"])
    rows = History.load(out / "history.csv").rows
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6]


def test_a_run_in_the_place_of_another_takes_its_stages_away(tmp_path: Path) -> None:
    with opened(tmp_path) as run:
        both_stages(run)
    (tmp_path / "mine.npz").write_bytes(b"not of the run")
    with opened(tmp_path, overwrite=True) as run:
        run.fit(trainer(1), BATCHES)
    names = {path.name for path in tmp_path.glob("*.npz")}
    assert names == {"mine.npz", "checkpoint.npz", "model.npz"}


def test_the_best_of_the_last_stage_is_the_best() -> None:
    first = History([{"epoch": 1, "step": 4, "seconds": 1.0}], 1, {"accuracy": 0.9}, 2.0, 1.5, 10)
    rows = [{"epoch": 1, "step": 4, "seconds": 1.0}, {"epoch": 2, "step": 8, "seconds": 3.0}]
    second = History(rows, 2, {"accuracy": 0.8}, 4.0, 2.5, 20)
    whole = join_histories({"a": first, "b": second})
    assert (whole.best_epoch, whole.best) == (3, {"accuracy": 0.8})
    assert (whole.seconds, whole.training_seconds, whole.examples) == (6.0, 4.0, 30)
    assert [row["seconds"] for row in whole.rows] == [1.0, 2.0, 4.0]
    assert join_histories({}).rows == []
