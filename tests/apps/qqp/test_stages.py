"""The presets of apps/train_qqp.py: pre-training, students, resuming between stages."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pmt_core import load_archive

Run = Callable[..., subprocess.CompletedProcess[str]]
Write = Callable[..., Path]


def best(qqp: Run, pairs_file: Write, out: Path, *more: object) -> str:
    files = ("--train", pairs_file("train.tsv"), "--dev", pairs_file("dev.tsv", 40))
    done = qqp(
        *files, "--extra", pairs_file("extra.tsv", 60), "--preset", "best", "--students", 2,
        "--epochs", 1, "--pretrain-epochs", 1, "--workers", 1, "--out", out, *more,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def probabilities(qqp: Run, out: Path, pairs: list[str]) -> list[float]:
    done = qqp("--predict", "--out", out, small=False, stdin="\n".join(pairs) + "\n")
    assert done.returncode == 0, done.stderr
    return [json.loads(line)["probability"] for line in done.stdout.splitlines()]


def test_best_trains_in_stages_that_can_be_gone_on_from(
    qqp: Run, pairs_file: Write, tmp_path: Path
) -> None:
    out, again = tmp_path / "run", tmp_path / "again"
    told = best(qqp, pairs_file, out)
    assert "near pairs found" in told
    stages = ["vectors", "pretrain", "teacher"]
    stages += [f"student{n}{part}" for n in (1, 2) for part in (".soft_labels", "")]
    for stage in stages:
        assert (out / f"{stage}.npz").is_file(), stage
    weights, meta = load_archive(out / "model.npz")
    assert meta["model"]["members"] == 2
    for n in (1, 2):
        student, _ = load_archive(out / f"student{n}.npz")
        for name, array in student.items():
            own = name.replace("members.0", f"members.{n - 1}")
            np.testing.assert_array_equal(weights[own], array)
    metrics = json.loads((out / "metrics.json").read_text())
    members = sum(array.size for name, array in weights.items() if name != "vectors")
    assert metrics["parameters"] == members
    rows = (out / "history.csv").read_text().splitlines()
    assert len(rows) == 1 + 3 + 1 + 1 + 2 * 2

    # As if the program had been stopped after the first student.
    shutil.copytree(out, again)
    for gone in ("student2.soft_labels", "student2"):
        (again / f"{gone}.npz").unlink()
        (again / f"{gone}.checkpoint.npz").unlink()
    (again / "model.npz").unlink()
    done = qqp("--resume", "--out", again, small=False)
    assert done.returncode == 0, done.stderr
    resumed, _ = load_archive(again / "model.npz")
    assert resumed.keys() == weights.keys()
    for name, array in weights.items():
        np.testing.assert_array_equal(resumed[name], array, err_msg=name)

    # Both orders of a pair have the same answer, and both members have a say.
    pairs = ["How do I swim?\tWhat is the way to swim?", "How do I run?\tHow do I cook rice?"]
    forth = probabilities(qqp, out, pairs)
    back = probabilities(qqp, out, ["\t".join(reversed(pair.split("\t"))) for pair in pairs])
    assert forth == pytest.approx(back, abs=2e-6)


def test_a_text_to_pretrain_on_and_what_it_leaves_used_again(
    qqp: Run, pairs_file: Write, tmp_path: Path
) -> None:
    text = tmp_path / "text.txt"
    text.write_text("how do people swim and run and cook rice in many days " * 200)
    out = tmp_path / "first"
    told = best(qqp, pairs_file, out, "--students", 0, "--pretrain", text)
    assert "pretrain: 119 pairs of texts" in told  # 12 words x 200 in pieces of 20
    assert json.loads((out / "metrics.json").read_text())["data"]["pretrain"]["rows"] == 119
    other = tmp_path / "second"
    best(qqp, pairs_file, other, "--students", 0, "--pretrain", out / "pretrain.npz")
    assert not (other / "pretrain.npz").exists()
    done = qqp(
        "--train", pairs_file("train.tsv"), "--dev", pairs_file("dev.tsv", 40), "--preset", "quick",
        "--pretrain", out / "pretrain.npz", "--width", 16, "--hidden", 8, "--heads", 2,
        "--layers", 1, "--out", tmp_path / "wider", small=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--width" in done.stderr


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--vectors-epochs", 0), "--vectors-epochs"),
        (("--extra-epochs", 1), "--preset plain"),
        (("--pretrain", "some.txt", "--pretrain-epochs", 0), "--pretrain-epochs"),
        (("--pretrain", "missing.npz"), "missing.npz"),
        (("--pretrain", "missing.txt"), "missing.txt"),
    ],
)
def test_what_does_not_go_together_is_said(
    qqp: Run, pairs_file: Write, tmp_path: Path, options: tuple[object, ...], word: str
) -> None:
    files = ("--train", pairs_file("train.tsv"), "--dev", pairs_file("dev.tsv", 40))
    done = qqp(*files, "--preset", "best", "--out", tmp_path / "run", *options)
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr
    assert word in done.stderr
    assert not (tmp_path / "run" / "config.json").exists()
