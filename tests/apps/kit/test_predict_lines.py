from __future__ import annotations

import io
import json
import math
import os
import threading

import pytest

from pmt_apps.kit.predict_jsonl import answer_pieces, predict_jsonl, predict_line_by_line
from pmt_core import DataError, StateError


def echo(examples):
    return [{"n": len(examples), "texts": list(example)} for example in examples]


def run(content: bytes, fields=("a", "b"), answer=echo, **kwargs):
    target = io.BytesIO()
    n = predict_jsonl(answer, fields, source=io.BytesIO(content), target=target, **kwargs)
    return n, [json.loads(line) for line in target.getvalue().splitlines()]


def test_order_batches_and_line_ends():
    n, answers = run(b"1\tx\r\n2\ty\n3\tz\n4\t\n5\tlast", batch_size=2)
    assert n == 5
    assert [a["texts"] for a in answers] == [
        ["1", "x"],
        ["2", "y"],
        ["3", "z"],
        ["4", ""],
        ["5", "last"],
    ]
    assert [a["n"] for a in answers] == [2, 2, 2, 2, 1]
    assert run(b"") == (0, [])


def test_any_text_comes_through():
    text = 'Größe \u2028 日本 \U0001f600 \x85 "quoted" \\ '
    _, answers = run(f"\ufeff{text}\n".encode(), ("text",))
    assert answers[0]["texts"] == [text]  # and a byte order mark is no part of it


def test_a_single_text_may_hold_tabs_and_where_wanted_nothing():
    _, answers = run(b"a\tb\n\n \nc", ("text",), empty=True)
    assert [a["texts"] for a in answers] == [["a\tb"], [""], [" "], ["c"]]
    with pytest.raises(DataError, match="line 2: expected 1 text .*, got an empty line"):
        run(b"a\n\nc", ("text",))


@pytest.mark.parametrize("content", [b"1\t2\r3\t4\r", b"1\t2\r3\t4", b"1\t2\n3\t4\r5\t6\n"])
def test_cr_line_ends_are_named(content):
    with pytest.raises(DataError, match=r"line [12]: has CR line ends"):
        run(content)
    with pytest.raises(DataError, match=r"line [12]: has CR line ends"):
        run(content, ("text",))


class Endless(io.RawIOBase):
    """The same bytes without end, as of /dev/zero."""

    def __init__(self, data: bytes) -> None:
        self.data, self.count = data, 0

    def readable(self):
        return True

    def read(self, size=-1):
        assert size > 0
        assert self.count < 100
        self.count += 1
        return (self.data * size)[:size]


def test_a_line_without_end_is_refused_soon():
    for data in (b"\0", b"x y\t"):
        with pytest.raises(DataError, match="line 1: expected a line of less than 1,048,576 bytes"):
            predict_jsonl(echo, ("a", "b"), source=Endless(data), target=io.BytesIO())


def test_a_line_longer_than_what_is_read_at_once():
    long = "x" * 200_000
    _, answers = run(f"{long}\t1\n{long}\t2".encode())
    assert [a["texts"] for a in answers] == [[long, "1"], [long, "2"]]


@pytest.mark.parametrize(
    ("content", "parts", "answered"),
    [
        (b"1\t2\n1\n3\t4\n", ["line 2", r"expected 2 texts (a<Tab>b)", "got 1"], 1),
        (b"1\t2\n1\t2\t3\n", ["line 2", "got 3"], 1),
        (b"1\t2\n1\t2\n\n", ["line 3", "an empty line"], 2),
        (b"1\t\xff\n", ["line 1", "byte 3", "0xff", "not UTF-8", "iconv"], 0),
    ],
)
def test_a_bad_line_is_named_and_those_before_it_are_answered(content, parts, answered):
    target = io.BytesIO()
    with pytest.raises(DataError) as caught:
        predict_jsonl(echo, ("a", "b"), source=io.BytesIO(content), target=target)
    for part in parts:
        assert part in str(caught.value)
    assert len(target.getvalue().splitlines()) == answered


def test_line_by_line_an_error_names_its_line(monkeypatch, capfdbinary):
    def answer(number, text):
        if text == "bad":
            raise DataError("expected a good line")
        return {"number": number, "text": text}

    stdin = io.TextIOWrapper(io.BytesIO(b"good\nfine\nbad\nlost\n"))
    monkeypatch.setattr("sys.stdin", stdin)
    with pytest.raises(DataError, match="standard input, line 3: expected a good line"):
        predict_line_by_line(answer, "text")
    answers = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert answers == [{"number": 1, "text": "good"}, {"number": 2, "text": "fine"}]


def test_lines_are_answered_as_they_come():
    """One line at a time through a pipe: no waiting for a batch to fill."""
    (out, source), (answers, target) = os.pipe(), os.pipe()
    with os.fdopen(out, "rb") as reads, os.fdopen(target, "wb") as writes:
        thread = threading.Thread(
            target=predict_jsonl, args=(echo, ("a",)), kwargs={"source": reads, "target": writes}
        )
        thread.start()
        with os.fdopen(answers, "rb") as lines, os.fdopen(source, "wb", buffering=0) as words:
            for word in ("first", "second"):
                words.write(word.encode() + b"\n")
                assert json.loads(lines.readline())["texts"] == [word]
            words.write(b"th")
            words.write(b"ird\n")
            assert json.loads(lines.readline())["texts"] == ["third"]
        thread.join(600)
        assert not thread.is_alive()


def test_an_answer_for_every_example():
    with pytest.raises(StateError, match="2 examples got 1 answers"):
        run(b"1\n2\n", ("a",), lambda examples: [{}])


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_an_answer_that_is_not_finite_is_no_json_and_names_its_line(bad):
    def answer(examples):
        return [{"text": a, "best": {"scores": [0.5, bad if a == "3" else 1]}} for a, _ in examples]

    target = io.BytesIO()
    content = io.BytesIO(b"1\tx\n2\tx\n3\tx\n4\tx\n")
    with pytest.raises(DataError, match=rf"line 3: .*not finite \(best\[scores\]\[1\] is {bad}\)"):
        predict_jsonl(answer, ("a", "b"), source=content, target=target, batch_size=4)
    answered = [json.loads(line)["text"] for line in target.getvalue().splitlines()]
    assert answered == ["1", "2"]


def test_an_error_of_one_answer_names_its_line():
    def answer(examples):
        for a, _ in examples:
            if a == "2":
                raise DataError("it has no words")
            yield {"text": a}

    target = io.BytesIO()
    with pytest.raises(DataError, match="standard input, line 2: it has no words"):
        predict_jsonl(answer, ("a", "b"), source=io.BytesIO(b"1\tx\n2\tx\n"), target=target)
    assert json.loads(target.getvalue()) == {"text": "1"}


@pytest.mark.parametrize("n", [0, 3, 1024, 1025, 5000])
def test_a_long_answer_is_the_same_json_in_pieces(n: int) -> None:
    words = [["wörd", i, {"score": i / 8}] for i in range(n)]
    answer = {"text": 'a "b"\ud800', "words": words, "rest": {"tags": ["O"] * n, "none": None}}
    pieces = list(answer_pieces(answer))
    expected = json.dumps(answer, ensure_ascii=False).encode("utf-8", "backslashreplace")
    assert b"".join(pieces) == expected
    assert b"".join(answer_pieces({})) == b"{}"


def test_the_number_that_is_not_finite_is_named_in_a_long_answer() -> None:
    with pytest.raises(DataError, match=r"words\[3000\]\[score\] is nan"):
        list(answer_pieces({"words": [{"score": 1.0}] * 3000 + [{"score": math.nan}]}))
