"""The NER app on files of other columns and tags: what is decided, printed and overruled."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from programs import Program

SMALL = (
    "--width", 8, "--hidden", 16, "--heads", 2, "--layers", 1, "--word-width", 8, "--filters", 8,
    "--average", 0, "--dropout", 0, "--input-dropout", 0, "--lr", 0.02, "--workers", 1,
    "--out", "run",
)  # fmt: skip
NAMES = ["Ann", "Bob", "Cid", "Dora", "Eve", "Finn", "Gil", "Hana", "Ida", "Jon"]
CITIES = ["Oslo", "Rome", "Bern", "York", "Lima", "Cork", "Riga", "Kyiv"]
# "Ann Lee sees the port of Oslo" in each format
CONLL_U = (
    "# sent_id = {i}\n1\t{name}\tB-PER\t_\tann\n2\tLee\tI-PER\t_\tann\n3\tsees\tO\t_\tann\n"
    "4-5\tthport\t_\t_\t_\n4\tthe\tO\t_\tann\n5\tport\tO\t_\tann\n5.1\tnull\t_\t_\t_\n"
    "6\tof\tO\t_\tann\n7\t{city}\tB-LOC\t_\tann\n"
)
TYPES_ALONE = "{name} PER\nLee PER\nsees O\nthe O\nport O\nof O\n{city} LOC\n"
LETTERS_ALONE = "{name} B\nLee I\nsees O\nthe O\nport O\nof O\n{city} B\n"
EVENTS_BEHIND = (
    "{name} B-PER O\nLee I-PER O\nsees O Look\nthe O O\nport O O\nof O O\n{city} B-LOC O\n"
)
TABS_BEHIND = "{name}\tB-PER\t\nLee\tI-PER\nsees\tO\nthe\tO \t\nport\tO\nof\tO\n{city}\tB-LOC\n"
UNDERSCORES = "B_PER {name}\nI_PER Lee\nO sees\nO the\nO port\nO of\nB_LOC {city}\n"


@pytest.fixture
def ner(tmp_path: Path) -> Program:
    return Program("ner", tmp_path)


def write(folder: Path, name: str, sentence: str, n: int) -> None:
    parts = [sentence.format(i=i, name=NAMES[i % 10], city=CITIES[i % 8]) for i in range(n)]
    (folder / name).write_text("\n".join(parts))


@pytest.mark.parametrize(
    ("sentence", "said", "types"),
    [
        (CONLL_U, "words in column 1, tags in column 2 of 5", ["PER", "LOC"]),
        (TYPES_ALONE, "tags are written as PER and O", ["PER", "LOC"]),
        (LETTERS_ALONE, "tags are written as B and O", ["ENTITY", "ENTITY"]),
        (EVENTS_BEHIND, "words in column 0, tags in column 1 of 3", ["PER", "LOC"]),
        (TABS_BEHIND, "words in column 0, tags in column 1 of 2", ["PER", "LOC"]),
        (UNDERSCORES, "words in column 1, tags in column 0 of 2", ["PER", "LOC"]),
    ],
    ids=["CoNLL-U", "types alone", "letters alone", "events behind", "tabs behind", "underscores"],
)
def test_files_are_read_and_learned(
    ner: Program, sentence: str, said: str, types: list[str]
) -> None:
    write(ner.folder, "train", sentence, 60)
    write(ner.folder, "dev", sentence, 20)
    result = ner.run("--train", "train", "--dev", "dev", *SMALL, "--epochs", 10)
    lines = result.stdout.splitlines()
    for name, n in (("train", 60), ("dev", 20)):
        i = next(i for i, line in enumerate(lines) if line.startswith(f"{name}: {n} sentences, "))
        assert f"{7 * n:,} words, {2 * n:,} entities" in lines[i]
        assert said in lines[i + 1]
        assert "sentences dropped: none" in lines[i + 1]
    assert "warning" not in result.stderr
    metrics = json.loads((ner.folder / "run" / "metrics.json").read_text())
    assert metrics["dev"]["f1"] > 0.9
    (answer,) = ner.run("--predict", "--out", "run", stdin="Ann Lee sees Oslo\n").answers
    entities = [(entity["text"], entity["type"]) for entity in answer["entities"]]
    assert entities == list(zip(["Ann Lee", "Oslo"], types, strict=True))


def test_other_files_have_the_columns_of_train(ner: Program) -> None:
    write(ner.folder, "train", "{name} B-PER O\nLee I-PER O\nsees O O\n{city} B-LOC B-PORT\n", 40)
    fuller = "{name} B-PER B-X\nLee I-PER I-X\nsees O B-X\n{city} B-LOC B-PORT\n"
    write(ner.folder, "dev", fuller, 10)
    write(ner.folder, "test", "O {name}\nO Lee\nO sees\nB-LOC {city}\n", 10)
    (ner.folder / "odd").write_text("Ann B-PER\nis O\n\n\nBo X-PER\n\nin\n\nOslo B-LOC\n\nx y\n")
    files = ("--train", "train", "--dev", "dev", "--test", "test")
    result = ner.run(*files, *SMALL, "--epochs", 1)
    assert result.stdout.count("words in column 0, tags in column 1 of 3") == 2
    assert "words in column 1, tags in column 0 of 2" in result.stdout
    assert "test has 2 columns, train 3; those of test are decided from its own" in result.stderr
    # overruled, for all files
    result = ner.run("--train", "train", "--dev", "dev", *SMALL, "--epochs", 1,
                     "--word-column", 1, "--tag-column", -1, "--overwrite")  # fmt: skip
    assert result.stdout.count("words in column 1, tags in column 2 of 3") == 2
    # what is dropped is counted and named
    result = ner.run("--train", "odd", "--dev", "odd", *SMALL, "--epochs", 1, "--overwrite")
    assert "sentences dropped: 2 (not a tag), 1 (missing or extra column)" in result.stdout
    assert "odd:5: not a tag; 2 sentences dropped, on lines 5, 11" in result.stderr


def test_another_encoding_is_suggested(ner: Program) -> None:
    for name in ("train", "dev"):
        text = "Ann I-PER\nsees O\nLima I-LOC\n\n" * 9 + "Zürich I-LOC\nis O\n"
        (ner.folder / name).write_bytes(text.encode("latin-1"))
    files = ("--train", "train", "--dev", "dev", *SMALL, "--epochs", 1)
    result = ner.run(*files)
    assert "train:37: not text in UTF-8" in result.stderr
    assert "by --encoding, e.g. latin-1" in result.stderr
    assert "--encoding" not in ner.run(*files, "--encoding", "latin-1", "--overwrite").stderr


def test_tags_that_cannot_be_read_are_shown(ner: Program) -> None:
    write(ner.folder, "brackets", "{name} (PERSON*\nLee *)\nsees *\n{city} (GPE)\n", 9)
    write(ner.folder, "slashes", "{name} B/PER\nLee I/PER\nsees O\n{city} B/LOC\n", 9)
    (ner.folder / "mac").write_bytes(b"EU I-ORG\rrejects O\r\rPeter I-PER\rsings O\r")
    for name, error in [
        ("brackets", "CoNLL-2012, to B-PER and I-PER: 1: '(PERSON*'"),
        ("slashes", "'B/PER'"),
        ("mac", "CR line ends"),
    ]:
        ner.refuse("--train", name, "--dev", name, *SMALL, error=[error])
    assert not (ner.folder / "run").exists()


def test_a_type_called_none_is_reported(ner: Program) -> None:
    write(ner.folder, "train", "{name} B-none\nLee I-none\nsees O\n{city} B-all\n", 40)
    ner.run("--train", "train", "--dev", "train", *SMALL, "--epochs", 8)
    report = (ner.folder / "run" / "report.html").read_text()
    for text in ["row “no entity”", "<td>none</td>", "<td>all</td>", "<td>all types</td>"]:
        assert text in report
