"""apps/train_translation.py as a user meets it: what it leaves, answers and refuses."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Completed = subprocess.CompletedProcess[str]
Run = Callable[..., Completed]

WORDS = {"one": "ein", "big": "großer", "small": "kleiner", "dog": "Hund", "cat": "Kater"}
SMALL = ("--width", 8, "--heads", 2, "--hidden", 12, "--layers", 1, "--merges", 20, "--warmup", 5)
SHORT = (*SMALL, "--epochs", 2, "--batch-size", 200, "--workers", 1, "--beam", 2)


@pytest.fixture
def command(root: Path) -> Callable[..., list[str]]:
    def build(*arguments: object) -> list[str]:
        return [sys.executable, str(root / "apps" / "train_translation.py"), *map(str, arguments)]

    return build


@pytest.fixture
def translation(command: Callable[..., list[str]], tmp_path: Path) -> Run:
    def run(*arguments: object, stdin: str = "") -> Completed:
        return subprocess.run(
            command(*arguments),
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=tmp_path,
            timeout=180,
            env={**os.environ, "PYTHONUTF8": "1"},
        )

    return run


def sentences(n: int) -> list[tuple[str, str]]:
    """Words one by one into other words: n pairs, from the shortest on."""
    found = []
    for length in itertools.count(1):
        for words in itertools.product(WORDS, repeat=length):
            found.append((" ".join(words), " ".join(WORDS[word] for word in words)))
            if len(found) == n:
                return found
    raise AssertionError


def written(folder: Path, pairs: list[tuple[str, str]], name: str = "", zipped: bool = True) -> Any:
    """Two files, and the options that give them."""
    options: list[object] = []
    for side, lines in zip(("source", "target"), zip(*pairs, strict=True), strict=True):
        path = folder / f"{name or 'train'}.{side}{'.gz' if zipped else ''}"
        content = "".join(f"{line}\n" for line in lines).encode()
        path.write_bytes(gzip.compress(content) if zipped else content)
        options += [f"--{name + '-' if name else ''}{side}", path]
    return options


def corpus(folder: Path, n: int = 150, **more: Any) -> list[object]:
    return [*written(folder, sentences(n), **more), *written(folder, sentences(30), "dev")]


def refused(done: Completed, *words: str) -> None:
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_a_run_leaves_what_the_contract_says_and_translates(
    translation: Run, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    pairs = [*sentences(150), ("", "leer"), ("dog " * 300, "Hund " * 300)]
    test = written(tmp_path, sentences(20), "test", zipped=False)
    options = [*written(tmp_path, pairs), *written(tmp_path, sentences(30), "dev"), *test]
    done = translation(*options, *SHORT, "--max-length", 60, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "train.source.gz:151: empty line; pair dropped" in done.stderr
    assert "1 of 151 training sentences are longer than --max-length 60" in done.stderr
    names = {path.name for path in out.iterdir()}
    pictures = {"learning.png", "attention.png"}
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert set(metrics["data"]) == {
        f"{name} {side}" for name in ("train", "dev", "test") for side in ("source", "target")
    }
    for split in ("dev", "test"):
        assert 0 <= metrics[split]["bleu"] <= 100
        assert 0 <= metrics[split]["exact_match"] <= 1
    assert metrics["dev"]["loss"] > 0
    with open(out / "history.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2]
    assert {"train_loss", "dev_bleu", "dev_loss"} <= set(rows[0])
    report = (out / "report.html").read_text(encoding="utf-8")
    assert pictures <= names
    assert "Translations of dev" in report

    done = translation("--predict", "--out", out, stdin="one big dog\ncat\nGroß 北 \U0001f600\n")
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [a["source"] for a in answers] == ["one big dog", "cat", "Groß 北 \U0001f600"]
    assert all(isinstance(a["translation"], str) and a["score"] <= 0 for a in answers)
    alone = translation("--predict", "--out", out, stdin="cat\n")
    assert json.loads(alone.stdout)["translation"] == answers[1]["translation"]
    refused(translation("--predict", "--out", out, stdin="a\n\n"), "line 2", "empty")
    done = translation("--predict", "--out", out, "--beam", 1, stdin="dog " * 1100 + "\n")
    assert "is cut to 1023 tokens" in done.stderr
    assert len(done.stdout.splitlines()) == 1


def test_words_are_learned_and_the_picture_is_drawn(translation: Run, tmp_path: Path) -> None:
    """A word for a word, 5 words: a small model has it in seconds."""
    out = tmp_path / "run"
    sizes = ("--width", 32, "--heads", 2, "--hidden", 64, "--layers", 1, "--merges", 60)
    learn = ("--lr", 1e-2, "--epochs", 10, "--dropout", 0, "--warmup", 20, "--average", 0.9)
    more = ("--batch-size", 300, "--workers", 2, "--beam", 3)
    dev = written(tmp_path, sentences(700)[-40:], "dev")
    train = written(tmp_path, sentences(660))
    done = translation(*train, *dev, *sizes, *learn, *more, "--out", out)
    assert done.returncode == 0, done.stderr
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["dev"]["exact_match"] > 0.9, done.stdout
    done = translation("--predict", "--out", out, stdin="one small cat dog\n")
    assert json.loads(done.stdout)["translation"] == "ein kleiner Kater Hund"


def test_settings_without_average_and_with_inverse_square_root(
    translation: Run, tmp_path: Path
) -> None:
    settings = ("--average", 0, "--schedule", "inverse-sqrt", "--norm", "last", "--limit", 50)
    done = translation(*corpus(tmp_path), *SHORT, *settings, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    rates = [
        float(row["lr"])
        for row in csv.DictReader((tmp_path / "run" / "history.csv").read_text().splitlines())
    ]
    assert rates[-1] > 0


def test_bad_data_ends_with_code_2_and_a_cure(translation: Run, tmp_path: Path) -> None:
    out = ("--out", tmp_path / "none")
    good = corpus(tmp_path)
    longer = written(tmp_path, sentences(151), "test")
    (tmp_path / "spaces").write_text(" \n" * 150)
    refused(translation(*good[:3], longer[3], *good[4:], *out), "150 lines", "has 151")
    refused(translation(*good[:4], *out), "--dev-source and --dev-target")
    refused(translation(*good, *longer[:2], *out), "--test-source and --test-target")
    refused(translation(*good[:3], tmp_path / "no", *good[4:], *out), "no", "translations (train)")
    refused(translation(*good[:3], tmp_path / "spaces", *good[4:], *out), "none of 150 pairs")
    refused(translation(*good, "--max-length", 1, "--merges", 0, *out), "--max-length")
    refused(translation(*good, "--heads", 5, "--width", 8, *out), "heads")
    assert not (tmp_path / "none").exists()


# --- the sample -----------------------------------------------------------------------------------


def maker(root: Path) -> Any:
    path = root / "apps" / "samples" / "generators" / "make_dates_sample.py"
    spec = importlib.util.spec_from_file_location("make_dates_sample", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_sample_is_what_its_maker_makes(root: Path) -> None:
    make = maker(root)
    rng = make.RandomStream(make.SEED, "dates sample").generator()
    pairs = make.make_dates(make.TRAIN + make.DEV, rng)
    for i, language in enumerate(("en", "de")):
        lines = []
        for name in ("train", "dev"):
            path = root / "apps" / "samples" / f"dates.{name}.{language}.gz"
            with gzip.open(path, "rt", encoding="utf-8") as file:
                lines += [line.rstrip("\n") for line in file]
        assert lines == [pair[i] for pair in pairs]
    assert len({german for _, german in pairs}) == make.TRAIN + make.DEV  # dev has no day of train


def test_dates_in_words(root: Path) -> None:
    make = maker(root)
    assert make.english(21, 3, 1987, 2) == "the twenty-first of March nineteen eighty-seven"
    assert make.english(12, 2, 1907, 1) == "February the twelfth, nineteen oh seven"
    assert make.english(30, 1, 2000, 1) == "January the thirtieth, two thousand"
    assert make.english(8, 5, 1100, 2) == "the eighth of May eleven hundred"
    assert make.german(21, 3, 1987) == "der einundzwanzigste März neunzehnhundertsiebenundachtzig"
    assert make.german(3, 12, 2001) == "der dritte Dezember zweitausendeins"
    assert make.german(7, 7, 1016) == "der siebte Juli tausendsechzehn"
    assert make.german(30, 11, 1211) == "der dreißigste November zwölfhundertelf"


@pytest.mark.slow
def test_the_shipped_sample_is_solved(translation: Run, tmp_path: Path) -> None:
    done = translation("--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["dev"]["exact_match"] >= 0.99
    assert {path.name for path in (tmp_path / "run").glob("*.png")} == set(metrics["pictures"])
