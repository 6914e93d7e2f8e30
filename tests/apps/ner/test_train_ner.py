"""apps/train_ner.py as a user meets it: what it leaves, what it answers, what it refuses."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from pmt_core import tag_spans
from pmt_text import load_conll
from pmt_train import entity_scores

Completed = subprocess.CompletedProcess[str]
Ner = Callable[..., Completed]
SIZES = {
    "width": 8, "hidden": 16, "heads": 2, "layers": 1, "word-width": 8, "filters": 8,
    "average": 0, "dropout": 0, "input-dropout": 0, "lr": 0.02,
}  # fmt: skip
SMALL = [part for name, value in SIZES.items() for part in (f"--{name}", str(value))]
NAMES = ["Ann", "Bob", "Cid", "Dora", "Eve", "Finn", "Gil", "Hana", "Ida", "Jon"]
PLACES = ["Oslo", "Rome", "Bern", "York", "Lima", "Cork", "Riga", "Kyiv"]


def command(root: Path, *arguments: object) -> list[str]:
    return [sys.executable, str(root / "apps" / "train_ner.py"), *map(str, arguments)]


@pytest.fixture
def ner(root: Path, tmp_path: Path) -> Ner:
    """Runs apps/train_ner.py in an empty folder."""

    def run(*arguments: object, stdin: str = "") -> Completed:
        return subprocess.run(
            command(root, *arguments),
            input=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=180,
            env={**os.environ, "PYTHONUTF8": "1"},
        )

    return run


def sentences(n: int, seed: int) -> list[list[tuple[str, str]]]:
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        name, other = (NAMES[i] for i in rng.integers(0, len(NAMES), 2))
        place = PLACES[rng.integers(len(PLACES))]
        found.append(
            [
                (name, "I-PER"), ("Lee", "I-PER"), ("met", "O"), (other, "I-PER"), ("in", "O"),
                (place, "I-LOC"), ("City", "I-LOC"), (".", "O"),
            ][int(rng.integers(3)) :]
        )  # fmt: skip
    return found


@pytest.fixture
def files(tmp_path: Path) -> tuple[object, ...]:
    """Options that name small files of the form of CoNLL-2003."""
    for name, n, seed in (("train", 150, 1), ("dev", 40, 2)):
        rows = [
            "\n".join(f"{word} X Y {tag}" for word, tag in words) for words in sentences(n, seed)
        ]
        text = "-DOCSTART- -X- O O\n\n" + "\n\n".join(rows) + "\n"
        (tmp_path / f"{name}.conll").write_text(text)
    return ("--train", tmp_path / "train.conll", "--dev", tmp_path / "dev.conll", *SMALL)


def trained(ner: Ner, *arguments: object) -> Completed:
    done = ner(*arguments)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_a_run_leaves_what_the_contract_says(
    ner: Ner, files: Sequence[object], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    test = ("--test", tmp_path / "dev.conll")
    done = trained(ner, *files, *test, "--epochs", 4, "--workers", 1, "--out", out)
    names = {path.name for path in out.iterdir()}
    pictures = {"learning.png", "transitions.png", "types_dev.png", "confusion_dev.png"}
    assert {"dev_tagged.conll", "test_tagged.conll", *pictures} <= names
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["data"]["train"]["rows"] == 150
    assert set(metrics["dev"]) == {"f1", "precision", "recall", "accuracy", "loss"}
    assert metrics["test"] == metrics["dev"]
    assert metrics["dev"]["f1"] > 0.9
    rows = list(csv.DictReader((out / "history.csv").read_text().splitlines()))
    assert metrics["dev"]["f1"] == pytest.approx(max(float(row["dev_f1"]) for row in rows))
    report = (out / "report.html").read_text()
    assert report.count("data:image/png;base64,") == 6
    assert 'class="found"' in report
    assert "tags are IOB1, in column 3 of 4" in done.stdout
    # the tagged file is what the scores were taken of
    lines = [line.split() for line in (out / "dev_tagged.conll").read_text().split("\n") if line]
    right = [line[1] for line in lines]
    assert right == [t for s in load_conll(tmp_path / "dev.conll").sentences for t in s.tags or ()]
    assert len({len(line) for line in lines}) == 1
    sentences = (out / "dev_tagged.conll").read_text().strip().split("\n\n")
    columns = [[line.split()[1:] for line in text.split("\n")] for text in sentences]
    found = entity_scores(
        [[tags[1] for tags in one] for one in columns],
        [[tags[0] for tags in one] for one in columns],
    )
    assert found.overall.f1 == pytest.approx(metrics["dev"]["f1"])


def test_raw_sentences_are_answered_with_places(
    ner: Ner, files: Sequence[object], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    trained(ner, *files, "--epochs", 5, "--out", out)
    texts = [
        "Ann Lee met Bob in Rome City.",
        "",
        "  \tHana met Ünïcode 🙂 in\u00a0Cork City (today)…",
        "Eve " * 700,
    ]
    done = ner("--predict", "--out", out, stdin="\n".join(texts) + "\n")
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["text"] for answer in answers] == texts
    for answer in answers:
        text = answer["text"]
        assert "".join(word for word, _, _ in answer["words"]) == "".join(text.split())
        assert all(text[start:end] == word for word, start, end in answer["words"])
        assert len(answer["tags"]) == len(answer["words"])
        spans = tag_spans(answer["tags"])
        assert [entity["type"] for entity in answer["entities"]] == [span.type for span in spans]
        for entity, span in zip(answer["entities"], spans, strict=True):
            assert text[entity["start"] : entity["end"]] == entity["text"]
            assert entity["start"] == answer["words"][span.start][1]
            assert 0 < entity["confidence"] <= 1
    assert [(e["type"], e["text"]) for e in answers[0]["entities"]] == [
        ("PER", "Ann Lee"),
        ("PER", "Bob"),
        ("LOC", "Rome City"),
    ]
    assert answers[1]["entities"] == []


@pytest.mark.parametrize("form", ["IOB2", "IOBES"])
def test_another_kind_of_file_with_other_types_and_columns(
    ner: Ner, tmp_path: Path, form: str
) -> None:
    """Tabs, numbered words, comments, a column behind the tags, Latin-1: nothing is told of it."""
    rng = np.random.default_rng(3)
    drugs, units = ["Aspirin", "Brufén", "Codeine", "Doxepin"], ["mg", "g", "ml"]
    first, last = ("B", "E") if form == "IOBES" else ("B", "I")
    for name, n in (("train", 120), ("dev", 30)):
        parts = []
        for i in range(n):
            drug, unit = drugs[rng.integers(4)], units[rng.integers(3)]
            one = "S" if form == "IOBES" else "B"
            words = [
                ("take", "O"), (drug, f"{one}-DRUG"),
                (str(rng.integers(1, 90)), f"{first}-DOSE_SIZE"), (unit, f"{last}-DOSE_SIZE"),
                ("daily", "O"), ("or", "O"), ("sleep", "O"),
            ][: int(rng.integers(4, 8))]  # fmt: skip
            rows = [f"{j}\t{word}\t_\tNN\t{tag}\t_" for j, (word, tag) in enumerate(words, start=1)]
            parts.append(f"# sent_id = {i}\n" + "\n".join(rows) + "\n\n")
        (tmp_path / f"{name}.tsv").write_bytes("".join(parts).encode("latin-1"))
    out = tmp_path / "run"
    done = trained(
        ner, "--train", tmp_path / "train.tsv", "--dev", tmp_path / "dev.tsv",
        "--encoding", "latin-1", *SMALL, "--epochs", 5, "--out", out,
    )  # fmt: skip
    assert f"tags are {form}, in column 4 of 6" in done.stdout
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["dev"]["f1"] > 0.95
    done = ner("--predict", "--out", out, stdin="take Codeine 12 mg daily\n")
    found = [(e["type"], e["text"]) for e in json.loads(done.stdout)["entities"]]
    assert found == [("DRUG", "Codeine"), ("DOSE_SIZE", "12 mg")]


def test_vectors_name_words_that_training_never_met(
    ner: Ner, files: Sequence[object], tmp_path: Path
) -> None:
    """Names and places unseen in training are told apart by their vectors alone."""
    words = {word.lower(): 0.0 for word in ["met", "in", "city", "."]}
    words |= {name.lower(): 1.0 for name in [*NAMES, "Zoe", "Yan"]}
    words |= {place.lower(): -1.0 for place in [*PLACES, "Nice", "Graz"]}
    lines = [f"{word} {value} {1 - abs(value)}" for word, value in words.items()]
    path = tmp_path / "vectors.txt"
    path.write_text(f"{len(lines)} 2\n" + "\n".join(lines) + "\n")
    out = tmp_path / "run"
    done = trained(
        ner, *files, "--vectors", path, "--filters", 1, "--word-dropout", 100, "--epochs", 8,
        "--out", out,
    )  # fmt: skip
    assert "2 numbers each" in done.stdout
    done = ner("--predict", "--out", out, stdin="Zoe met Yan in Graz City .\n")
    found = {e["text"]: e["type"] for e in json.loads(done.stdout)["entities"]}
    assert found.get("Zoe") == "PER"
    assert found.get("Graz City") == "LOC"


def test_an_encoder_reads_plain_text_first_and_is_used_again(
    ner: Ner, files: Sequence[object], tmp_path: Path
) -> None:
    text = "\n".join(" ".join(word for word, _ in words) for words in sentences(300, 5))
    (tmp_path / "plain.txt").write_text(text)
    lm = ("--lm-corpus", tmp_path / "plain.txt", "--lm-min-count", 1, "--lm-epochs", 2)
    first, again = tmp_path / "first", tmp_path / "again"
    done = trained(ner, *files, *lm, "--epochs", 1, "--workers", 1, "--out", first)
    assert "lm-corpus:" in done.stdout
    assert (first / "pretrain.npz").exists()
    rows = list(csv.DictReader((first / "history.csv").read_text().splitlines()))
    losses = [float(row["dev_guess_loss"]) for row in rows if row.get("dev_guess_loss")]
    assert len(losses) == 2
    assert losses[1] < losses[0] < np.log(60)
    trained(
        ner, *files, "--encoder", first / "pretrain.npz", "--epochs", 1, "--workers", 1,
        "--out", again,
    )  # fmt: skip
    refused(
        ner(*files, "--encoder", first / "pretrain.npz", "--width", 16, "--out", tmp_path / "x"),
        "does not fit",
    )
    refused(ner(*files, "--encoder", tmp_path / "plain.txt", "--out", tmp_path / "x"), "plain.txt")


def test_a_broken_line_is_named_and_training_goes_on(
    ner: Ner, files: Sequence[object], tmp_path: Path
) -> None:
    path = tmp_path / "train.conll"
    path.write_text(path.read_text() + "\nbroken X\n\nwrong X Y NOTAG\n")
    done = trained(ner, *files, "--epochs", 1, "--out", tmp_path / "run")
    last = len(path.read_text().splitlines())
    assert f"{path}:{last - 2}: missing or extra column; sentence dropped" in done.stderr
    assert f"{path}:{last}: not a tag; sentence dropped" in done.stderr
    assert "train: 150 sentences" in done.stdout


def refused(done: Completed, *words: str) -> None:
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_bad_input_ends_with_code_2_and_a_cure(
    ner: Ner, files: Sequence[object], tmp_path: Path
) -> None:
    good = tmp_path / "dev.conll"
    words, no_entities = tmp_path / "words", tmp_path / "none.conll"
    words.write_text("just some words\nand no tags\n")
    no_entities.write_text("a O\nb O\n\nc O\n")
    out = ("--out", tmp_path / "never")
    refused(ner("--train", words, "--dev", good, *out), "no column holds tags")
    refused(ner("--train", no_entities, "--dev", good, *out), "no entities")
    refused(ner("--train", good, *out), "--train and --dev")
    refused(ner("--train", good, "--dev", good, "--tag-column", 0, *out), "column 0")
    refused(ner("--train", good, "--dev", good, "--encoding", "klingon", *out), "klingon")
    refused(ner("--train", good, "--dev", good, "--vectors", words, *out), "words")
    refused(ner("--train", good, "--dev", good, "--heads", 3, *out), "heads")
    assert not (tmp_path / "never").exists()


@pytest.mark.slow
def test_the_shipped_sample_is_learned(ner: Ner, tmp_path: Path) -> None:
    done = trained(ner, "--out", tmp_path / "run")
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["dev"]["f1"] > 0.88, done.stdout
