"""`TrainingRecorder`: what it writes, and that the training is the same with and without it."""

from __future__ import annotations

import itertools
import json
import math
import os
from pathlib import Path

import numpy as np
import pytest

from pmt_autograd import Tensor
from pmt_core import RandomStream, SettingsError
from pmt_nn import Dropout, Embedding, Linear, Module, cross_entropy
from pmt_train import (
    FitOptions,
    RecordedLayer,
    Trainer,
    TrainingRecorder,
    TrainingRecording,
    batches_of,
    cosine_schedule,
)

EPOCHS, STEPS = 4, 28  # 7 steps in an epoch


class Words(Module):
    """A table, a hidden layer with relu, a norm-free output."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.table = Embedding(50, 6, rng)
        self.hidden = Linear(6, 8, rng)
        self.out = Linear(8, 2, rng)
        self.dropout = Dropout(0.2)

    def forward(self, ids, rng=None) -> Tensor:
        return self.out(self.dropout(self.hidden(self.table(ids).mean(axis=1)).relu(), rng))


def trainer(workers: int = 1, **options) -> Trainer:
    model = Words(RandomStream(3, "weights").generator())

    def loss(model, batch, rng):
        ids, labels = batch
        return cross_entropy(model(ids, rng=rng), labels)

    return Trainer(
        model, loss, schedule=cosine_schedule(0.03, STEPS), seed=5, workers=workers, **options
    )


def data():
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 50, (100, 4))
    return batches_of(ids, (ids.sum(axis=1) > 100).astype(np.int64), batch_size=16, rng=1)


def fit(
    trained: Trainer,
    folder: Path,
    recorder: TrainingRecorder | None,
    epochs: int = EPOCHS,
    **options,
):
    callbacks = {} if recorder is None else dict(recorder.callbacks)
    for name, callback in options.pop("callbacks", {}).items():
        before = [callbacks[name]] if name in callbacks else []
        callbacks[name] = [*before, callback]
    options = {
        "checkpoint_path": folder / "checkpoint.npz", "checkpoint_seconds": 0.0, "quiet": True,
    } | options  # fmt: skip
    return trained.fit(data(), FitOptions(epochs, callbacks=callbacks, **options))


def weights(trained: Trainer) -> dict[str, bytes]:
    state = {**trained.model.state_dict(), **trained.optimizer.state_dict()}
    return {name: array.tobytes() for name, array in state.items()}


def steps_of(path: Path) -> list[int]:
    return [line["step"] for line in TrainingRecording.load(path).steps]


class Stop(BaseException):
    pass


def stop_at(step: int):
    def stop(event):
        if event.step == step:
            raise Stop

    return stop


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("options", [{}, {"accumulate": 2, "average": 0.9}])
def test_the_training_is_the_same_to_the_bit(tmp_path, workers, options):
    plain, recorded = trainer(workers, **options), trainer(workers, **options)
    rows = fit(plain, tmp_path, None).rows
    recorder = TrainingRecorder(tmp_path / "recording.jsonl", share=1)  # looks at each step
    assert [row["train_loss"] for row in fit(recorded, tmp_path, recorder).rows] == [
        row["train_loss"] for row in rows
    ]
    assert weights(recorded) == weights(plain)
    assert recorded.step_hook is None
    steps = TrainingRecording.load(tmp_path / "recording.jsonl").steps
    assert all("weight" in line for line in steps)


@pytest.mark.parametrize("step", [3, 7, 12, 27])
def test_a_resumed_run_is_the_same_to_the_bit(tmp_path, step):
    whole, path = trainer(), tmp_path / "recording.jsonl"
    fit(whole, tmp_path, None)
    (tmp_path / "checkpoint.npz").unlink()
    with pytest.raises(Stop):
        fit(
            trainer(), tmp_path, TrainingRecorder(path, share=1),
            callbacks={"step": stop_at(step)}, checkpoint_seconds=None,
        )  # fmt: skip
    assert steps_of(path) == list(range(1, step + 1))  # the checkpoint is up to 6 steps older
    resumed = trainer()
    fit(resumed, tmp_path, TrainingRecorder(path, share=1), resume=True)
    assert weights(resumed) == weights(whole)
    recording = TrainingRecording.load(path)
    assert steps_of(path) == list(range(1, STEPS + 1))
    assert [row["epoch"] for row in recording.rows] == [1, 2, 3, 4]
    assert recording.is_complete
    seconds = [line["seconds"] for line in recording.steps]
    assert seconds == sorted(seconds)


def test_a_finished_run_that_is_resumed_repeats_nothing(tmp_path):
    path = tmp_path / "recording.jsonl"
    fit(trainer(), tmp_path, TrainingRecorder(path))
    before = TrainingRecording.load(path).lines
    fit(trainer(), tmp_path, TrainingRecorder(path), resume=True)
    after = TrainingRecording.load(path).lines
    assert after[:-1] == before[:-1]
    assert [line["kind"] for line in after].count("end") == 1


def test_the_numbers(tmp_path):
    """Norms are those of the model, and together the norm that clipping uses."""
    trained, path, seen = trainer(), tmp_path / "recording.jsonl", []

    def look(event):
        named = {name: p.data.copy() for name, p in trained.model.named_parameters()}
        seen.append((named, event.row))

    fit(trained, tmp_path, TrainingRecorder(path, share=1), callbacks={"step": look})
    recording = TrainingRecording.load(path)
    assert recording.total_steps == STEPS
    assert recording.layers == [
        RecordedLayer("table", 300, "table"),
        RecordedLayer("hidden", 56, "matrix"),
        RecordedLayer("out", 18, "matrix"),
    ]
    before = None
    for line, (named, row) in zip(recording.steps, seen, strict=True):
        assert line["loss"] == pytest.approx(row["loss"])
        assert line["grad_norm"] == pytest.approx(row["grad_norm"])
        assert math.hypot(*line["gradient"]) == pytest.approx(row["grad_norm"], rel=2e-3)
        for i, layer in enumerate(recording.layers):
            own = [name for name in named if name.startswith(layer.name)]
            norm = math.hypot(*(np.linalg.norm(named[name]) for name in own))
            assert line["weight"][i] == pytest.approx(norm, rel=1e-3)
            if before is not None:
                change = math.hypot(*(np.linalg.norm(named[n] - before[n]) for n in own))
                assert line["update"][i] == pytest.approx(change, rel=1e-3)
        assert line["activations"].keys() == {"relu"}
        before = named


def test_lines_become_fewer_and_keep_the_mean(tmp_path):
    """The interval doubles: 1, 2, 4 and 8 steps to a line, at most 4 lines."""
    path, losses = tmp_path / "recording.jsonl", []
    fit(
        trainer(), tmp_path, TrainingRecorder(path, most=4, share=1),
        callbacks={"step": lambda event: losses.append(event.row["loss"])},
    )  # fmt: skip
    steps = TrainingRecording.load(path).steps
    assert [line["step"] for line in steps] == [8, 16, 24]
    assert {line["interval"] for line in steps} == {8}
    for line in steps:
        part = losses[line["step"] - 8 : line["step"]]
        assert line["loss"] == pytest.approx(np.mean(part))


def test_resumed_after_the_lines_became_fewer(tmp_path):
    path = tmp_path / "recording.jsonl"
    with pytest.raises(Stop):
        fit(
            trainer(), tmp_path, TrainingRecorder(path, most=4, share=1),
            callbacks={"step": stop_at(19)}, checkpoint_seconds=None,
        )  # fmt: skip
    fit(trainer(), tmp_path, TrainingRecorder(path, most=4, share=1), resume=True)
    assert steps_of(path) == [8, 16, 24]


def test_without_time_lines_are_a_sixteenth_apart(tmp_path):
    """Only the first step is looked at; the losses of the lines are means over all steps."""
    path, losses = tmp_path / "recording.jsonl", []
    fit(
        trainer(), tmp_path, TrainingRecorder(path, share=0), epochs=14, checkpoint_seconds=None,
        callbacks={"step": lambda event: losses.append(event.row["loss"])},
    )  # fmt: skip
    lines = TrainingRecording.load(path).steps
    assert ["weight" in line for line in lines] == [True] + [False] * (len(lines) - 1)
    expected = [*range(1, 33), 34, 37, 40, 43, 46, 49, 53, 57, 61, 65, 70, 75, 80, 85, 91, 97]
    assert [line["step"] for line in lines] == expected
    for last, line in itertools.pairwise(lines):
        assert line["interval"] == line["step"] - last["step"]
        part = losses[last["step"] : line["step"]]
        assert line["loss"] == pytest.approx(np.mean(part))


def test_steps_without_a_line_are_only_counted(tmp_path, monkeypatch):
    """Without time, the one before a line is seen, too: there the next one is decided."""
    seen, see = [], TrainingRecorder._see
    monkeypatch.setattr(
        TrainingRecorder, "_see",
        lambda self, event: (seen.append(event.step), see(self, event)),
    )  # fmt: skip
    fit(
        trainer(), tmp_path, TrainingRecorder(tmp_path / "recording.jsonl", share=0), epochs=14,
        checkpoint_seconds=None,
    )  # fmt: skip
    later = [34, 37, 40, 43, 46, 49, 53, 57, 61, 65, 70, 75, 80, 85, 91, 97]
    pairs = [step for line in later for step in (line - 1, line)]
    assert seen == [*range(1, 33), *pairs]


def test_a_damaged_recording_does_not_stop_a_resumed_run(tmp_path, capsys):
    path = tmp_path / "recording.jsonl"
    with pytest.raises(Stop):
        fit(trainer(), tmp_path, TrainingRecorder(path), callbacks={"step": stop_at(12)})
    path.write_text("{}\n")
    fit(trainer(), tmp_path, TrainingRecorder(path), resume=True)
    assert "starts anew" in capsys.readouterr().err
    assert steps_of(path)[-1] == STEPS
    assert [row["epoch"] for row in TrainingRecording.load(path).rows] == [1, 2, 3, 4]


@pytest.mark.parametrize("step", [0, 5])
def test_a_disk_that_fails_does_not_stop_the_training(tmp_path, capsys, step):
    """The folder is missing, or it fails when lines become fewer."""
    folder = tmp_path / "gone"
    if step:
        folder.mkdir()

    def remove(event):
        if event.step == step:
            (folder / "recording.jsonl").unlink()
            os.rmdir(folder)

    history = fit(
        trainer(), tmp_path, TrainingRecorder(folder / "recording.jsonl", most=8),
        callbacks={"step": remove},
    )  # fmt: skip
    assert len(history.rows) == EPOCHS
    assert capsys.readouterr().err.count("not recorded any more") == 1


def test_lines_are_json_without_nan(tmp_path):
    path = tmp_path / "recording.jsonl"
    fit(trainer(), tmp_path, TrainingRecorder(path))

    def refuse(text):
        raise AssertionError(text)

    for line in path.read_text().splitlines():
        json.loads(line, parse_constant=refuse)


@pytest.mark.parametrize("options", [{"most": 3}, {"most": 2}, {"share": 1.5}, {"share": -1}])
def test_settings_out_of_range(tmp_path, options):
    with pytest.raises(SettingsError):
        TrainingRecorder(tmp_path / "recording.jsonl", **options)
