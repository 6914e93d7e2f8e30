"""Labeled texts: every form is found from its content, broken rows are dropped by line."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from pmt_core import DataError, SettingsError
from pmt_text import LabeledTexts, LabelOptions, column_of, load_labeled_texts

ROWS = [
    ("a fine film , well made", "good"),
    ("dull and far too long", "bad"),
    ("the acting is a joy", "good"),
    ("nobody needs this one", "bad"),
    ('it says "no" to clichés', "good"),
]


def write(path: Path, lines: Sequence[str], encoding: str = "utf-8", end: str = "\n") -> Path:
    path.write_bytes((end.join(lines) + end).encode(encoding))
    return path


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def pairs(file: LabeledTexts) -> list[tuple[str, str]]:
    return [(row.text, row.labels[0]) for row in file.texts]


FORMS = {
    "tsv with header": ["sentence\tlabel", *(f"{t}\t{c}" for t, c in ROWS)],
    "tsv without header": [f"{c}\t{t}" for t, c in ROWS],
    "csv with header": [
        "id,label,text", *(f"{i},{c},{quoted(t)}" for i, (t, c) in enumerate(ROWS))
    ],
    "csv with a header of other names": [
        "Nummer,Beitrag,Art", *(f"{i},{quoted(t)},{c}" for i, (t, c) in enumerate(ROWS))
    ],
    "csv without header": [f"{quoted(c)},{quoted(t)}" for t, c in ROWS],
    "csv with semicolons": ["label;text", *(f"{c};{quoted(t)}" for t, c in ROWS)],
    "json lines": [json.dumps({"n": i, "text": t, "label": c}) for i, (t, c) in enumerate(ROWS)],
    "json lines of other keys": [json.dumps({"kind": c, "words": t}) for t, c in ROWS],
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_found_from_its_rows(tmp_path: Path, form: str) -> None:
    file = load_labeled_texts(write(tmp_path / "rows", FORMS[form]))
    assert pairs(file) == ROWS
    assert file.classes == ["bad", "good"]
    assert file.counts() == {"bad": 2, "good": 3}
    assert file.reading().endswith("rows dropped: none")
    assert len(file.sha256) == 64


def test_byte_order_mark_crlf_and_gzip_change_nothing(tmp_path: Path) -> None:
    lines = FORMS["csv with header"]
    expected = pairs(load_labeled_texts(write(tmp_path / "plain", lines)))
    marked = write(tmp_path / "marked", ["\ufeff" + lines[0], *lines[1:]], end="\r\n")
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress(marked.read_bytes()))
    assert pairs(load_labeled_texts(marked)) == expected
    assert pairs(load_labeled_texts(packed)) == expected


def test_columns_are_given_by_name_or_number(tmp_path: Path) -> None:
    lines = ["title,body,a,b", *(f"T{i},{quoted(t)},{c},{i % 2}" for i, (t, c) in enumerate(ROWS))]
    path = write(tmp_path / "rows.csv", lines)
    by_name = LabelOptions(text=("title", "body"), labels=("b",))
    by_number = LabelOptions(text=(column_of("0"), 1), labels=(column_of("-1"),))
    expected = [(f"T{i} {t}", str(i % 2)) for i, (t, _) in enumerate(ROWS)]
    assert pairs(load_labeled_texts(path, by_name)) == expected
    numbered = load_labeled_texts(path, by_number)
    assert pairs(numbered)[-len(expected) :] == expected
    with pytest.raises(SettingsError, match="no column 'x'.*'title', 'body'"):
        load_labeled_texts(path, LabelOptions(text=("x",)))
    with pytest.raises(SettingsError, match="no column 7.*have 4"):
        load_labeled_texts(path, LabelOptions(labels=(7,)))


def test_broken_rows_are_dropped_and_named(tmp_path: Path) -> None:
    lines = ["text\tlabel", *(f"{t}\t{c}" for t, c in ROWS)]
    lines[3:3] = ["one field", "\tgood", "text without a label\t"]
    path = write(tmp_path / "rows.tsv", lines)
    path.write_bytes(path.read_bytes() + b"M\xfcnchen\tbad\n")
    file = load_labeled_texts(path)
    assert pairs(file) == ROWS
    assert {reason: list(rows) for reason, rows in file.dropped.items()} == {
        "wrong number of fields": [4],
        "no text": [5],
        "no label": [6],
        "not text in UTF-8, or longer than a megabyte": [10],
    }
    assert f"{path}:4: wrong number of fields; row dropped" in file.warnings()
    assert load_labeled_texts(path, encoding="latin-1").texts[-1].text == "München"


def test_a_record_of_several_lines_and_one_that_never_closes(tmp_path: Path) -> None:
    text = 'first line\n\nsecond, with a "quote"'
    lines = ["text,label", f"{quoted(text)},good", '"never closed,bad', "plain,good", "more,bad"]
    file = load_labeled_texts(write(tmp_path / "rows.csv", lines))
    assert pairs(file) == [(text, "good"), ("plain", "good"), ("more", "bad")]
    assert {reason: list(rows) for reason, rows in file.dropped.items()} == {
        "quotes that do not close": [5]
    }
    assert [row.line for row in file.texts] == [2, 6, 7]


def test_trec_is_latin_1_with_coarse_or_fine_classes(tmp_path: Path) -> None:
    lines = ["LOC:city Where is Málaga ?", "HUM:ind Who wrote it ?", "NUM:date When ?"] * 4
    path = write(tmp_path / "trec.label", [*lines, "no class here"], "latin-1")
    coarse = load_labeled_texts(path)
    assert pairs(coarse)[:2] == [("Where is Málaga ?", "LOC"), ("Who wrote it ?", "HUM")]
    assert list(coarse.dropped.values()) == [[13]]
    assert load_labeled_texts(path, LabelOptions(fine=True)).classes == [
        "HUM:ind", "LOC:city", "NUM:date"
    ]  # fmt: skip


@pytest.mark.parametrize("inside", ["train", "", "validation"])
def test_a_folder_per_class(tmp_path: Path, inside: str) -> None:
    for i, (text, label) in enumerate(ROWS):
        folder = tmp_path / "data" / inside / label
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{i}.txt").write_text(text + "\n", encoding="utf-8")
    unlabeled = tmp_path / "data" / inside / "unsup"
    unlabeled.mkdir()
    (unlabeled / "0.txt").write_text("no label")
    (tmp_path / "data" / inside / "bad" / "broken.txt").write_bytes(b"\xff\xfe\xff")
    file = load_labeled_texts(tmp_path / "data", split="dev" if inside == "validation" else "train")
    assert sorted(pairs(file)) == sorted(ROWS)
    assert file.dropped_files == {"not text in UTF-8": ["bad/broken.txt"]}
    assert "bad/broken.txt" in file.warnings()[0]
    assert len(load_labeled_texts(tmp_path / "data" / inside, limit=2).classes) == 2


def test_several_labels_by_a_separator_a_list_or_columns(tmp_path: Path) -> None:
    labels: list[list[str]] = [["a", "b"], [], ["b"], ["a"], ["a", "c"]]
    texts = [text for text, _ in ROWS]
    one = write(tmp_path / "a.tsv", ["text\tlabels", *(
        f"{t}\t{'|'.join(c)}" for t, c in zip(texts, labels, strict=True)
    )])  # fmt: skip
    lists = write(tmp_path / "a.jsonl", [
        json.dumps({"text": t, "labels": c}) for t, c in zip(texts, labels, strict=True)
    ])  # fmt: skip
    columns = write(tmp_path / "a.csv", ["text,a,b,c", *(
        f"{quoted(t)},{','.join(str(int(n in c)) for n in 'abc')}"
        for t, c in zip(texts, labels, strict=True)
    )])  # fmt: skip
    options = LabelOptions(separator="|")
    for path, chosen in (
        (one, options), (lists, options), (columns, LabelOptions(labels=("a", "b", "c")))
    ):  # fmt: skip
        assert [list(row.labels) for row in load_labeled_texts(path, chosen).texts] == labels
    file = load_labeled_texts(lists)
    assert len(file) == 2  # those with exactly one label
    assert "several labels, expected one" in "".join(file.warnings())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"only one word a line\nand another\n", "no known form"),
        (b"text\tlabel\n\tx\n\ty\n", "no text is left"),
        (b"a\x00b" * 40, "binary"),
        ((b"a\t" * 2000 + b"b\n") * 3, "no known form"),  # a pattern of so many fields is slow
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(DataError, match=words):
        load_labeled_texts(path)
    (tmp_path / "folder" / "one").mkdir(parents=True)
    with pytest.raises(DataError, match="folder per class"):
        load_labeled_texts(tmp_path / "folder")


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "rows", "classes"),
    [
        ("sst2/train.tsv", 60_614, 2),
        ("sst2/dev.tsv", 6_735, 2),
        ("trec/train_5500.label", 5_452, 6),
    ],
)
def test_real_files(data_dir: Path, name: str, rows: int, classes: int) -> None:
    file = load_labeled_texts(data_dir / name)
    assert (len(file), len(file.classes), file.warnings()) == (rows, classes, [])
