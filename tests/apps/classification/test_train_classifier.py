"""train_classifier.py: the forms it reads, several labels, folds, an encoder, bad input."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from programs import Program, load_generator
from small_apps import labeled_texts
from tiny_encoder import write_tiny_encoder

from pmt_apps.kit.files import SAMPLES

FAST = ("--model", "tfidf", "--epochs", 3, "--workers", 1, "--char-ngrams", 0)


@pytest.fixture
def classify(program: Callable[..., Program]) -> Program:
    return program("classify")


def metrics(folder: Path, run: str = "run") -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / run / "metrics.json").read_text())
    return content


def test_the_generator_writes_the_committed_rows() -> None:
    made = load_generator("make_classification_sample").make_rows()
    assert gzip.decompress((SAMPLES / "classification.tsv.gz").read_bytes()).decode() == made


def test_a_part_of_train_is_held_out_and_scored(classify: Program, tmp_path: Path) -> None:
    data = labeled_texts(tmp_path)[:2]
    done = classify.run(*data, *FAST, "--out", "run")
    assert "dev: 60 texts held out of train" in done.stdout
    assert "text in column 'text', label in column 'label'" in done.stdout
    content = metrics(tmp_path)
    assert content["dev"]["accuracy"] == 1
    assert content["dev_majority"]["accuracy"] == pytest.approx(1 / 3, abs=0.05)
    assert (tmp_path / "run" / "confusion_dev.png").exists()
    page = (tmp_path / "run" / "report.html").read_text()
    assert "most confident" in page


def test_a_folder_per_class_with_its_test_folder(classify: Program, tmp_path: Path) -> None:
    for split, count in (("train", 30), ("test", 6)):
        for i in range(count):
            folder = tmp_path / "reviews" / split / ("pos" if i % 2 else "neg")
            folder.mkdir(parents=True, exist_ok=True)
            word = ["dull", "joy"][i % 2]
            (folder / f"{i}.txt").write_text(f"a {word} number {i}\nand <br /> more")
    classify.run("--train", "reviews", *FAST, "--out", "run")
    content = metrics(tmp_path)
    assert {"dev", "test", "test_majority"} <= content.keys()
    assert content["data"]["train"]["rows"] == 30
    assert content["test"]["accuracy"] == 1


def test_several_labels_are_learned_and_predicted(classify: Program, tmp_path: Path) -> None:
    labels = {"good": "+", "old": "o", "long": "l"}
    rows = []
    for i in range(200):
        chosen = [name for j, name in enumerate(labels) if i >> j & 1]
        rows.append(json.dumps({"text": f"number {i} " + " ".join(chosen), "tags": chosen}))
    (tmp_path / "rows.jsonl").write_text("\n".join(rows))
    options = ("--label-separator", ",", "--label-column", "tags", "--lr", 10)
    classify.run("--train", "rows.jsonl", *FAST, *options, "--epochs", 8, "--out", "run")
    assert metrics(tmp_path)["dev"]["micro_f1"] > 0.9
    answer = classify.run("--predict", "--out", "run", stdin="an old good one\n").answers[0]
    assert answer["labels"] == ["good", "old"]
    assert set(answer["probabilities"]) == set(labels)


def test_folds_are_scored_beside_baselines(classify: Program, tmp_path: Path) -> None:
    done = classify.run(*labeled_texts(tmp_path)[:2], *FAST, "--folds", 3, "--out", "run")
    assert done.stdout.count("\nfold ") == 3
    content = metrics(tmp_path)
    assert content["folds"]["accuracy"] == 1
    assert len(content["folds"]["accuracy_interval"]) == 2
    assert content["folds_majority"]["accuracy"] == pytest.approx(1 / 3, abs=0.05)


def test_a_fine_tuned_run_needs_the_encoder_no_more(classify: Program, tmp_path: Path) -> None:
    write_tiny_encoder(tmp_path / "encoder")
    options = ("--encoder", "encoder", "--epochs", 2, "--limit", 60, "--workers", 1)
    classify.run(*labeled_texts(tmp_path), *options, "--out", "run")
    assert metrics(tmp_path)["dev_tfidf"]["accuracy"] == 1
    shutil.rmtree(tmp_path / "encoder")
    answer = classify.run("--predict", "--out", "run", stdin="the soup was fine\n").answers[0]
    assert answer["label"] in ("good", "bad", "odd")
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--text-column", "nothing"), ["no column 'nothing'", "'text', 'label'"]),
        (("--label-column", 9), ["no column 9"]),
        (("--encoder", "nowhere"), ["nowhere", "folder"]),
        (("--encoding", "rot13"), ["encoding"]),
        (("--folds", 1), ["--folds", "at least 2"]),
        (("--model", "svm"), ["--model", "scratch, tfidf"]),
        (("--width", 10, "--heads", 4), ["--width 10 must be a multiple"]),
        (("--filters", 0), ["--filters", "at least 1"]),
        (("--min-count", 10_000), ["--min-count"]),
        (("--limit", 1), ["two or more different classes, got '"]),
    ],
)
def test_bad_options_are_refused(
    classify: Program, tmp_path: Path, options: tuple[object, ...], words: list[str]
) -> None:
    classify.refuse(*labeled_texts(tmp_path), *options, "--out", "never", error=words)
    assert not (tmp_path / "never").exists()


def test_several_labels_of_a_text_are_an_option(classify: Program, tmp_path: Path) -> None:
    rows = [
        {"text": f"text {i}", "labels": ["x", "y"] if i == 3 else ["xy"[i % 2]]} for i in range(40)
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = classify.run("--train", "rows.jsonl", *FAST, "--out", "run")
    assert "rows.jsonl:4: several labels, expected one; row dropped" in done.stderr
    assert "--label-separator" in done.stderr


def test_dev_needs_train_and_classes_of_train(classify: Program, tmp_path: Path) -> None:
    data = labeled_texts(tmp_path)
    classify.refuse(*data[2:], error=["--dev", "--train"])
    (tmp_path / "other").write_text("text\tlabel\na\tx\nb\ty\n")
    classify.refuse(*data[:2], "--dev", "other", error=["none of the classes of train"])
