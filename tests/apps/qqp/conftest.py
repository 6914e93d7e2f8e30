"""What the tests of the QQP app share: the program with a small model, and files of rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from programs import Program

Row = tuple[int, str, str]
SMALL = ("--width", 8, "--hidden", 16, "--heads", 2, "--layers", 1, "--warmup", 5)


@pytest.fixture
def qqp(program: Callable[..., Program]) -> Program:
    """apps/train_qqp.py in an empty folder, with a small model."""
    return program("qqp", *SMALL)


@pytest.fixture
def predict(program: Callable[..., Program]) -> Callable[[Path, str], list[str]]:
    """Answers lines with a run."""

    def call(run: Path, lines: str) -> list[str]:
        done = program("qqp")("--predict", "--out", run, stdin=lines)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return call


@pytest.fixture
def write_rows(tmp_path: Path) -> Callable[[str, list[Row]], Path]:
    """Writes (label, question1, question2) rows in the format without a header."""

    def write(name: str, rows: list[Row]) -> Path:
        lines = [f"{label}\t{q1}\t{q2}\t{i}" for i, (label, q1, q2) in enumerate(rows)]
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write
