"""What every program of apps/ keeps: what it leaves, answers, refuses, and how it is stopped.

What only one of them does is tested in its own test_train_*.py.
"""

from __future__ import annotations

import ast
import csv
import json
import os
import shlex
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from same_model import assert_same_model
from small_apps import APPS, SmallApp

FILES = {"config.json", "history.csv", "metrics.json", "checkpoint.npz", "model.npz", "report.html"}
TIMED = FILES | {".lock"}  # they hold times or the name of the folder
TIMES = {"seconds", "examples_per_second", "training_seconds", "wall_seconds"}
PROGRAMS = [app for app in APPS if not app.variant]


@pytest.fixture(params=APPS, ids=[app.name for app in APPS])
def trained(request: pytest.FixtureRequest, train: Callable[[SmallApp], Any]) -> Any:
    """Every app with its run."""
    return train(request.param)


def of(apps: Sequence[SmallApp]) -> pytest.MarkDecorator:
    """Only these of the runs."""
    return pytest.mark.parametrize("trained", apps, ids=[app.name for app in apps], indirect=True)


def read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def epochs(run: Path) -> list[dict[str, str]]:
    """The rows of the history, without times."""
    with open(run / "history.csv", encoding="utf-8", newline="") as file:
        return [{k: v for k, v in row.items() if k not in TIMES} for row in csv.DictReader(file)]


def scores(run: Path) -> dict[str, object]:
    """The metrics, without times."""
    metrics = read_json(run / "metrics.json")
    return {name: value for name, value in metrics.items() if name not in TIMES | {"peak_rss_mb"}}


