"""`pmt embed`: JSON lines and an array of the vectors of an encoder."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny_encoder import write_tiny_encoder

from pmt_apps import Encoder
from pmt_apps.console import main

TEXTS = ["how do i swim?", "", "what is a good city in the unable film", "the\tfilm"]


@pytest.fixture
def embed(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Runs `pmt embed` on texts; returns exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*options: str, texts: list[str]) -> tuple[int, str, str]:
        content = "".join(f"{text}\n" for text in texts).encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        code = main(["embed", *options])
        return code, *capfd.readouterr()

    return run


def test_lines_hold_the_vectors_to_the_bit(embed: Callable, tmp_path: Path) -> None:
    folder = write_tiny_encoder(tmp_path)
    code, out, err = embed("--encoder", str(folder), texts=TEXTS)
    assert (code, err) == (0, "")
    answers = [json.loads(line) for line in out.splitlines()]
    assert [answer["text"] for answer in answers] == TEXTS
    vectors = np.array([answer["vector"] for answer in answers], np.float32)
    assert vectors.tobytes() == Encoder.load(folder).embed(TEXTS).tobytes()


def test_an_array_holds_them_too(embed: Callable, tmp_path: Path) -> None:
    folder = write_tiny_encoder(tmp_path)
    options = ("--encoder", str(folder), "--out", "vectors.npy", "--batch-size", "2")
    code, out, _ = embed(*options, texts=TEXTS)
    assert (code, out) == (0, "vectors.npy: 4 vectors of 16\n")
    vectors = np.load("vectors.npy", allow_pickle=False)
    assert vectors.dtype == np.float32
    assert vectors == pytest.approx(Encoder.load(folder).embed(TEXTS), abs=1e-6)
    assert embed(*options, texts=[])[0] == 0
    assert np.load("vectors.npy", allow_pickle=False).shape == (0, 16)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ([], "the following arguments are required: --encoder; pmt embed --help lists all"),
        (["--encoder", "nowhere"], "nowhere is no folder"),
        (["--encoder", ".", "--batch-size", "0"], "--batch-size is 1 or more, got 0"),
        (["--encoder", ".", "--out", "a.txt"], "--out is a file that ends in .npy, got 'a.txt'"),
        (["--encoder", ".", "--oui", "a.txt"], "there is no option --oui; did you mean --out?"),
    ],
)
def test_what_is_wrong_is_one_line(embed: Callable, options: list[str], error: str) -> None:
    code, out, err = embed(*options, texts=TEXTS)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {error}")
    assert err.count("\n") == 1
