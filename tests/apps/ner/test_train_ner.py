"""The NER app: results of a run, predictions, file formats, vectors, pre-training, errors."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import Program

from pmt_core import load_archive, tag_spans
from pmt_text import (
    CharacterNgrams,
    SentenceEncoder,
    SubwordVectors,
    WordVectors,
    load_conll,
    save_subword_vectors,
)
from pmt_train import entity_scores

SIZES = {
    "width": 8, "hidden": 16, "heads": 2, "layers": 1, "word-width": 8, "filters": 8,
    "average": 0, "dropout": 0, "input-dropout": 0, "lr": 0.02, "workers": 1,
}  # fmt: skip
SMALL = [part for name, value in SIZES.items() for part in (f"--{name}", str(value))]
NAMES = ["Ann", "Bob", "Cid", "Dora", "Eve", "Finn", "Gil", "Hana", "Ida", "Jon"]
CITIES = ["Oslo", "Rome", "Bern", "York", "Lima", "Cork", "Riga", "Kyiv"]


def sentences(n: int, seed: int) -> list[list[tuple[str, str]]]:
    rng = np.random.default_rng(seed)
    result = []
    for _ in range(n):
        name, other = (NAMES[i] for i in rng.integers(0, len(NAMES), 2))
        city = CITIES[rng.integers(len(CITIES))]
        result.append(
            [
                (name, "I-PER"), ("Lee", "I-PER"), ("met", "O"), (other, "I-PER"), ("in", "O"),
                (city, "I-LOC"), ("City", "I-LOC"), (".", "O"),
            ][int(rng.integers(3)) :]
        )  # fmt: skip
    return result


def write_files(folder: Path) -> list[object]:
    """Write small files in the format of CoNLL-2003; return the options that name them."""
    for name, n, seed in (("train", 150, 1), ("dev", 40, 2)):
        rows = [
            "\n".join(f"{word} X Y {tag}" for word, tag in words) for words in sentences(n, seed)
        ]
        text = "-DOCSTART- -X- O O\n\n" + "\n\n".join(rows) + "\n"
        (folder / f"{name}.conll").write_text(text)
    return ["--train", folder / "train.conll", "--dev", folder / "dev.conll", *SMALL]


@pytest.fixture
def ner(tmp_path: Path) -> Program:
    return Program("ner", tmp_path)


@pytest.fixture
def files(tmp_path: Path) -> Sequence[object]:
    return write_files(tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The runner in a folder with dev.conll and a trained "run"."""
    runner = Program("ner", tmp_path_factory.mktemp("ner"))
    options = write_files(runner.folder)
    test = ("--test", runner.folder / "dev.conll")
    result = runner.run(*options, *test, "--epochs", 5, "--out", "run")
    assert "tags are IOB1, in column 3 of 4" in result.stdout
    return runner


def test_scores_and_files_of_a_run(trained: Program) -> None:
    out = trained.folder / "run"
    metrics = json.loads((out / "metrics.json").read_text())
    splits = ("dev", "test")
    assert set(metrics["pictures"]) == {"learning.png", "transitions.png"} | {
        f"{kind}_{split}.png" for kind in ("types", "confusion") for split in splits
    }
    assert metrics["data"]["train"]["rows"] == 150
    assert set(metrics["dev"]) == {"f1", "precision", "recall", "accuracy", "loss"}
    assert metrics["test"] == metrics["dev"]
    assert metrics["test_unseen"] == metrics["dev_unseen"]
    assert metrics["dev"]["f1"] > 0.9
    rows = list(csv.DictReader((out / "history.csv").read_text().splitlines()))
    assert metrics["dev"]["f1"] == pytest.approx(max(float(row["dev_f1"]) for row in rows))
    assert 'class="correct"' in (out / "report.html").read_text()


