"""Ctrl-C in each part of a run of classify: what stays, and what a resumed run does not repeat."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from programs import Program
from same_model import assert_same_model
from small_apps import labeled_texts
from tiny_encoder import write_tiny_encoder

from pmt_core import read_json
from pmt_train import History

SMALL = ("--width", 8, "--filters", 8, "--hidden", 16, "--epochs", 2, "--folds", 3, "--workers", 1)

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals")


@pytest.fixture(scope="module")
def folded(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> tuple[Program, tuple[object, ...], str]:
    """The program, its options, and what a run that was not stopped printed."""
    program = Program("classify", tmp_path_factory.mktemp("classify"))
    options = (*labeled_texts(program.folder), "--limit", 200, *SMALL)
    if getattr(request, "param", "") == "encoder":
        (program.folder / "encoder").mkdir()
        write_tiny_encoder(program.folder / "encoder")
        options = (*options, "--encoder", "encoder", "--lr", 3e-3)
    return program, options, program.run(*options, "--out", "run").stdout


def steps(run: Path) -> tuple[int, int]:
    """Return the steps of the stage of tf-idf, and those of both stages."""
    rows = History.load(run / "history.csv").rows
    return max(int(row["step"]) for row in rows if row["stage"] == 1), int(rows[-1]["step"])


@pytest.mark.parametrize(
    ("folded", "part", "done"),
    [
        ("scratch", "tf-idf", None),
        ("scratch", "network", None),
        ("scratch", "fold 1", 0),
        ("scratch", "fold 3", 2),
        ("encoder", "tf-idf", None),
        ("encoder", "network", None),
        ("encoder", "fold 1", 0),
    ],
    indirect=["folded"],
)
def test_a_resumed_run_equals_one_that_was_not_stopped(
    folded: tuple[Program, tuple[object, ...], str], part: str, done: int | None
) -> None:
    program, options, _ = folded
    run, parted = program.folder / "run", program.folder / part
    linear, both = steps(run)
    fold = 17 * (15 + 2)  # batches of 133 texts, epochs of tf-idf and of the network
    step = {"tf-idf": 30, "network": linear + 3, "fold 1": both + 3, "fold 3": both + 2 * fold + 3}
    process = program.start(*options, "--out", part, interrupt=f"step {step[part]}")
    printed, errors = process.communicate(timeout=600)
    assert process.returncode == 130, errors
    assert "--resume" in errors
    assert "Traceback" not in errors
    assert printed.count("\nfold ") == (done or 0)
    assert len(read_json(parted / "folds.json")["folds"] if done else []) == (done or 0)
    resumed = program.run("--resume", "--out", part).stdout
    assert resumed.count("\nfold ") == 3
    if done is not None:
        assert "epoch 2/2" not in resumed
    metrics, expected = (read_json(folder / "metrics.json") for folder in (parted, run))
    for name in ("dev", "dev_tfidf", "folds", "folds_tfidf", "folds_majority"):
        assert metrics[name] == expected[name], name
    assert_same_model(parted, run)


def test_folds_that_are_done_are_read_and_a_damaged_file_is_named(
    folded: tuple[Program, tuple[object, ...], str],
) -> None:
    program, _, _ = folded
    path = program.folder / "run" / "folds.json"
    whole = path.read_text()
    rows = json.loads(whole)["folds"]
    rows[0]["folds"] |= {"accuracy": 0.25, "loss": None}
    path.write_text(json.dumps({"folds": rows}))
    printed = program.run("--resume", "--out", "run").stdout
    assert "fold 1: accuracy 0.2500, macro_f1 1.0000, loss nan" in printed
    for damaged in ({}, {"folds": [{}]}, {"folds": 3}, {"folds": [{"folds": {"loss": "x"}}]}):
        path.write_text(json.dumps(damaged))
        program.refuse("--resume", "--out", "run", error=["folds.json"])
    path.write_text(whole)
    assert program.run("--resume", "--out", "run").stdout.count("\nfold ") == 3


def test_a_run_that_is_replaced_keeps_no_folds(
    folded: tuple[Program, tuple[object, ...], str],
) -> None:
    program, options, _ = folded
    program.run(*options, "--out", "replaced")
    program.run(*options[:4], "--model", "tfidf", "--epochs", 1, "--out", "replaced", "--overwrite")
    names = {path.name for path in (program.folder / "replaced").iterdir()}
    assert not {name for name in names if name.startswith(("folds", "tfidf"))}
