"""The loader of question pairs, on small files that hold every form and every kind of damage."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from pmt_core import DataError, FileProblem, SettingsError
from pmt_text import QqpFile, QuestionPair, load_qqp

HEADER = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"
GOOD = "0\t1\t2\tWhy is the sky blue?\tWhat makes the sky blue?\t1\n"


@pytest.fixture
def load(tmp_path: Path):
    def write_and_load(content: str | bytes, limit: int | None = None) -> QqpFile:
        path = tmp_path / "pairs.any"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return load_qqp(path, limit=limit)

    return write_and_load


def _questions(file: QqpFile) -> list[tuple[str, str, int | None]]:
    return [(pair.question1, pair.question2, pair.label) for pair in file.pairs]


# --- forms ---


def test_public_tsv(load) -> None:
    content = HEADER + GOOD + '1\t3\t4\t"Is ""has"" a verb?"\tIs it?\t0\n'
    file = load(content)
    assert file.format == "public TSV"
    assert file.pairs == [
        QuestionPair("Why is the sky blue?", "What makes the sky blue?", 1, "1", "2", 2),
        QuestionPair('Is "has" a verb?', "Is it?", 0, "3", "4", 3),
    ]
    assert (file.rows, len(file), file.dropped, file.warnings()) == (2, 2, {}, [])
    assert file.sha256 == hashlib.sha256(content.encode()).hexdigest()


def test_a_field_quoted_twice(load) -> None:
    file = load(HEADER + '1\t3\t4\t"""Is """"has"""" a verb?"""\t"""Quoted"""\t0\n')
    assert _questions(file) == [('Is "has" a verb?', '"Quoted"', 0)]


def test_a_quoted_field_may_hold_tabs_and_line_ends(load) -> None:
    rows = '1\t3\t4\t"One\tline\nor two?\n\nOr ""four""?"\tWhat?\t0\n' + GOOD
    file = load(HEADER + rows)
    assert _questions(file)[0] == ('One\tline\nor two?\n\nOr "four"?', "What?", 0)
    assert [pair.line for pair in file.pairs] == [2, 6]
    assert file.rows == 2


def test_kaggle_csv(load) -> None:
    file = load(
        '"id","qid1","qid2","question1","question2","is_duplicate"\r\n'
        '"0","1","2","What, then, is ""it""?","Who?","0"\r\n'
        "1,3,4,Why?,Why not?,1\r\n"
        '"2","5","6","Two\r\nlines?","Who?","1"\r\n'
    )
    assert file.format == "Kaggle CSV"
    assert _questions(file) == [
        ('What, then, is "it"?', "Who?", 0),
        ("Why?", "Why not?", 1),
        ("Two\nlines?", "Who?", 1),
    ]
    assert file.pairs[0].id2 == "2"


def test_kaggle_test_csv(load) -> None:
    file = load('test_id,question1,question2\n0,"How, then?",Why?\n1,A?,B?\n')
    assert file.format == "Kaggle test CSV"
    assert _questions(file) == [("How, then?", "Why?", None), ("A?", "B?", None)]


def test_glue_takes_quotes_as_they_stand(load) -> None:
    rows = [
        '7\t1\t2\tWhat does "I" mean?\tWhat is "I"?\t1\n',
        '8\t3\t4\t"Why is this so?\tWhat is a 5" pipe\t0\n',
        '9\t5\t6\t"Yes" or "no"?\tWhich?\t0\n',
    ]
    file = load(HEADER + "".join(rows))
    assert file.format == "GLUE TSV"
    assert _questions(file) == [
        ('What does "I" mean?', 'What is "I"?', 1),
        ('"Why is this so?', 'What is a 5" pipe', 0),
        ('"Yes" or "no"?', "Which?", 0),
    ]


def test_glue_test(load) -> None:
    file = load('id\tquestion1\tquestion2\n0\tWhat is "x"?\t"Why\n1\tA\tB\n')
    assert file.format == "GLUE test TSV"
    assert _questions(file) == [('What is "x"?', '"Why', None), ("A", "B", None)]


def test_bimpm(load) -> None:
    file = load("1\tDo n't `` go '' ?\tWhy ?\t77\n0\tA \" stray\tB\t78\n")
    assert file.format == "BiMPM"
    assert _questions(file) == [("Do n't `` go '' ?", "Why ?", 1), ('A " stray', "B", 0)]
    assert file.pairs[0].line == 1
    assert file.pairs[0].id1 is None


