"""What the tests of the apps share: small files of question pairs, and running a program."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Completed = subprocess.CompletedProcess[str]


@pytest.fixture(scope="session", autouse=True)
def _programs_find_the_apps() -> Iterator[None]:
    """Processes that the tests start import `pmt_apps`, wherever they run."""
    before = os.environ.get("PYTHONPATH")
    apps = str(Path(__file__).resolve().parents[2] / "apps")
    os.environ["PYTHONPATH"] = os.pathsep.join([apps, before] if before else [apps])
    yield
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


_TOPICS = ["swim", "cook rice", "learn Python", "save money", "sleep well", "play chess", "run"]


@pytest.fixture
def pairs_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of the public form with `rows` pairs, half of them duplicates."""

    def write(name: str = "pairs.tsv", rows: int = 120, broken: str | None = None) -> Path:
        lines = ["id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate"]
        for i in range(rows):
            first, second = _TOPICS[i % 7], _TOPICS[(i // 2) % 7] if i % 2 else _TOPICS[i % 7]
            label = int(first == second)
            lines.append(
                f"{i}\t{2 * i}\t{2 * i + 1}\tHow do I {first} in {i} days?\t"
                f"What is the way to {second} within {i} days?\t{label}"
            )
        if broken is not None:
            lines.insert(rows // 2, broken)
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def write_rows(tmp_path: Path) -> Callable[..., Path]:
    """Writes (label, question1, question2) rows in the form without a header."""

    def write(name: str, rows: list[tuple[int, str, str]]) -> Path:
        lines = [f"{label}\t{q1}\t{q2}\t{i}" for i, (label, q1, q2) in enumerate(rows)]
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def qqp(root: Path, tmp_path: Path) -> Callable[..., Completed]:
    """Runs apps/train_qqp.py in an empty folder, with a small model unless told otherwise."""

    def run(*arguments: object, small: bool = True, stdin: str = "") -> Completed:
        return subprocess.run(
            command(root, *arguments, small=small),
            input=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=180,
            env={**os.environ, "PYTHONUTF8": "1"},
        )

    return run


def command(root: Path, *arguments: object, small: bool) -> list[str]:
    sizes = ["--width", "8", "--hidden", "16", "--heads", "2", "--layers", "1", "--warmup", "5"]
    if "--preset" not in arguments:
        sizes += ["--preset", "plain"]
    return [
        sys.executable,
        str(root / "apps" / "train_qqp.py"),
        *map(str, arguments),
        *(sizes if small else []),
    ]
