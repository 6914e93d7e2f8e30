from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable

import pytest
from processor_time import growth

from pmt_text.files.csv_record import QuotedRecord, unwrap


@pytest.mark.parametrize("separator", [",", "\t"])
def test_what_csv_writes_is_read_back(separator: str) -> None:
    """Against the standard library's writer, on fields made of all that matters."""
    rng = random.Random(1)
    record = QuotedRecord(separator, 4)
    for _ in range(3000):
        fields = ["".join(rng.choices('ab", \t\n', k=rng.randint(0, 6))) for _ in range(4)]
        out = io.StringIO()
        csv.writer(out, delimiter=separator, lineterminator="\n").writerow(fields)
        text = out.getvalue()[:-1]
        assert record.fields(text) == fields
        assert not record.is_open(text)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("a,b,c", ["a", "b", "c"]),
        (",,", ["", "", ""]),
        ('"",x,""', ["", "x", ""]),
        ('a "b" c,d,e', ['a "b" c', "d", "e"]),
        ("a,b", None),
        ("a,b,c,d", None),
        ('"a"b,c,d', None),
        ('a,"b,c', None),
        ("a,b,c\n", None),
        ('"a\nb",c,d', ["a\nb", "c", "d"]),
    ],
)
def test_records_of_three_fields(text: str, fields: list[str] | None) -> None:
    assert QuotedRecord(",", 3).fields(text) == fields


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ('a,"b,c', True),
        ('"', True),
        ('a,"b""', True),
        ('a,"b"', False),
        ('a,"b"c', False),
        ("a,b,c", False),
        ('a,b,c,"d', False),
        ('a "b', False),
    ],
)
def test_open_records(text: str, is_open: bool) -> None:
    assert QuotedRecord(",", 3).is_open(text) is is_open


def test_no_text_takes_long() -> None:
    record = QuotedRecord(",", 6)
    for start, part in (('"', '""x'), ('"', "aaa"), ("", ',"a'), ("", '""a')):

        def work(count: int, start: str = start, part: str = part) -> Callable[[], object]:
            text = start + part * count
            return lambda: (record.fields(text), record.is_open(text))

        assert growth(work) < 6, part


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"Is ""has"" a verb?"', 'Is "has" a verb?'),
        ('"""what is contract law?"""', '"what is contract law?"'),
        ('"What goes around"', '"What goes around"'),
        ('"Top Gun" or "Rocky"', '"Top Gun" or "Rocky"'),
        ('"a """ b"', '"a """ b"'),
        ("plain", "plain"),
        ('"', '"'),
        ("", ""),
    ],
)
def test_a_second_layer_of_quotes(text: str, expected: str) -> None:
    assert unwrap(text) == expected
