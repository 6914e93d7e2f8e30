"""Rows that are read by the block, beside rows that are read one at a time."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from pmt_text import load_qqp
from pmt_text.qqp import row_reader
from pmt_text.qqp.formats import QuestionPair, pairs_of_columns

ROWS = [
    "1\t3\t4\tWhy?\tHow?\t1",
    "2\t3\t4\t Why? \tHow ?\t0",
    "2\t \t\tWhy?\tHow?\t0",
    "",
    "   ",
    '3\t3\t4\t"Is ""a"" b?"\tHow?\t1',
    '4\t3\t4\t"Two',
    'lines?"\tHow?\t1',
    '5\t3\t4\t"Open\tHow?\t1',
    "6\t3\t4\tWhy?\tHow?\t1.0",
    "7\t3\t4\tWhy?\tHow?\t TRUE",
    "8\t3\t4\tWhy?\tHow?\t2",
    "9\t3\t4\tWhy?\t1",
    "1\t3\t4\tWhy?\tHow?\t1\t1",
    "1\t3\t4\t \tHow?\t1",
    "1\t3\t4\tWhy?\tÿ\t1",
    "1\t3\t4\tWhy?\tHow?\tquestion1",
]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("block", [64, 1 << 18])
def test_blocks_and_single_rows_are_read_alike(
    seed: int, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pmt_text.files.text_lines._BLOCK", block)
    rng = random.Random(seed)
    rows = [rng.choice(ROWS) for _ in range(300)]
    ends = ["\n", "\r\n"] if seed % 2 else ["\n"]
    header = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate"
    text = "".join(row + rng.choice(ends) for row in ["", header, ROWS[5], *rows])
    path = tmp_path / "pairs.tsv"
    path.write_bytes(text.encode("latin-1"))
    by_block = load_qqp(path)
    monkeypatch.setattr(row_reader, "plain_pairs", lambda lines, *_: [None] * len(lines))
    assert load_qqp(path) == by_block
    limited = load_qqp(path, limit=20)
    monkeypatch.undo()
    assert load_qqp(path, limit=20) == limited


def test_most_rows_are_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("".join(f"{i % 2}\tWhy {i}?\tHow {i}?\t{i}\n" for i in range(50)))
    monkeypatch.setattr(row_reader.RowReader, "_exact", None)  # which would raise
    assert [pair.line for pair in load_qqp(path).pairs] == list(range(1, 51))


def test_pairs_of_columns() -> None:
    columns = (["a", "b"], ["c", "d"], [1, None], [None, "7"], ["8", None], [3, 4])
    expected = [QuestionPair(*row) for row in zip(*columns, strict=True)]
    assert pairs_of_columns(*columns) == expected