def test_entities_that_are_not_in_train_are_scored_apart(
    ner: Program, files: Sequence[object]
) -> None:
    """Two sentences have new names alone, one has none at all, the others seen ones."""
    path = ner.folder / "dev.conll"
    new = "Zoe X Y I-PER\nLee X Y I-PER\nmet X Y O\nYan X Y I-PER\n\n"
    path.write_text(path.read_text() + f"\n{new}{new}it X Y O\nrained X Y O\n")
    result = ner.run(*files, "--epochs", 4, "--out", "run")
    metrics = json.loads((ner.folder / "run" / "metrics.json").read_text())
    unseen = metrics["dev_unseen"]
    assert (unseen["sentences"], unseen["entities"]) == (3, 4)
    blocks = (ner.folder / "run" / "dev_tagged.conll").read_text().strip().split("\n\n")[-3:]
    rows = [[line.split() for line in block.split("\n")] for block in blocks]
    labels, predicted = ([[row[i] for row in block] for block in rows] for i in (1, 2))
    expected = entity_scores(predicted, labels)
    assert unseen["f1"] == pytest.approx(expected.overall.f1)
    assert unseen["accuracy"] == pytest.approx(expected.accuracy)
    assert metrics["dev"]["recall_unseen"] == pytest.approx(unseen["recall"])
    assert "dev_unseen" in result.stdout
    assert "recall_unseen" in result.stdout
    page = (ner.folder / "run" / "report.html").read_text()
    assert "the 3 of 43 sentences without an entity" in page


def test_the_tagged_file_has_the_labels_and_the_predictions_that_were_scored(
    trained: Program,
) -> None:
    out = trained.folder / "run"
    blocks = (out / "dev_tagged.conll").read_text().strip().split("\n\n")
    rows = [[line.split() for line in block.split("\n")] for block in blocks]
    labels = [[row[1] for row in block] for block in rows]
    predicted = [[row[2] for row in block] for block in rows]
    dev = load_conll(trained.folder / "dev.conll").sentences
    assert labels == [list(sentence.tags or ()) for sentence in dev]
    metrics = json.loads((out / "metrics.json").read_text())
    assert entity_scores(predicted, labels).overall.f1 == pytest.approx(metrics["dev"]["f1"])


def check_answer(answer: dict[str, Any]) -> None:
    """Words, tags and entities agree with each other and with the text."""
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


def test_raw_sentences_are_answered_with_character_offsets(trained: Program) -> None:
    texts = [
        "Ann Lee met Bob in Rome City.",
        "",
        "  \tHana met Ünïcode 🙂 in\u00a0Cork City (today)…",
        "Eve " * 700,
    ]
    answers = trained.run("--predict", "--out", "run", stdin="\n".join(texts) + "\n").answers
    assert [answer["text"] for answer in answers] == texts
    for answer in answers:
        check_answer(answer)
    assert [(e["type"], e["text"]) for e in answers[0]["entities"]] == [
        ("PER", "Ann Lee"),
        ("PER", "Bob"),
        ("LOC", "Rome City"),
    ]
    assert answers[1]["entities"] == []


