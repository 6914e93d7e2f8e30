"""`--record`: the file of a run, killed, resumed and replaced; the run itself stays the same."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest

from pmt_apps.kit.run import Run
from pmt_apps.kit.run_folder import RunFolder
from pmt_apps.kit.settings import AppSettings
from pmt_core import load_archive
from pmt_nn import Linear, mse
from pmt_train import FitOptions, Trainer, TrainingRecording, batches_of

STEPS = 40  # 4 epochs of 10


def weights(out: Path) -> dict[str, bytes]:
    arrays, _ = load_archive(out / "checkpoint.npz")
    return {name: array.tobytes() for name, array in arrays.items() if name.startswith("model")}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_killed_and_resumed_it_equals_a_run_that_is_not_recorded(app):
    plain, out = app.folder / "plain", app.folder / "recorded"
    code, _, err = app.run("--out", str(plain))
    assert code == 0, err
    assert not (plain / "recording.jsonl").exists()
    process = app.start("--out", str(out), "--record", send=signal.SIGKILL, at="step 23")
    process.communicate(timeout=600)
    killed = TrainingRecording.load(out / "recording.jsonl")
    assert [line["step"] for line in killed.steps] == list(range(1, 23))
    assert not killed.is_complete
    code, _, err = app.run("--out", str(out), "--resume")  # it is recorded further
    assert code == 0, err
    whole = TrainingRecording.load(out / "recording.jsonl")
    steps = [line["step"] for line in whole.steps]
    assert steps[:32] == list(range(1, 33))  # later ones as time allows
    assert steps == sorted({*steps})
    assert steps[-1] > 32
    assert steps[-1] <= STEPS
    assert [row["epoch"] for row in whole.rows] == [1, 2, 3, 4]
    assert whole.is_complete
    assert whole.total_steps == STEPS
    assert "linear" in [layer.name for layer in whole.layers]
    assert weights(out) == weights(plain)
    code, _, err = app.run("--out", str(out), "--overwrite")
    assert code == 0, err
    assert not (out / "recording.jsonl").exists()


def test_each_stage_has_a_recording(tmp_path):
    def fit(run: Run[AppSettings]) -> None:
        for stage in ("first", "second"):
            x = np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32)
            trainer = Trainer(
                Linear(2, 1, np.random.default_rng(1)),
                lambda m, b, rng: mse(m(b[0]), b[1]),
            )
            run.fit(trainer, batches_of(x, x[:, :1], batch_size=4), FitOptions(2), stage=stage)

    with Run.open(AppSettings(out=tmp_path, record=True), "numbers", "Numbers") as run:
        fit(run)
    recordings = RunFolder(tmp_path).recordings()
    assert list(recordings) == ["first", "second"]
    for path in recordings.values():
        assert len(TrainingRecording.load(path).rows) == 2
    with Run.open(AppSettings(out=tmp_path, overwrite=True), "numbers", "Numbers") as run:
        fit(run)
    assert RunFolder(tmp_path).recordings() == {}