def test_bimpm_with_a_broken_first_line(load) -> None:
    file = load("broken\n" + "1\tA\tB\t7\n" * 3)
    assert len(file) == 3
    assert file.dropped == {"missing or extra field": [1]}


def test_public_tsv_that_lost_its_header(load) -> None:
    assert load(GOOD * 3).pairs[2].question1 == "Why is the sky blue?"


@pytest.mark.parametrize("change", ["bom", "crlf", "gzip", "no last line end", "blank lines"])
def test_what_does_not_matter(load, change: str) -> None:
    content = (HEADER + GOOD + '1\t3\t4\t"A ""b"""\tC\t0\n').encode()
    changed = {
        "bom": b"\xef\xbb\xbf" + content,
        "crlf": content.replace(b"\n", b"\r\n"),
        "gzip": gzip.compress(content),
        "no last line end": content[:-1],
        "blank lines": content.replace(b"\n", b"\n\n"),
    }[change]
    assert _questions(load(changed)) == _questions(load(content))


def test_columns_are_found_by_their_names(load) -> None:
    file = load("question2,is_duplicate,question1\nB,1,A\n")
    assert _questions(file) == [("A", "B", 1)]


# --- broken rows ---


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"1\t3\t4\tWhy?\t1\n", "missing or extra field"),
        (b"1\t3\t4\tWhy?\tHow?\t1\tmore\n", "missing or extra field"),
        (b"garbage\n", "missing or extra field"),
        (b"1\t3\t4\tWhy?\tHow?\tyes\n", "label is neither 0 nor 1"),
        (b"1\t3\t4\tWhy?\tHow?\t\n", "label is neither 0 nor 1"),
        (b"1\t3\t4\tWhy?\tHow?\t2\n", "label is neither 0 nor 1"),
        (b"1\t3\t4\tWhy \xff\xfe?\tHow?\t1\n", "not text in UTF-8, or longer than a megabyte"),
        (b'1\t3\t4\t"Why?\tHow?\t1\n', "unclosed quote"),
        (b'1\t3\t4\tWhy?\t"How?\t1\n', "unclosed quote"),
        (b'1\t3\t4\t"Why?\t1\n', "unclosed quote"),
        (b'1\t3\t4\t"Why?\tWhat is "love"?\t1\n', "unclosed quote"),
        (b"1\t3\t4\t\tHow?\t1\n", "empty question"),
        (b'1\t3\t4\tWhy?\t"  "\t1\n', "empty question"),
        (b'1\t3\t4\t"Why? ""\tHow?\t1\n', "unclosed quote"),
    ],
)
@pytest.mark.parametrize("after", [GOOD, '9\t8\t7\t"Is ""a"" b?"\t"Is ""c"" d?"\t0\n', ""])
def test_a_broken_row_is_dropped_alone(load, row: bytes, reason: str, after: str) -> None:
    wrapped = '9\t8\t7\t"Is ""x"" y?"\tNo\t0\n'
    content = (HEADER + GOOD + wrapped).encode() + row + (after * 3).encode()
    file = load(content)
    assert file.dropped == {reason: [4]}
    assert len(file) == 2 + content[content.index(row) + len(row) :].count(b"\n")
    assert file.rows == len(file) + 1
    (warning,) = file.warnings()
    value = row.strip(b"\n").split(b"\t")[-1].decode("utf-8", "replace")
    named = f" (the first one is {value!r})" if reason.startswith("label") else ""
    assert warning == f"{file.path}:4: {reason}{named}; row dropped"


@pytest.mark.parametrize("row", ['"1","3","4","Why?,"How?","1"\n', '"1","3","4","Why?\n'])
def test_a_broken_row_of_a_csv_is_dropped_alone(load, row: str) -> None:
    head = "id,qid1,qid2,question1,question2,is_duplicate\n"
    good = '"0","1","2","A, b?","C?","0"\n'
    file = load(head + good + row + good)
    assert [pair.line for pair in file.pairs] == [2, 4]
    assert file.dropped == {"unclosed quote": [3]}


def test_a_quote_that_stays_open_does_not_swallow_the_file(load) -> None:
    rows = "".join(f'{i}\t1\t2\t"Open {i}\n' for i in range(100))
    file = load(HEADER + '0\t1\t2\t"A ""b"""\tC\t1\n' + rows + GOOD * 5)
    assert len(file) == 6
    assert file.dropped == {"unclosed quote": list(range(3, 103))}