@pytest.mark.parametrize("scheme", ["IOB2", "IOBES"])
def test_columns_scheme_and_types_are_detected(ner: Program, scheme: str) -> None:
    """Tabs, numbered words, comments, a column after the tags, Latin-1."""
    rng = np.random.default_rng(3)
    drugs, units = ["Aspirin", "Brufén", "Codeine", "Doxepin"], ["mg", "g", "ml"]
    single, last = ("S", "E") if scheme == "IOBES" else ("B", "I")
    for name, n in (("train", 120), ("dev", 30)):
        parts = []
        for i in range(n):
            drug, unit = drugs[rng.integers(4)], units[rng.integers(3)]
            words = [
                ("take", "O"), (drug, f"{single}-DRUG"),
                (str(rng.integers(1, 90)), "B-DOSE_SIZE"), (unit, f"{last}-DOSE_SIZE"),
                ("daily", "O"), ("or", "O"), ("sleep", "O"),
            ][: int(rng.integers(4, 8))]  # fmt: skip
            rows = [f"{j}\t{word}\t_\tNN\t{tag}\t_" for j, (word, tag) in enumerate(words, start=1)]
            parts.append(f"# sent_id = {i}\n" + "\n".join(rows) + "\n\n")
        (ner.folder / f"{name}.tsv").write_bytes("".join(parts).encode("latin-1"))
    files = ("--train", "train.tsv", "--dev", "dev.tsv", "--encoding", "latin-1")
    result = ner.run(*files, *SMALL, "--epochs", 5, "--out", "run")
    assert f"tags are {scheme}, in column 4 of 6" in result.stdout
    metrics = json.loads((ner.folder / "run" / "metrics.json").read_text())
    assert metrics["dev"]["f1"] > 0.95
    (answer,) = ner.run("--predict", "--out", "run", stdin="take Codeine 12 mg daily\n").answers
    entities = [(e["type"], e["text"]) for e in answer["entities"]]
    assert entities == [("DRUG", "Codeine"), ("DOSE_SIZE", "12 mg")]


@pytest.mark.parametrize("scheme", ["IOB1", "IOB2", "IOBES"])
def test_entities_longer_than_the_model_reads_are_learned(ner: Program, scheme: str) -> None:
    name = "Great B-ORG\nNorthern I-ORG\nSteam I-ORG\nNavigation I-ORG\nCompany I-ORG\n"
    text = f"the O\nfleet O\n{name}left O\nport O\n\n" * 12
    (ner.folder / "long.conll").write_text(text)
    files = ("--train", "long.conll", "--dev", "long.conll")
    cut = ("--max-length", 4, "--scheme", scheme, "--epochs", 10)
    ner.run(*files, *SMALL, *cut, "--out", "run")
    rows = list(csv.DictReader((ner.folder / "run" / "history.csv").read_text().splitlines()))
    assert max(float(row[loss]) for row in rows for loss in ("train_loss", "dev_loss")) < 100
    assert float(rows[-1]["dev_f1"]) == 1
    text = "the fleet Great Northern Steam Navigation Company left port"
    (answer,) = ner.run("--predict", "--out", "run", stdin=f"{text}\n").answers
    assert [e["text"] for e in answer["entities"]] == ["Great Northern Steam Navigation Company"]


def test_vectors_classify_words_that_are_not_in_train(
    ner: Program, files: Sequence[object]
) -> None:
    words = {word.lower(): 0.0 for word in ["met", "in", "city", "."]}
    words |= {name.lower(): 1.0 for name in [*NAMES, "Zoe", "Yan"]}
    words |= {city.lower(): -1.0 for city in [*CITIES, "Nice", "Graz"]}
    lines = [f"{word} {value} {1 - abs(value)}" for word, value in words.items()]
    (ner.folder / "vectors.txt").write_text(f"{len(lines)} 2\n" + "\n".join(lines) + "\n")
    vectors = ("--vectors", "vectors.txt", "--filters", 1, "--word-dropout", 100)
    result = ner.run(*files, *vectors, "--epochs", 8, "--out", "run")
    assert "2 numbers each" in result.stdout
    (answer,) = ner.run("--predict", "--out", "run", stdin="Zoe met Yan in Graz City .\n").answers
    types = {entity["text"]: entity["type"] for entity in answer["entities"]}
    assert types.get("Zoe") == "PER"
    assert types.get("Graz City") == "LOC"


