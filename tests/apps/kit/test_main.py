"""`run_app` on the example app: files of a run, messages, exit codes."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

APP = Path(__file__).with_name("example_app.py")


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("example_app", APP)
    assert spec is not None
    module = sys.modules["example_app"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["example_app"]


@pytest.fixture
def main(app, example, monkeypatch, capsys):
    """The app's `main`, in this process and the app's folder: args -> (code, stdout, stderr)."""
    monkeypatch.chdir(app.folder)

    def call(*args: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = example.main(list(args))
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def refusal(main):
    """Calls the app, which refuses: exit code 2, one line on standard error; that line."""

    def call(*args: str) -> str:
        code, _, err = main(*args)
        assert code == 2, err
        assert err.startswith("error: ")
        assert err.count("\n") == 1
        return err

    return call


def snapshot(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_a_run_leaves_all_its_files(app):
    run = app.folder / "runs/points"
    names = {p.name for p in run.iterdir()}
    assert names == {
        "config.json",
        "history.csv",
        "metrics.json",
        "checkpoint.npz",
        "model.npz",
        "report.html",
        "curves.png",
        "confusion.png",
    }
    out = (app.folder / "out.txt").read_text()
    assert "batch-size" in out
    assert out.count("train loss") == 4
    assert "report: runs/points/report.html" in out


def test_settings_history_and_metrics_of_a_run(app):
    run = app.folder / "runs/points"
    config = json.loads((run / "config.json").read_text())
    assert config["task"] == "points"
    assert (config["epochs"], config["lr"], config["points"]) == (4, 0.05, None)
    assert not {"resume", "predict", "overwrite"} & config.keys()

    with open(run / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    assert 0 < float(rows[-1]["train_loss"]) < float(rows[0]["train_loss"])

    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["task"] == "points"
    assert metrics["dev"]["accuracy"] > 0.7
    assert 0 < metrics["dev"]["f1"] <= 1
    assert metrics["parameters"] == 2 * 2 + 2
    assert metrics["seed"] == 1
    assert metrics["seconds"] > 0
    assert metrics["examples_per_second"] > 0
    assert metrics["peak_rss_mb"] > 10
    assert metrics["versions"]["numpy"] == np.__version__
    assert metrics["versions"].keys() >= {"python", "pmt-core", "pmt-train"}


def test_the_report_of_a_run(app):
    report = (app.folder / "runs/points/report.html").read_text()
    assert report.count("data:image/png;base64,") == 2
    assert "x + y &gt; 0 &amp; &lt;nothing&gt; more" in report
    assert "http" not in report  # needs no network


def test_a_run_is_not_overwritten_silently(app, main, refusal):
    before = snapshot(app.folder)
    message = refusal()
    for cure in ("--resume", "--out", "--overwrite"):
        assert cure in message
    assert snapshot(app.folder) == before
    assert main("--out", "runs/other", "--epochs", "1")[0] == 0
    (app.folder / "runs/other/notes.txt").write_text("mine")
    assert main("--out", "runs/other", "--epochs", "2", "--overwrite")[0] == 0
    assert json.loads((app.folder / "runs/other/config.json").read_text())["epochs"] == 2
    assert (app.folder / "runs/other/notes.txt").read_text() == "mine"


def test_bad_input_under_overwrite_leaves_the_old_run(app, main, refusal):
    main("--out", "runs/kept", "--epochs", "1")
    before = snapshot(app.folder / "runs/kept")
    (app.folder / "bad.tsv").write_text("1\t2\t1\n1\toops\t0\n")
    assert "bad.tsv:2" in refusal("--out", "runs/kept", "--overwrite", "--points", "bad.tsv")
    assert snapshot(app.folder / "runs/kept") == before


def test_the_data_is_recorded_and_may_not_change_in_between(app, main, refusal):
    path = app.folder / "points.tsv"
    rng = np.random.default_rng(0)
    path.write_text("".join(f"{x}\t{y}\t{int(x + y > 0)}\n" for x, y in rng.normal(size=(60, 2))))
    code, _, err = main("--points", "points.tsv", "--out", "runs/file", "--limit", "50")
    assert code == 0, err
    metrics = json.loads((app.folder / "runs/file/metrics.json").read_text())
    assert metrics["data"]["points"]["rows"] == 50
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    assert metrics["data"]["points"]["sha256"] == expected
    assert "--limit 60 contradicts" in refusal("--resume", "--out", "runs/file", "--limit", "60")
    with path.open("a") as file:
        file.write("1\t1\t1\n")
    assert f"points was '{expected}'" in refusal("--resume", "--out", "runs/file")


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (["--points", "none.tsv"], ["none.tsv", "does not exist", "check the path"]),
        (["--points", "."], ["points", "folder '.'"]),
        (["--points", ""], ["--points", "a path", "got ''"]),
        (["--points", "pipe"], ["'pipe' is a pipe", "write its content to a file"]),
        (["--points", "runs"], ["expected a file", "folder"]),
        (["--points", "a" * 300], ["cannot read", "name too long"]),
        (["--points", "empty.tsv"], ["empty.tsv is empty"]),
        (["--epoch", "3"], ["no option --epoch", "did you mean --epochs", "--help"]),
        (["--epochs", "0"], ["--epochs", "at least 1", "got 0"]),
        (["--lr", "nan"], ["--lr", "above 0"]),
        (["--dropout", "1"], ["at least 0 and below 1"]),
        (["stray"], ["'stray'", "options"]),
        (["--resume", "--out", "runs/none"], ["no run to resume", "runs/none"]),
        (["--predict", "--out", "runs/none"], ["no run to predict with", "train one first"]),
        (["--resume", "--overwrite"], ["--resume and --overwrite"]),
        (["--resume", "--epochs", "9"], ["--epochs 9 contradicts", "started with 4", "--out"]),
        (["--out", "out.txt"], ["out.txt", "is a file", "--out"]),
        (["--out", "out.txt/deeper"], ["part of that path is a file"]),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(app, refusal, args, parts):
    (app.folder / "empty.tsv").touch()
    if not (app.folder / "pipe").exists():
        os.mkfifo(app.folder / "pipe")
    out = [] if "--out" in args or "--resume" in args else ["--out", "runs/never"]
    before = snapshot(app.folder)
    message = refusal(*args, *out)
    for part in parts:
        assert part in message, message
    assert snapshot(app.folder) == before
    assert not (app.folder / "runs/never").exists()
