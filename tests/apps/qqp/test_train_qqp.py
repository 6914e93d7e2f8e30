"""apps/train_qqp.py as a user meets it: what it leaves, what it answers, what it refuses."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pmt_core import load_archive

Run = Callable[..., subprocess.CompletedProcess[str]]
Write = Callable[..., Path]


def train(qqp: Run, write: Write, out: Path, *more: object) -> subprocess.CompletedProcess[str]:
    files = ("--train", write("train.tsv"), "--dev", write("dev.tsv", 60))
    done = qqp(*files, "--epochs", 2, "--workers", 1, "--out", out, *more)
    assert done.returncode == 0, done.stderr
    return done


def test_a_run_leaves_what_the_contract_says(qqp: Run, pairs_file: Write, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = train(qqp, pairs_file, out, "--test", pairs_file("test.tsv", 40))
    names = {path.name for path in out.iterdir()}
    assert {
        "learning.png",
        "confusion_dev.png",
        "confusion_test.png",
        "calibration_dev.png",
        "calibration_test.png",
        "attention.png",
    } <= names
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["parameters"] == sum(a.size for a in load_archive(out / "model.npz")[0].values())
    assert metrics["data"]["train"]["rows"] == 120
    assert metrics["data"]["dev"]["rows"] == 60
    for row in ("dev", "dev_overlap", "dev_tfidf", "test", "test_overlap", "test_tfidf"):
        for score in ("accuracy", "f1", "loss", "calibration_error"):
            low, high = metrics[row][f"{score}_interval"]
            assert low <= high
        assert 0 <= metrics[row]["accuracy_interval"][0] <= metrics[row]["accuracy"] <= 1
    assert metrics["dev"]["pairs"] == 60
    rows = list(csv.DictReader((out / "history.csv").read_text().splitlines()))
    best = max(float(row["dev_accuracy"]) for row in rows)
    assert metrics["dev"]["accuracy"] == pytest.approx(best)
    report = (out / "report.html").read_text()
    assert report.count("data:image/png;base64,") == 6
    assert "Most confident mistakes" in report
    assert "attends most to" in report
    for row in ("dev_overlap", "dev_tfidf"):
        assert row in done.stdout


def test_pairs_without_a_training_question_are_scored_apart(
    qqp: Run, write_rows: Callable[..., Path], tmp_path: Path
) -> None:
    train = [(i % 2, f"how to do {i}?", f"way of doing {i % 7}") for i in range(60)]
    dev = [(1, "HOW to do 3 ?", "something new"), (0, "new a", "new b"), (1, "new c", "new d")]
    done = qqp(
        "--train", write_rows("train.tsv", train), "--dev", write_rows("dev.tsv", dev),
        "--extra", write_rows("extra.tsv", [(1, "new d", "new e"), (1, "x", "y")]),
        "--epochs", 2, "--out", tmp_path / "run",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    # one is linked to train, one to extra; the one left has no counterpart of the other kind
    assert metrics["dev"]["pairs"] == 3
    assert "dev_unlinked" not in metrics
    assert "1 of 3 dev pairs have no question seen in training" in done.stdout
    done = qqp(
        "--train", write_rows("train.tsv", train), "--dev", write_rows("dev.tsv", dev),
        "--epochs", 1, "--out", tmp_path / "other",
    )  # fmt: skip
    metrics = json.loads((tmp_path / "other" / "metrics.json").read_text())
    assert metrics["dev_unlinked"]["pairs"] == metrics["dev_tfidf_unlinked"]["pairs"] == 2


@pytest.mark.parametrize("baseline", ["overlap", "tfidf"])
def test_a_baseline_is_a_run_like_any_other(
    qqp: Run, pairs_file: Write, tmp_path: Path, baseline: str
) -> None:
    out = tmp_path / "run"
    files = ("--train", pairs_file("train.tsv"), "--dev", pairs_file("dev.tsv", 60))
    named = () if baseline == "tfidf" else (baseline,)  # tfidf where none is named
    done = qqp("--baseline", *named, *files, "--workers", 1, "--out", out, small=False)
    assert done.returncode == 0, done.stderr
    names = {path.name for path in out.iterdir()}
    assert {"config.json", "history.csv", "metrics.json", "checkpoint.npz", "model.npz"} <= names
    metrics = json.loads((out / "metrics.json").read_text())
    assert json.loads((out / "config.json").read_text())["baseline"] == baseline
    other = {"overlap": "tfidf", "tfidf": "overlap"}[baseline]
    assert f"dev_{other}" in metrics
    assert f"dev_{baseline}" not in metrics
    done = qqp("--predict", "--out", out, small=False, stdin="How do I swim?\tWay to swim?\n")
    assert done.returncode == 0, done.stderr
    assert 0 <= json.loads(done.stdout)["probability"] <= 1


def test_a_trained_run_answers_pairs(qqp: Run, pairs_file: Write, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train(qqp, pairs_file, out)
    pairs = ["How do I swim?\tWhat is the way to swim?", "Ünïcode 🙂?\tHow do I run?"]
    done = qqp("--predict", "--out", out, small=False, stdin="\n".join(pairs) + "\n")
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [f"{a['question1']}\t{a['question2']}" for a in answers] == pairs
    for answer in answers:
        assert 0 <= answer["probability"] <= 1
        assert answer["label"] == int(answer["probability"] >= 0.5)
    alone = qqp("--predict", "--out", out, small=False, stdin=pairs[0] + "\n")
    assert json.loads(alone.stdout)["probability"] == pytest.approx(
        answers[0]["probability"], abs=2e-6
    )


def test_a_wrong_line_to_predict_is_named(qqp: Run, pairs_file: Write, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train(qqp, pairs_file, out)
    done = qqp("--predict", "--out", out, small=False, stdin="a\tb\nno tab here\n")
    assert done.returncode == 2
    assert "line 2" in done.stderr
    assert len(done.stdout.splitlines()) == 1


def test_one_file_is_split_without_shared_questions(
    qqp: Run, pairs_file: Write, tmp_path: Path
) -> None:
    done = qqp("--data", pairs_file(rows=200), "--epochs", 1, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert "train: 170 pairs" in done.stdout
    assert "dev: 30 pairs" in done.stdout


def test_limit_takes_the_first_training_pairs_only(
    qqp: Run, pairs_file: Write, tmp_path: Path
) -> None:
    done = train(qqp, pairs_file, tmp_path / "run", "--limit", 50)
    assert "train: 50 pairs" in done.stdout
    assert "dev: 60 pairs" in done.stdout


def test_extra_duplicates_get_mined_negatives(qqp: Run, pairs_file: Write, tmp_path: Path) -> None:
    extra = pairs_file("extra.tsv", 80)
    done = train(qqp, pairs_file, tmp_path / "run", "--extra", extra, "--extra-epochs", 1)
    line = next(line for line in done.stdout.splitlines() if line.startswith("extra:"))
    pairs, duplicates = (int(word) for word in line.replace(",", "").split() if word.isdigit())
    assert duplicates < pairs <= 2 * duplicates
    done = qqp(
        "--train", pairs_file("train.tsv"), "--dev", pairs_file("dev.tsv", 60),
        "--extra", extra, "--extra-epochs", 1, "--epochs", 1, "--out", tmp_path / "other",
    )  # fmt: skip
    refused(done, "--extra-epochs")


def test_a_broken_row_is_named_and_training_goes_on(
    qqp: Run, pairs_file: Write, tmp_path: Path
) -> None:
    broken = pairs_file("train.tsv", broken="999\t1\t2\tOnly one question?\t1")
    done = qqp(
        "--train", broken, "--dev", pairs_file("dev.tsv", 60), "--epochs", 1,
        "--out", tmp_path / "run",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "train.tsv" in done.stderr
    assert "61" in done.stderr  # header, 59 rows, then the broken one
    assert "train: 120 pairs" in done.stdout


def test_a_file_with_pairs_of_one_kind_is_warned_of(
    qqp: Run, write_rows: Callable[..., Path], tmp_path: Path
) -> None:
    rows = [(1, f"how to do {i}?", f"way of doing {i}") for i in range(20)]
    file = write_rows("one_kind.tsv", rows)
    done = qqp("--train", file, "--dev", file, "--limit", 1, "--epochs", 1, "--out", "run")
    assert done.returncode == 0, done.stderr
    assert "warning: train has pairs of one class only" in done.stderr
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["dev"]["accuracy"] == metrics["dev"]["accuracy_interval"][0]
    assert "NaN" not in (tmp_path / "run" / "metrics.json").read_text()


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ")
    for word in words:
        assert word in done.stderr


def test_bad_input_ends_with_code_2_and_a_cure(qqp: Run, pairs_file: Write, tmp_path: Path) -> None:
    good = pairs_file("good.tsv")
    words = tmp_path / "words"
    words.write_text("just some words\nand no pairs\n")
    out = ("--out", tmp_path / "none")
    refused(qqp("--train", words, "--dev", good, *out), "words")
    refused(qqp("--train", good, *out), "--train and --dev", "--data")
    refused(qqp("--train", good, "--dev", good, "--data", good, *out), "--data")
    refused(qqp("--width", 9, "--data", good, *out, small=False), "heads")
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_the_shipped_sample_beats_word_overlap(qqp: Run, tmp_path: Path) -> None:
    done = qqp("--out", tmp_path / "run", small=False)
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["dev"]["accuracy"] > metrics["dev_overlap"]["accuracy"] + 0.1
    assert set(metrics["data"]) == {"data"}
