"""What is compared of two runs, and what is not: times, memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from campaigns.kills.compare import damaged_files, differences, incomplete, unfinished_files
from pmt_core import load_archive, save_archive

ROW = "epoch,seconds,train_loss\n1,{seconds},{loss}\n"


def write_run(folder: Path, *, seconds: float = 1.5) -> Path:
    folder.mkdir()
    save_archive(folder / "model.npz", {"w": np.arange(3.0)}, {"seconds": seconds, "words": ["a"]})
    (folder / "history.csv").write_text(ROW.format(seconds=seconds, loss=0.5))
    metrics = {"dev": {"accuracy": 0.5}, "peak_rss_mb": seconds, "examples_per_second": seconds}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "report.html").write_text(f"<html>{seconds}</html>\n")
    (folder / "vectors.txt").write_text("a 1")
    return folder


def change_weight(run: Path) -> None:
    arrays, meta = load_archive(run / "model.npz")
    arrays["w"][0] = np.nextafter(0, 1)  # the smallest change there is
    save_archive(run / "model.npz", arrays, meta)


def change_sign_of_zero(run: Path) -> None:
    arrays, meta = load_archive(run / "model.npz")
    arrays["w"][0] = -0.0
    save_archive(run / "model.npz", arrays, meta)


CHANGES: list[tuple[Callable[[Path], object], str]] = [
    (change_weight, "model.npz differs"),
    (change_sign_of_zero, "model.npz differs"),
    (lambda run: (run / "history.csv").write_text(ROW.format(seconds=1, loss=0.6)), "history.csv"),
    (lambda run: (run / "metrics.json").write_text('{"dev": {}}'), "metrics.json differs"),
    (lambda run: (run / "vectors.txt").write_text("a 2"), "vectors.txt differs"),
    (lambda run: (run / "vectors.txt").unlink(), "vectors.txt is missing"),
    (lambda run: (run / ".model.npz.1-0.tmp").write_text(""), ".model.npz.1-0.tmp is left"),
    (lambda run: (run / "model.npz").write_bytes(b"PK"), "model.npz is damaged"),
]


def test_times_and_memory_may_differ(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / str(seconds), seconds=seconds) for seconds in (1.5, 2.5)]
    assert not list(differences(*runs))
    assert not list(incomplete(*runs))
    assert not list(damaged_files(runs[0]))
    assert unfinished_files(runs[0]) == []


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_a_difference_is_named(
    tmp_path: Path, change: Callable[[Path], object], expected: str
) -> None:
    run, other = write_run(tmp_path / "run"), write_run(tmp_path / "other")
    change(run)
    (difference,) = differences(run, other)
    assert difference.startswith(expected)


def test_runs_of_unequal_bits_have_to_be_complete(tmp_path: Path) -> None:
    run, other = write_run(tmp_path / "run"), write_run(tmp_path / "other")
    change_weight(run)
    assert not list(incomplete(run, other))
    (run / "vectors.txt").unlink()
    (run / "history.csv").write_text("epoch\n1\n2\n")
    assert list(incomplete(run, other)) == [
        "vectors.txt is missing",
        "history.csv has 2 epochs, expected 1",
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.npz", b"PK\x03\x04"),
        ("metrics.json", b'{"dev": '),
        ("history.csv", b"epoch,step\n1\n"),
        ("report.html", b"<html>"),
    ],
)
def test_half_a_file_is_damaged(tmp_path: Path, name: str, content: bytes) -> None:
    run = write_run(tmp_path / "run")
    (run / name).write_bytes(content)
    (run / f".{name}.1-0.tmp").write_bytes(content)  # hidden: not finished, so not damaged
    (problem,) = damaged_files(run)
    assert problem.startswith(name)
    assert unfinished_files(run) == [f".{name}.1-0.tmp"]
