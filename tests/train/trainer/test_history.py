from __future__ import annotations

import gzip
import math
import os
from pathlib import Path

import pytest

from pmt_core import DataError, FileProblem
from pmt_train import History

ROWS = [
    {"epoch": 1, "step": 10, "train_loss": 0.1 + 0.2, "dev_accuracy": 0.5},
    {"epoch": 2, "step": 20, "train_loss": math.nan, "dev_f1": 1 / 3},
]


def test_it_comes_back_to_the_bit(tmp_path):
    path = tmp_path / "history.csv"
    History(rows=ROWS).save(path)
    assert path.read_text().splitlines()[0] == "epoch,step,train_loss,dev_accuracy,dev_f1"
    rows = History.load(path).rows
    assert rows[0] == ROWS[0]
    assert rows[1]["dev_f1"] == 1 / 3
    assert math.isnan(rows[1]["train_loss"])
    assert "dev_accuracy" not in rows[1]
    assert isinstance(rows[0]["epoch"], int)


def test_columns():
    history = History(rows=ROWS)
    assert history.column("dev_accuracy")[0] == 0.5
    assert math.isnan(history.column("dev_accuracy")[1])
    assert History().columns == []
    assert History(examples=10, training_seconds=4).examples_per_second == 2.5
    assert History().examples_per_second == 0


def test_errors_name_the_line(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("epoch,loss\n1,0.5\n2\n")
    with pytest.raises(DataError, match=r"history.csv:3: expected 2 cells, got 1"):
        History.load(path)
    path.write_text("epoch,loss\n1,x\n")
    with pytest.raises(DataError, match=r"history.csv:2: column loss"):
        History.load(path)
    with pytest.raises(FileProblem):
        History.load(tmp_path / "none.csv")


def test_what_is_no_history_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/zero", tmp_path, tmp_path / "pipe"):
        with pytest.raises(FileProblem, match="cannot read"):
            History.load(path)
    path = tmp_path / "history.csv"
    for content in (
        b"epoch,\xff\n1,2\n",
        b"epoch\n" + b'"' + b"x" * 200_000,
        gzip.compress(b"a")[:9],
    ):
        path.write_bytes(content)
        with pytest.raises(DataError, match="history.csv"):
            History.load(path)
    path.write_bytes(gzip.compress(b"epoch\n1\n" + b"\n" * (50 << 20)))
    with pytest.raises(DataError, match="expands to more than"):
        History.load(path)


def test_a_file_of_millions_of_rows_is_refused(tmp_path: Path) -> None:
    """A row takes 200 bytes, and 2 in the file."""
    path = tmp_path / "history.csv"
    path.write_text("epoch\n" + "1\n" * 400_001)
    with pytest.raises(DataError, match="more than 400,000 rows"):
        History.load(path)
