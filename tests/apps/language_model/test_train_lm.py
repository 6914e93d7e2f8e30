"""apps/train_lm.py as a user meets it: what it leaves, what it writes, what it refuses."""

from __future__ import annotations

import csv
import gzip
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pmt_apps.language_model.settings import Settings

Completed = subprocess.CompletedProcess[str]
Run = Callable[..., Completed]

SMALL = (
    "--width", 16, "--heads", 2, "--layers", 1, "--max-length", 16, "--batch-size", 8,
    "--steps", 15, "--epochs", 2, "--workers", 1,
)  # fmt: skip
TEXT = "the cat sat on the mat and the dog sat on the log.\n" * 40


@pytest.fixture
def command(root: Path) -> Callable[..., list[str]]:
    def build(*arguments: object) -> list[str]:
        return [sys.executable, str(root / "apps" / "train_lm.py"), *map(str, arguments)]

    return build


@pytest.fixture
def lm(command: Callable[..., list[str]], tmp_path: Path) -> Run:
    def run(*arguments: object, stdin: str | bytes = "") -> Completed:
        return subprocess.run(
            command(*arguments),
            input=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=180,
            env={**os.environ, "PYTHONUTF8": "1"},
        )

    return run


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def trained(lm: Run, corpus: Path, out: Path, *more: object) -> Completed:
    done = lm("--corpus", corpus, *SMALL, "--out", out, *more)
    assert done.returncode == 0, done.stderr
    return done


def refused(done: Completed, *words: str) -> None:
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize("tokenizer", ["char", "bpe"])
def test_a_run_leaves_all_its_files_and_its_numbers_agree(
    lm: Run, corpus: Path, tmp_path: Path, tokenizer: str
) -> None:
    out = tmp_path / "run"
    done = trained(lm, corpus, out, "--tokenizer", tokenizer, "--merges", 30)
    assert "bits_per_character" in done.stdout
    assert done.stdout.count("    | ") >= 2  # a sample after each epoch
    names = {path.name for path in out.iterdir()}
    assert names >= {"learning.png", "token_loss.png"}
    metrics = json.loads((out / "metrics.json").read_text())
    dev = metrics["splits"]["dev"] if "splits" in metrics else metrics["dev"]
    rows = list(csv.DictReader((out / "history.csv").read_text().splitlines()))
    assert [row["step"] for row in rows] == ["15", "30"]
    best = min(float(row["dev_bits_per_character"]) for row in rows)
    assert dev["bits_per_character"] == pytest.approx(best)
    assert dev["perplexity"] == pytest.approx(math.exp(dev["loss"]))
    if tokenizer == "char":  # a token is a character
        assert dev["bits_per_character"] == pytest.approx(dev["loss"] / math.log(2))


def test_it_learns_a_text_by_heart_and_goes_on_with_it(
    lm: Run, corpus: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    trained(lm, corpus, out, "--width", 32, "--max-length", 48, "--steps", 200, "--lr", 5e-3)
    done = lm("--out", out, "--generate", "the cat sat", "--temperature", 0, "--tokens", 60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("the cat sat on the mat and the dog sat on the log.")
    done = lm(
        "--out", out, "--predict", "--temperature", 0, "--tokens", 8,
        stdin="the dog sat on\nthe cat sat on the mat and the\n",
    )  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [a["prompt"] for a in answers] == ["the dog sat on", "the cat sat on the mat and the"]
    assert [a["continuation"] for a in answers] == [" the log", " dog sat"]


def test_writing_follows_the_seed_and_the_settings(lm: Run, corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    trained(lm, corpus, out, "--tokenizer", "bpe", "--merges", 20)

    def written(*settings: object) -> str:
        done = lm("--out", out, "--generate", "", "--tokens", 80, *settings)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert written() == written()
    assert written() != written("--temperature", 2)
    assert written("--top-k", 1) == written("--temperature", 0) == written("--top-p", 1e-6)


def test_what_it_refuses(lm: Run, corpus: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.txt"
    short.write_text("abcabc")
    refused(lm("--corpus", short, *SMALL), "more text")
    refused(lm("--corpus", corpus, *SMALL, "--heads", 3), "multiple of heads")
    refused(lm("--out", tmp_path / "nothing", "--generate", "x"), "nothing")
    out = tmp_path / "run"
    trained(lm, corpus, out)
    refused(lm("--out", out, "--generate", "the ñ"), "'ñ'")
    refused(lm("--out", out, "--generate", "the", "--top-p", 2), "--top-p")
    refused(lm("--out", out, "--generate", "the", "--width", 64), "--width")
    done = lm("--out", out, "--predict", "--tokens", 2, stdin="the\nÜ\n")
    refused(done, "line 2", "'Ü'")
    assert json.loads(done.stdout)["prompt"] == "the"


def test_a_corpus_with_lines_that_cannot_be_read(lm: Run, tmp_path: Path) -> None:
    path = tmp_path / "mixed.txt.gz"
    path.write_bytes(gzip.compress(TEXT.encode() + b"bad \xff\xfe line\n" + TEXT.encode()))
    done = trained(lm, path, tmp_path / "run")
    assert "mixed.txt.gz:41" in done.stderr


def test_the_preset_is_the_published_setting() -> None:
    settings = Settings(**Settings.defaults({"preset": "nanogpt-cpu"}))
    assert settings.epochs * settings.steps == 2000
    assert (settings.layers, settings.heads, settings.width, settings.max_length) == (4, 4, 128, 64)
    assert (settings.batch_size, settings.dropout, settings.bias) == (12, 0.0, False)
    assert (settings.lr, settings.final_lr, settings.warmup) == (1e-3, 0.1, 100)
    assert (settings.beta2, settings.weight_decay, settings.clip_norm) == (0.99, 0.1, 1.0)


def test_the_sample_is_what_its_program_makes(root: Path, tmp_path: Path) -> None:
    program = (root / "apps/samples/generators/make_lm_sample.py").read_text(encoding="utf-8")
    copy = tmp_path / "generators" / "make_lm_sample.py"
    copy.parent.mkdir()
    copy.write_text(program, encoding="utf-8")
    subprocess.run([sys.executable, str(copy)], check=True, capture_output=True)
    made = gzip.decompress((tmp_path / "lm.txt.gz").read_bytes())
    assert made == gzip.decompress((root / "apps/samples/lm.txt.gz").read_bytes())
