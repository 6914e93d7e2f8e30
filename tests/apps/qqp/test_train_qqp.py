"""apps/train_qqp.py as a user meets it: what it leaves, what it answers, what it refuses."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from programs import Program
from small_apps import TINY, write_pairs

from pmt_apps.qqp.mistakes import MISTAKES, read_mistakes
from pmt_core import load_archive

Write = Callable[..., Path]
Predict = Callable[[Path, str], list[str]]

PLAIN = ("--preset", "plain", "--workers", 1)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run with a test split, and what it printed."""
    folder = tmp_path_factory.mktemp("qqp")
    files: list[object] = []
    for name, rows in (("train", 120), ("dev", 60), ("test", 40)):
        files += [f"--{name}", write_pairs(folder / f"{name}.tsv", rows)]
    settings = (*TINY, "--hidden", 16, "--warmup", 5, "--epochs", 2, *PLAIN)
    output = Program("qqp", folder).run(*files, *settings, "--out", "run").stdout
    return folder / "run", output


def metrics_of(run: Path) -> dict[str, Any]:
    metrics: dict[str, Any] = json.loads((run / "metrics.json").read_text())
    return metrics


def test_the_figures_and_the_report(trained: tuple[Path, str]) -> None:
    run, output = trained
    splits = [f"{kind}_{name}" for kind in ("confusion", "calibration") for name in ("dev", "test")]
    assert {f"{name}.png" for name in ("learning", "attention", *splits)} == {
        path.name for path in run.glob("*.png")
    }
    report = (run / "report.html").read_text()
    assert "Most confident mistakes" in report
    assert "attends most to" in report
    mistakes = read_mistakes(run)
    assert 0 < len(mistakes) <= 40
    assert all((row["probability"] >= 0.5) != (row["label"] == 1) for row in mistakes)
    surest = [abs(row["label"] - row["probability"]) for row in mistakes]
    assert surest == sorted(surest, reverse=True)
    assert metrics_of(run)["outputs"] == [MISTAKES]
    assert "dev_overlap" in output
    assert "dev_tfidf" in output


def test_the_scores_have_intervals_and_are_those_of_the_best_epoch(
    trained: tuple[Path, str],
) -> None:
    run, _ = trained
    metrics = metrics_of(run)
    assert metrics["parameters"] == sum(a.size for a in load_archive(run / "model.npz")[0].values())
    assert (metrics["data"]["train"]["rows"], metrics["data"]["dev"]["rows"]) == (120, 60)
    for row in ("dev", "dev_overlap", "dev_tfidf", "test", "test_overlap", "test_tfidf"):
        for score in ("accuracy", "f1", "loss", "calibration_error"):
            low, high = metrics[row][f"{score}_interval"]
            assert low <= high
        assert 0 <= metrics[row]["accuracy_interval"][0] <= metrics[row]["accuracy"] <= 1
    assert metrics["dev"]["pairs"] == 60
    rows = list(csv.DictReader((run / "history.csv").read_text().splitlines()))
    best = max(float(row["dev_accuracy"]) for row in rows)
    assert metrics["dev"]["accuracy"] == pytest.approx(best)


def test_it_answers_pairs_alone_as_in_a_batch(trained: tuple[Path, str], predict: Predict) -> None:
    pairs = ["How do I swim?\tWhat is the way to swim?", "Ünïcode 🙂?\tHow do I run?"]
    answers = [json.loads(line) for line in predict(trained[0], "\n".join(pairs) + "\n")]
    assert [f"{a['question1']}\t{a['question2']}" for a in answers] == pairs
    for answer in answers:
        assert 0 <= answer["probability"] <= 1
        assert answer["label"] == int(answer["probability"] >= 0.5)
    alone = json.loads(predict(trained[0], pairs[0])[0])
    assert alone["probability"] == pytest.approx(answers[0]["probability"], abs=2e-6)