def modified(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


# --- what it leaves -------------------------------------------------------------------------------


def test_the_files_of_a_run(trained: Any) -> None:
    metrics = read_json(trained.run / "metrics.json")
    names = {path.name for path in trained.run.iterdir()}
    assert names >= FILES
    assert {name for name in names if name.endswith(".png")} == set(metrics["pictures"])
    assert not [name for name in names if name.startswith(".")]


def test_the_metrics_of_a_run(trained: Any) -> None:
    metrics = read_json(trained.run / "metrics.json")
    assert (metrics["task"], metrics["seed"]) == (trained.app.task, 1)
    for name in ("seconds", "examples_per_second", "parameters", "peak_rss_mb"):
        assert metrics[name] > 0, name
    assert {"python", "numpy"} <= metrics["versions"].keys()
    assert len(metrics["data"]) == trained.app.n_files
    for file in metrics["data"].values():
        assert file["rows"] > 0
        assert len(file["sha256"]) == 64
    for split in trained.app.splits:
        assert "loss" in metrics[split]
        assert all(isinstance(value, int | float | list) for value in metrics[split].values())


def test_the_settings_are_saved_and_printed_and_followed(trained: Any) -> None:
    settings = dict(zip(trained.app.settings[::2], trained.app.settings[1::2], strict=True))
    config = read_json(trained.run / "config.json")
    assert config["task"] == trained.app.task
    printed = [line.split() for line in trained.output.splitlines()]
    for option, value in settings.items():
        name = str(option).removeprefix("--")
        assert config[name.replace("-", "_")] == value
        assert [name, str(value)] in printed
    rows = epochs(trained.run)
    assert (
        len(rows)
        == settings["--epochs"] + settings.get("--lm-epochs", 0) + trained.app.epochs_before
    )
    assert all(float(row["train_loss"]) > 0 for row in rows)


def test_the_report_shows_every_picture_and_needs_no_network(trained: Any) -> None:
    metrics = read_json(trained.run / "metrics.json")
    page = (trained.run / "report.html").read_text(encoding="utf-8")
    images = page.count('src="data:image/png;base64,')
    assert images == page.count("<img") == len(metrics["pictures"])
    for elsewhere in ("http://", "https://", "<script", "<link", "url("):
        assert elsewhere not in page
    assert trained.output.rstrip().endswith(f"report: {Path('run', 'report.html')}")


def test_a_run_answers_lines_and_stays_as_it_is(trained: Any) -> None:
    before, line = modified(trained.run), trained.app.line
    done = trained.program("--predict", "--out", "run", stdin=f"{line}\r\n{line}")
    assert done.returncode == 0, done.stderr
    first, second = map(json.loads, done.stdout.splitlines())
    if trained.app.task != "lm":  # which samples anew for each line
        assert first == second
    assert before == modified(trained.run)


@of(PROGRAMS)
def test_help_lists_every_setting(trained: Any) -> None:
    done = trained.program("--help")
    assert done.returncode == 0
    for name in read_json(trained.run / "config.json").keys() - {"task"}:
        assert f"--{name.replace('_', '-')}" in done.stdout


@of(PROGRAMS)
def test_help_and_hints_name_the_command_that_was_used(
    trained: Any, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = trained.app.task
    script = shlex.join(["python", str(trained.program.script)])
    scripts = tomllib.loads((root / "hatch.toml").read_text())["envs"]["default"]["scripts"]
    assert scripts[task] == f"python -X hatch={task} apps/{trained.program.script.name} {{args}}"
    for command, other in ((script, f"hatch run {task}"), (f"hatch run {task}", script)):
        help_text = trained.program("--help").stdout
        assert " ".join(help_text.split()).startswith(f"usage: {command} [-h]")
        assert f"\n  {command} --" in help_text
        assert other not in help_text
        trained.program.refuse("--epoch", 3, error=[f"; {command} --help lists"])
        monkeypatch.setitem(sys._xoptions, "hatch", task)


@of(PROGRAMS)
def test_names_that_are_not_utf8_are_those_of_files_and_runs(trained: Any, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"gr\xfcn")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    data = trained.app.data(folder)
    settings = dict(zip(trained.app.settings[::2], trained.app.settings[1::2], strict=True))
    options = [part for pair in {**settings, "--epochs": 1}.items() for part in pair]
    out = folder / "run"
    assert "gr\\xfcn" in trained.program.run(*data, *options, "--out", out).stdout
    config = read_json(out / "config.json")
    assert config["out"] == str(out)
    assert "gr\\xfcn" in (out / "report.html").read_text(encoding="utf-8")
    trained.program.run("--resume", "--out", out)
    trained.program.run("--predict", "--out", out, stdin=trained.app.line)


# --- what it refuses ------------------------------------------------------------------------------


@of(PROGRAMS)
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--epoch", 3], ["--epoch", "did you mean --epochs", "--help"]),
        (["stray"], ["'stray'"]),
        (["--limit", 0], ["--limit", "at least 1", "got 0"]),
        (["--limit", -1], ["--limit", "got -1"]),
        (["--batch-size", 0], ["--batch-size", "at least 1"]),
        (["--epochs", 0], ["--epochs", "at least 1"]),
        (["--lr", "nan"], ["--lr", "above 0", "nan"]),
        (["--lr", -1], ["--lr", "above 0"]),
        (["--workers", 0], ["--workers", "at least 1"]),
        (["--workers", 100_000], ["100,000 workers are too many for the", "cores of this machine"]),
        (["--seed", -1], ["--seed", "at least 0"]),
        (["--out", "afile"], ["'afile' is a file", "--out"]),
        (["--out", "afile/run"], ["part of that path is a file", "--out"]),
        (["--out", ""], ["--out", "a path"]),
        (["--predict", "--out", "none"], ["no run to predict with in 'none'", "train one first"]),
        (["--resume", "--out", "none"], ["no run to resume in 'none'"]),
        (["--resume", "--predict"], ["--resume and --predict"]),
        (["--resume", "--out", "run", "--seed", 7], ["--seed 7 contradicts", "started with 1"]),
        (["--out", "run"], ["a run in 'run' already", "--resume", "--overwrite", "--out"]),
    ],
)
def test_wrong_options_are_refused(
    trained: Any, options: Sequence[object], words: Sequence[str]
) -> None:
    (trained.folder / "afile").write_text("x")
    before = modified(trained.folder)
    out = () if "--out" in options else ("--out", "none")
    trained.program.refuse(*trained.data, *options, *out, error=words)
    assert before == modified(trained.folder)