@pytest.mark.parametrize("case", [(), ("--keep-case",)])
def test_vectors_of_ngrams_are_those_of_words_that_have_none(
    ner: Program, files: Sequence[object], case: tuple[str, ...]
) -> None:
    """Dev has names that are neither in train nor in the file; the tagger has their vectors."""
    rng = np.random.default_rng(0)
    ngrams = CharacterNgrams(2, 3, 500)
    known = WordVectors(["met", "in", "City", NAMES[0]], rng.normal(size=(4, 6)))
    subwords = SubwordVectors(known, rng.normal(size=(500, 6)), ngrams)
    save_subword_vectors(ner.folder / "subwords.npz", subwords)
    (ner.folder / "new.conll").write_text("Zoe B-PER\nmet O\nYan8 B-PER\n\n")
    data = (*files, "--dev", "new.conll", "--vectors", "subwords.npz", *case)
    result = ner.run(*data, *SMALL, "--no-tune-vectors", "--epochs", 1, "--out", "run")
    assert "4 words, 6 numbers each" in result.stdout
    arrays, meta = load_archive(ner.folder / "run" / "model.npz")
    encoder = SentenceEncoder.from_json(meta["model"]["encoder"])
    words = ["Zoe", "Yan0", "City"]
    folded = words if case else [word.lower() for word in words]
    rows = arrays["vectors"][encoder.words.ids(folded)]
    expected = subwords.of(words)
    scale = rows[2] / expected[2]
    np.testing.assert_allclose(rows, expected * scale.mean(), rtol=1e-4)


def test_pretraining_lowers_its_loss_and_its_encoder_is_used_again(
    ner: Program, files: Sequence[object]
) -> None:
    text = "\n".join(" ".join(word for word, _ in words) for words in sentences(300, 5))
    (ner.folder / "plain.txt").write_text(text)
    lm = ("--lm-corpus", "plain.txt", "--lm-min-count", 1, "--lm-epochs", 2)
    result = ner.run(*files, *lm, "--epochs", 1, "--out", "first")
    assert "lm-corpus:" in result.stdout
    rows = list(csv.DictReader((ner.folder / "first" / "history.csv").read_text().splitlines()))
    losses = [float(row["dev_mlm_loss"]) for row in rows if row.get("dev_mlm_loss")]
    assert len(losses) == 2
    assert losses[1] < losses[0] < np.log(60)
    encoder = ("--encoder", Path("first", "pretrain.npz"))
    ner.run(*files, *encoder, "--epochs", 1, "--out", "second")
    ner.refuse(*files, *encoder, "--width", 16, "--out", "never", error=["does not fit"])
    ner.refuse(*files, "--encoder", "plain.txt", "--out", "never", error=["plain.txt"])
    assert not (ner.folder / "never").exists()


def test_invalid_lines_are_named_and_their_sentences_dropped(
    ner: Program, files: Sequence[object]
) -> None:
    path = ner.folder / "train.conll"
    path.write_text(path.read_text() + "\nbroken X\n\nwrong X Y NOTAG\n")
    result = ner.run(*files, "--epochs", 1, "--out", "run")
    last = len(path.read_text().splitlines())
    assert f"{path}:{last - 2}: missing or extra column; sentence dropped" in result.stderr
    assert f"{path}:{last}: not a tag; sentence dropped" in result.stderr
    assert "train: 150 sentences" in result.stdout


def test_invalid_input_is_named(ner: Program, files: Sequence[object]) -> None:
    (ner.folder / "words").write_text("just some words\nand no tags\n")
    (ner.folder / "none.conll").write_text("a O\nb O\n\nc O\n")
    good = ("--train", "dev.conll", "--dev", "dev.conll")
    cases: list[tuple[Sequence[object], str]] = [
        (("--train", "words", "--dev", "dev.conll"), "no column holds tags"),
        (("--train", "none.conll", "--dev", "dev.conll"), "no entities"),
        ((*good, "--tag-column", 0), "column 0"),
        ((*good, "--encoding", "klingon"), "klingon"),
        ((*good, "--vectors", "words"), "words"),
        ((*good, "--heads", 3), "heads"),
    ]
    for options, error in cases:
        ner.refuse(*options, "--out", "never", error=[error])
    assert not (ner.folder / "never").exists()