def test_pairs_without_a_training_question_have_scores_of_their_own(
    qqp: Program, write_rows: Write, tmp_path: Path
) -> None:
    train = [(i % 2, f"how to do {i}?", f"way of doing {i % 7}") for i in range(60)]
    dev = [(1, "HOW to do 3 ?", "something new"), (0, "new a", "new b"), (1, "new c", "new d")]
    files = ("--train", write_rows("train.tsv", train), "--dev", write_rows("dev.tsv", dev))
    extra = write_rows("extra.tsv", [(1, "new d", "new e"), (1, "x", "y")])
    output = qqp.run(*files, "--extra", extra, "--epochs", 1, *PLAIN, "--out", "run").stdout
    metrics = metrics_of(tmp_path / "run")
    # One is linked to train, one to extra; the third has no counterpart of the other class.
    assert metrics["dev"]["pairs"] == 3
    assert "dev_unlinked" not in metrics
    assert "1 of 3 dev pairs have no question seen in training" in output
    qqp.run(*files, "--epochs", 1, *PLAIN, "--out", "other")
    metrics = metrics_of(tmp_path / "other")
    assert metrics["dev_unlinked"]["pairs"] == metrics["dev_tfidf_unlinked"]["pairs"] == 2


@pytest.mark.parametrize("baseline", ["overlap", "tfidf"])
def test_a_baseline_is_a_run_like_any_other(
    program: Callable[..., Program],
    predict: Predict,
    pairs_file: Write,
    tmp_path: Path,
    baseline: str,
) -> None:
    out = tmp_path / "run"
    named = () if baseline == "tfidf" else (baseline,)  # --baseline alone is tfidf
    files = ("--train", pairs_file("train.tsv"), "--dev", pairs_file("dev.tsv", 60))
    program("qqp").run("--baseline", *named, *files, "--workers", 1, "--out", out)
    metrics = metrics_of(out)
    assert json.loads((out / "config.json").read_text())["baseline"] == baseline
    other = {"overlap": "tfidf", "tfidf": "overlap"}[baseline]
    assert f"dev_{other}" in metrics
    assert f"dev_{baseline}" not in metrics
    answer = json.loads(predict(out, "How do I swim?\tWay to swim?\n")[0])
    assert 0 <= answer["probability"] <= 1


def test_one_file_is_split_and_only_its_training_pairs_are_limited(
    qqp: Program, pairs_file: Write
) -> None:
    settings = ("--epochs", 1, *PLAIN, "--out", "run", "--limit", 50)
    output = qqp.run("--data", pairs_file(rows=200), *settings).stdout
    assert "train: 50 pairs" in output
    assert "dev: 30 pairs" in output


def test_extra_duplicates_get_mined_negatives(qqp: Program, pairs_file: Write) -> None:
    files = ("--train", pairs_file("train.tsv"), "--dev", pairs_file("dev.tsv", 60))
    extra = ("--extra", pairs_file("extra.tsv", 80), "--extra-epochs", 1)
    output = qqp.run(*files, *extra, "--epochs", 2, *PLAIN, "--out", "run").stdout
    line = next(line for line in output.splitlines() if line.startswith("extra:"))
    pairs, duplicates = (int(word) for word in line.replace(",", "").split() if word.isdigit())
    assert duplicates < pairs <= 2 * duplicates
    qqp.refuse(*files, *extra, "--epochs", 1, *PLAIN, "--out", "other", error=["--extra-epochs"])


def test_a_broken_row_is_named_and_training_goes_on(qqp: Program, pairs_file: Write) -> None:
    broken = pairs_file("train.tsv", broken="999\t1\t2\tOnly one question?\t1")
    files = ("--train", broken, "--dev", pairs_file("dev.tsv", 60))
    done = qqp(*files, "--epochs", 1, *PLAIN, "--out", "run")
    assert done.returncode == 0, done.stderr
    assert "train.tsv" in done.stderr
    assert "61" in done.stderr  # header, 59 rows, then the broken one
    assert "train: 120 pairs" in done.stdout