def test_warnings_name_ten_lines_and_count_the_rest(load) -> None:
    file = load(HEADER + GOOD + "1\t3\t4\tWhy?\tHow?\t7\n" * 13 + "x\n")
    assert file.warnings() == [
        f"{file.path}:3: label is neither 0 nor 1 (the first one is '7'); 13 rows dropped, "
        "on lines 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 3 more",
        f"{file.path}:16: missing or extra field; row dropped",
    ]


def test_limit(load) -> None:
    content = HEADER + GOOD + "broken\n" + GOOD * 5
    file = load(content, limit=2)
    assert (len(file), file.rows) == (2, 3)
    assert file.sha256 == load(content).sha256
    with pytest.raises(SettingsError, match="limit"):
        load(content, limit=0)


# --- files that are not usable ---


def test_no_row_left_names_forms_and_reasons(load) -> None:
    with pytest.raises(DataError, match="all 2 rows are broken") as caught:
        load(HEADER + "x\n1\t3\t4\tWhy?\tHow?\t7\n")
    for part in (
        "missing or extra field",
        "label is neither",
        "BiMPM",
        "Kaggle CSV",
        "pairs.any:2",
    ):
        assert part in str(caught.value)


def test_header_alone(load) -> None:
    with pytest.raises(DataError, match="no row below it"):
        load(HEADER)


@pytest.mark.parametrize(
    "content",
    [
        "Just some prose.\nMore of it.\n",
        "a,b,c\n1,2,3\n",
        "1 A B 7\n",
        "{}",
        b"\xff\n\xff\n",
    ],
)
def test_no_known_form(load, content: str | bytes) -> None:
    with pytest.raises(DataError, match="no known format") as caught:
        load(content)
    assert "question1" in str(caught.value)


@pytest.mark.parametrize("content", ["\n\n   \n\n", "\r\n\r\n", " ", "\ufeff\n", "\n" * 5000])
def test_blank_lines_only(load, content: str) -> None:
    with pytest.raises(DataError, match="is empty: it has nothing but blank lines"):
        load(content)


def test_rows_after_many_blank_lines(load) -> None:
    assert [pair.line for pair in load("\n" * 5000 + HEADER + GOOD).pairs] == [5002]


@pytest.mark.parametrize(
    ("no", "yes"), [("0.0", "1.0"), ("False", "True"), ("false", "TRUE"), (" 0", "1 ")]
)
@pytest.mark.parametrize("header", [True, False])
def test_labels_as_others_write_them(load, no: str, yes: str, header: bool) -> None:
    rows = [f"{i}\t{i}\t9\tWhy {i}?\tHow?\t{(no, yes)[i % 2]}\n" for i in range(4)]
    file = load((HEADER if header else "") + "".join(rows))
    assert [pair.label for pair in file.pairs] == [0, 1, 0, 1]
    bimpm = load(f"{yes}\tA\tB\t7\n{no}\tC\tD\t8\n")
    assert (bimpm.format, [pair.label for pair in bimpm.pairs]) == ("BiMPM", [1, 0])
    csv = load(f"id,question1,question2,is_duplicate\n1,A,B,{yes}\n2,C,D,{no}\n")
    assert [pair.label for pair in csv.pairs] == [1, 0]


@pytest.mark.parametrize("label", ["2", "", "nan", "yes", "0.5", "-1", "10", "1.5"])
def test_the_first_wrong_label_is_shown(load, label: str) -> None:
    file = load(HEADER + GOOD + f"1\t3\t4\tWhy?\tHow?\t{label}\n1\t3\t4\tA\tB\tother\n")
    assert file.wrong_label == label
    assert f"neither 0 nor 1 (the first one is {label!r}); 2 rows" in file.warnings()[0]
    with pytest.raises(DataError, match=f"all 1 rows are broken(.|\n)*{label!r}"):
        load(HEADER + f"1\t3\t4\tWhy?\tHow?\t{label}\n")


def test_cr_line_ends_are_named(load) -> None:
    with pytest.raises(DataError, match="CR line ends"):
        load((HEADER + GOOD).replace("\n", "\r"))


def test_missing_folder_empty_binary(tmp_path: Path, load) -> None:
    with pytest.raises(FileProblem, match="does not exist"):
        load_qqp(tmp_path / "gone.tsv")
    with pytest.raises(FileProblem, match="directory"):
        load_qqp(tmp_path)
    with pytest.raises(DataError, match="empty"):
        load("")
    with pytest.raises(DataError, match="binary"):
        load(b"\x00\x01\x02")