@of(PROGRAMS)
def test_bad_files_are_refused_and_no_run_is_started(trained: Any) -> None:
    bad = trained.folder / "bad"
    bad.mkdir()
    (bad / "empty").write_bytes(b"")
    (bad / "binary").write_bytes(bytes(range(256)) * 100)
    (bad / "utf16").write_bytes("some words\n".encode("utf-16") * 50)
    os.mkfifo(bad / "pipe")
    option, _, *others = trained.data
    cases = {
        bad / "missing": "does not exist",
        bad / "empty": "empty",
        bad / "binary": "binary",
        bad / "utf16": "UTF-16",
        bad / "pipe": "pipe",
        bad: "folder",
    }
    for path, word in cases.items():
        if trained.app.task == "mnist" and path.name in ("bad", "binary", "utf16"):
            word = "xpected"  # it takes folders, and files of a format of its own
        options = (option, path, *others, "--out", "never")
        trained.program.refuse(*options, error=[path.name, word])
    assert not (trained.folder / "never").exists()


@of(PROGRAMS)
def test_a_line_that_is_not_utf8_is_named_and_those_before_it_answered(trained: Any) -> None:
    lines = trained.app.line.encode() + b"\nM\xfcnchen\n"
    done = trained.program("--predict", "--out", "run", stdin=lines)
    assert done.returncode == 2
    assert "standard input, line 2" in done.stderr
    assert len(done.stdout.splitlines()) == 1


# --- how it is stopped ----------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_saves_and_a_resumed_run_equals_one_that_was_not_stopped(trained: Any) -> None:
    folder, run = trained.folder / "parted", trained.run
    step = int(epochs(run)[0]["step"]) + 1  # in the second epoch
    options = (*trained.data, *trained.app.settings, "--out", "parted")
    process = trained.program.start(*options, interrupt=f"step {step}")
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 130, errors
    assert "--out parted --resume" in errors
    assert "Traceback" not in errors
    names = {path.name for path in folder.iterdir()}
    assert not names & {"report.html", ".lock"}
    assert any(name.endswith("checkpoint.npz") for name in names)
    trained.program.run("--resume", "--out", "parted")
    assert_same_run(folder, run)


def assert_same_run(folder: Path, run: Path) -> None:
    """Weights, scores, epochs and files are equal."""
    assert_same_model(folder, run)
    assert scores(folder) == scores(run)
    assert epochs(folder) == epochs(run)
    files = [path.relative_to(run) for path in run.rglob("*") if path.is_file()]
    assert {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()} == {*files}
    for name in files:
        if name.name not in TIMED and name.suffix != ".npz":
            assert (folder / name).read_bytes() == (run / name).read_bytes(), name


@pytest.mark.skipif(os.name == "nt", reason="signals")
@of(PROGRAMS[:1])
def test_ctrl_c_during_the_imports_ends_it_quietly(trained: Any) -> None:
    options = (*trained.data, *trained.app.settings, "--out", "never")
    process = trained.program.start(*options, interrupt="import numpy.random")
    out, err = process.communicate(timeout=600)
    assert (process.returncode, out, err) == (130, "", "\nstopped\n")
    assert not (trained.folder / "never").exists()


def test_every_program_answers_ctrl_c_before_it_imports_anything_slow(root: Path) -> None:
    programs = sorted((root / "apps").glob("*.py"))
    assert len(programs) == 9
    for program in programs:
        text = program.read_text(encoding="utf-8")
        nodes = ast.parse(text).body
        imports = [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
        imports += [
            name.name for node in nodes if isinstance(node, ast.Import) for name in node.names
        ]
        assert set(imports) == {"__future__", "sys", "pmt_apps.kit.early_interrupt"}
        handler, slow = (text.index(part) for part in ("    exit_quietly_on_", "    from pmt_apps"))
        assert handler < slow