def test_a_dev_file_with_pairs_of_one_class_gets_a_warning(
    qqp: Program, pairs_file: Write, write_rows: Write, tmp_path: Path
) -> None:
    rows = [(1, f"how to do {i}?", f"way of doing {i}") for i in range(20)]
    files = ("--train", pairs_file("train.tsv"), "--dev", write_rows("one_class.tsv", rows))
    done = qqp(*files, "--limit", 30, "--epochs", 1, *PLAIN, "--out", "run")
    assert done.returncode == 0, done.stderr
    assert "warning: dev has pairs of one class only" in done.stderr
    dev = metrics_of(tmp_path / "run")["dev"]
    assert dev["accuracy"] == dev["accuracy_interval"][0]
    assert "NaN" not in (tmp_path / "run" / "metrics.json").read_text()


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize(
    "options",
    [
        ("--preset", "plain"),
        ("--preset", "quick"),
        ("--preset", "best"),
        ("--preset", "best", "--extra"),
        ("--baseline", "overlap"),
        ("--baseline", "tfidf"),
    ],
)
def test_training_pairs_of_one_class_are_refused_at_once(
    program: Callable[..., Program],
    pairs_file: Write,
    write_rows: Write,
    options: tuple[str, ...],
    label: int,
) -> None:
    """The presets "quick" and "best" failed after their first stages, some with no cause named."""
    rows = [(label, f"how to do {i}?", f"way of doing {i}") for i in range(60)]
    file, good, qqp = write_rows("one_class.tsv", rows), pairs_file("good.tsv"), program("qqp")
    more = (*options, good) if options[-1] == "--extra" else options
    named = ["no duplicates", "only duplicates"][label] + " in "
    error = [named, "one_class.tsv", f"all 60 pairs have the label {label}"]
    qqp.refuse("--train", file, "--dev", good, *more, "--out", "never", error=error)
    error[-1] = f"the part of {file} to train on"
    qqp.refuse("--data", file, *more, "--out", "never", error=error)
    few = ("--limit", 1, "--train", good, "--dev", good)
    qqp.refuse(*few, *more, "--out", "never", error=["duplicates in ", "--limit"])
    assert not (qqp.folder / "never").exists()


def test_a_short_run_reaches_its_learning_rate(qqp: Program, pairs_file: Write) -> None:
    """300 pairs are ten steps an epoch, and the warm-up is 200 steps by default."""
    files = ("--train", pairs_file("train.tsv", 300), "--dev", pairs_file("dev.tsv", 40))
    qqp.run(*files, *PLAIN, "--epochs", 3, "--warmup", 200, "--lr", 1e-3, "--out", "run")
    with (qqp.folder / "run" / "history.csv").open() as file:
        assert max(float(row["lr"]) for row in csv.DictReader(file)) > 0.6e-3


def test_bad_input_ends_with_code_2_and_a_cure(
    program: Callable[..., Program], pairs_file: Write, tmp_path: Path
) -> None:
    qqp, good, words = program("qqp", "--out", "none"), pairs_file("good.tsv"), tmp_path / "words"
    words.write_text("just some words\nand no pairs\n")
    qqp.refuse("--train", words, "--dev", good, error=["words"])
    qqp.refuse("--train", good, error=["--train and --dev", "--data"])
    qqp.refuse("--train", good, "--dev", good, "--data", good, error=["--data"])
    qqp.refuse("--width", 9, "--data", good, error=["--width 9", "--heads 4"])
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_the_shipped_sample_beats_word_overlap(
    program: Callable[..., Program], tmp_path: Path
) -> None:
    program("qqp").run("--epochs", 4, "--out", "run")
    metrics = metrics_of(tmp_path / "run")
    assert metrics["dev"]["accuracy"] > metrics["dev_overlap"]["accuracy"] + 0.1
    assert set(metrics["data"]) == {"data"}
