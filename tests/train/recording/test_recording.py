"""`TrainingRecording` and `RecordingFollower`: whole, growing, cut, rewritten, damaged files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pmt_core import DataError, FileProblem
from pmt_train import RecordingFollower, TrainingRecording
from pmt_train.recording import line_checker

START = {
    "kind": "start", "format": "pmt recording", "version": 1, "parameters": 20, "total_steps": 9,
}  # fmt: skip
LAYERS = {"kind": "layers", "layers": [{"name": "out", "size": 20, "kind": "matrix"}]}
STEP = {
    "kind": "step", "step": 1, "epoch": 0, "interval": 1, "seconds": 0.5, "loss": 2.0, "lr": 0.1,
    "grad_norm": 1.5, "examples_per_second": 10.0, "weight": [3.0], "gradient": [1.5],
    "update": [0.1], "activations": {"relu": [0.25, 0.0]},
}  # fmt: skip
EPOCH = {"kind": "epoch", "row": {"epoch": 1, "step": 9, "train_loss": 1.0, "dev_loss": "nan"}}
END = {"kind": "end", "step": 9, "seconds": 4.0}
ALL = [START, LAYERS, STEP, EPOCH, END]


def written(path: Path, lines: list[Any]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_a_whole_file(tmp_path):
    recording = TrainingRecording.load(written(tmp_path / "a", ALL))
    assert recording.lines == ALL
    assert recording.total_steps == 9
    assert recording.is_complete
    assert [layer.name for layer in recording.layers] == ["out"]
    assert recording.rows[0]["train_loss"] == 1.0


def test_every_cut_can_be_read(tmp_path):
    """A process that was killed leaves any number of bytes; whole lines are read."""
    data = written(tmp_path / "a", ALL).read_bytes()
    for size in range(data.index(b"\n") + 1, len(data), 3):
        (tmp_path / "a").write_bytes(data[:size])
        lines = TrainingRecording.load(tmp_path / "a").lines
        assert lines == ALL[: data[:size].count(b"\n")]


def test_a_file_that_grows(tmp_path):
    path = tmp_path / "a"
    follower = RecordingFollower(path)
    with pytest.raises(FileProblem):
        follower.update()
    data = written(path, ALL).read_bytes()
    path.write_bytes(b"")
    for i in range(len(data)):
        with open(path, "ab") as file:
            file.write(data[i : i + 1])
        assert follower.update() == (data[i : i + 1] == b"\n")
    assert follower.lines == ALL
    assert follower.generation == 0


def test_a_file_that_is_written_anew(tmp_path):
    path = written(tmp_path / "a", [START, *({**STEP, "step": i} for i in (1, 2))][:2])
    follower = RecordingFollower(path)
    with pytest.raises(DataError, match="layer"):
        follower.update()
    plain = {key: STEP[key] for key in list(STEP)[:9]}
    written(path, [START, plain, {**plain, "step": 2}])
    follower = RecordingFollower(path)
    follower.update()
    for lines in ([START, {**plain, "step": 2}], [START, *({**plain, "step": i} for i in (2, 4))]):
        written(path, lines)  # first a shorter file, then a longer one that begins alike
        follower.update()
        assert follower.lines == lines
    written(path, [START, *({**plain, "step": i} for i in (3, 6, 9))])
    assert follower.update()
    assert [line.get("step") for line in follower.lines] == [None, 3, 6, 9]
    assert follower.generation == 2


CHANGES = [
    (0, {"format": "another"}), (0, {"version": 2}), (0, {"version": "1"}), (0, {"kind": "step"}),
    (0, {"parameters": -1}), (0, {"total_steps": 1.5}), (1, {"layers": {}}),
    (1, {"layers": [{"name": "out", "size": 0, "kind": "matrix"}]}),
    (1, {"layers": [{"name": "out", "size": 1, "kind": "cube"}]}),
    (1, {"layers": [{"name": "a" * 500, "size": 1, "kind": "matrix"}]}),
    (1, {"layers": 2 * [{"name": "out", "size": 1, "kind": "matrix"}]}), (1, {"layers": []}),
    (2, {"step": 0}), (2, {"step": "1"}), (2, {"seconds": -1}), (2, {"loss": "2"}),
    (2, {"weight": [1, 2]}), (2, {"weight": [-1]}), (2, {"update": None}),
    (2, {"activations": {"relu": [2, 0]}}), (2, {"activations": {"relu": [0]}}),
    (2, {"activations": []}), (3, {"row": []}), (3, {"row": {"epoch": -1}}),
    (3, {"row": {"epoch": "x"}}), (4, {"step": None}), (4, {"kind": "begin"}),
    (4, {"kind": "start"}),
]  # fmt: skip


@pytest.mark.parametrize(("number", "change"), CHANGES)
def test_what_does_not_fit_names_the_line(tmp_path, number, change):
    lines = [line | change if i == number else line for i, line in enumerate(ALL)]
    path = written(tmp_path / "a", lines)
    with pytest.raises(DataError, match=rf"{re.escape(str(path))}:\d"):
        TrainingRecording.load(path)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\n", b"[]\n", b"\0\n", b"{}\n", b'{"kind": 1}\n', b"\xff\n", b"x" * (1 << 21)],
)
def test_other_files_are_refused(tmp_path, data):
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(DataError, match="recording|JSON|'kind'"):
        TrainingRecording.load(tmp_path / "a")


def test_a_step_that_comes_twice(tmp_path):
    with pytest.raises(DataError, match="from 2 to"):
        TrainingRecording.load(written(tmp_path / "a", [START, LAYERS, STEP, STEP]))


def test_too_many_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(line_checker, "_MOST_LINES", 9)
    path = written(tmp_path / "a", [START, *[LAYERS] * 8])
    assert len(TrainingRecording.load(path).lines) == 9
    written(path, [START, *[LAYERS] * 9])
    with pytest.raises(DataError, match="at most 9 lines"):
        TrainingRecording.load(path)
