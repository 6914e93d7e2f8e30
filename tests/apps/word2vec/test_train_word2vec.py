"""The word2vec app: results of a run, queries, implementations, interrupts, texts, downloads."""

from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from programs import Program

from pmt_core import load_archive
from pmt_text import analogy, load_word_vectors

SMALL = ("--dimension", 8, "--epochs", 2, "--limit", 8000, "--workers", 1)


@pytest.fixture
def word2vec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.setenv("no_proxy", "*")
    return Program("word2vec", tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The runner in a folder whose "run" was trained on the shipped text with its defaults."""
    runner = Program("word2vec", tmp_path_factory.mktemp("word2vec"))
    result = runner.run("--out", "run", "--workers", 1)
    assert "115,283 words, 439 different ones in the vocabulary" in result.stdout
    return runner


def rows(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "history.csv").read_text().splitlines()))


def metrics_of(folder: Path) -> dict:
    return json.loads((folder / "metrics.json").read_text())


# --- a run ----------------------------------------------------------------------------------------


def test_files_and_scores_of_a_run(trained: Program) -> None:
    out = trained.folder / "run"
    pictures = {"learning.png", "analogies.png", "map.png"}
    files = {"config.json", "history.csv", "metrics.json", "checkpoint.npz", "model.npz"}
    files |= {"vectors.bin", "vectors.txt", "report.html"} | pictures
    assert {path.name for path in out.iterdir()} == files
    metrics = metrics_of(out)
    assert (metrics["task"], metrics["epochs"]) == ("word2vec", 12)
    assert metrics["data"]["corpus"]["rows"] == 115_283
    assert metrics["analogies"]["accuracy"] > 0.9
    assert metrics["analogies"]["coverage"] == 1
    assert metrics["analogies"]["answered"] == 24 * 23 * 2 + 14 * 13
    losses = [float(row["train_loss"]) for row in rows(out)]
    assert losses == sorted(losses, reverse=True)
    report = (out / "report.html").read_text()
    assert report.count("data:image/png;base64,") == 3
    assert "capital-country" in report


def test_both_files_hold_the_vectors_of_the_model(trained: Program) -> None:
    out = trained.folder / "run"
    arrays, meta = load_archive(out / "model.npz")
    for name in ("vectors.bin", "vectors.txt"):
        vectors = load_word_vectors(out / name)
        assert list(vectors.words) == meta["model"]["words"]
        np.testing.assert_array_equal(vectors.matrix, arrays["vectors"])
    counts = meta["model"]["counts"]
    assert counts == sorted(counts, reverse=True)


def test_words_are_answered_with_their_neighbors(trained: Program) -> None:
    vectors = load_word_vectors(trained.folder / "run/vectors.bin")
    answers = trained.run("--predict", "--out", "run", stdin="paris\n Berlin \nqwertz\n").answers
    expected = [
        {"word": word, "similarity": round(similarity, 6)}
        for word, similarity in vectors.neighbors("paris", 10)
    ]
    assert answers[0] == {"word": "paris", "known": True, "neighbors": expected}
    assert answers[1]["known"]
    assert answers[2] == {"word": "qwertz", "known": False, "neighbors": []}


def test_neighbors_and_analogies_are_printed(trained: Program) -> None:
    vectors = load_word_vectors(trained.folder / "run/vectors.bin")
    for arguments, expected in (
        (("--neighbors", "King"), vectors.neighbors("king", 10)),
        (("--analogy", "paris", "france", "Rome"), analogy(vectors, "paris", "france", "rome", 10)),
    ):
        lines = trained.run("--out", "run", *arguments).stdout.splitlines()
        assert [line.split()[0] for line in lines if line] == [word for word, _ in expected]
    assert expected[0].word == "italy"


def test_queries_that_have_no_answer(trained: Program, tmp_path: Path) -> None:
    trained.refuse("--out", "run", "--neighbors", "qwertz", error=["'qwertz' has no vector"])
    arguments = ("--out", "run", "--analogy", "paris", "france")
    trained.refuse(*arguments, error=["three words", "got 2"])
    trained.refuse("--out", tmp_path / "no", "--neighbors", "paris", error=["no run to ask"])
    (tmp_path / "config.json").write_text('{"task": "mnist"}')
    trained.refuse("--out", tmp_path, "--neighbors", "a", error=["belongs to a run of"])
    trained.refuse("--out", "run", "--predict", stdin="paris\n\n", error=["line 2"])


# --- models and implementations -------------------------------------------------------------------


@pytest.mark.parametrize("implementation", ["fast", "tape"])
@pytest.mark.parametrize("loss", ["ns", "hs"])
@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_every_model_learns(word2vec: Program, model: str, loss: str, implementation: str) -> None:
    kind = ("--model", model, "--loss", loss, "--implementation", implementation)
    rate = ("--lr", 0.05) if implementation == "tape" else ()  # so short a text is a few steps
    word2vec.run(*kind, "--out", "run", *SMALL, *rate)
    out = word2vec.folder / "run"
    first, last = (float(row["train_loss"]) for row in rows(out))
    assert last < first
    vectors = load_word_vectors(out / "vectors.bin")
    assert vectors.width == 8
    if (loss, implementation) == ("ns", "tape"):
        (answer,) = word2vec.run("--predict", "--out", "run", stdin="paris\n").answers
        assert answer["neighbors"][0]["word"] == vectors.neighbors("paris", 1)[0].word


def test_two_workers_train_too(word2vec: Program) -> None:
    word2vec.run("--out", "run", *SMALL, "--workers", 2)
    vectors = load_word_vectors(word2vec.folder / "run/vectors.bin")
    assert np.isfinite(vectors.matrix).all()


# --- interrupts: in a process of its own, since signals are the process's -------------------------


def assert_interrupted(process: subprocess.Popen[str]) -> None:
    _, stderr = process.communicate(timeout=600)
    assert process.returncode == 130, stderr
    assert "--resume" in stderr
    assert "Traceback" not in stderr


@pytest.mark.parametrize("implementation", ["fast", "tape"])
def test_ctrl_c_saves_and_resume_gives_the_same_bits(
    word2vec: Program, implementation: str
) -> None:
    settings = ("--implementation", implementation, "--dimension", 40, "--workers", 1)
    settings += ("--epochs", 12) if implementation == "fast" else ("--epochs", 6, "--limit", 25_000)
    whole, parts = word2vec.folder / "whole", word2vec.folder / "parts"
    word2vec.run("--out", "whole", *settings)
    step = int(rows(whole)[0]["step"]) + 1  # in the second epoch
    assert_interrupted(word2vec.start("--out", "parts", *settings, interrupt=f"step {step}"))
    assert not (parts / "vectors.bin").exists()
    arguments = ("--out", "parts", "--resume", "--dimension", 9)
    word2vec.refuse(*arguments, error=["--dimension 9 contradicts"])
    word2vec.run("--out", "parts", "--resume")
    for name in ("vectors.bin", "vectors.txt"):
        assert (parts / name).read_bytes() == (whole / name).read_bytes()
    for resumed, row in zip(rows(parts), rows(whole), strict=True):
        assert all(resumed[name] == row[name] for name in ("epoch", "step", "train_loss", "lr"))


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_ends_the_workers_and_resume_finishes(
    word2vec: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    arguments = ("--out", "run", "--epochs", 9, "--workers", 2)
    # As a terminal does: to the program and its workers.
    process = word2vec.start(*arguments, interrupt="write history.csv", to="group")
    assert_interrupted(process)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)  # nobody of the group is left
    assert not list(temporary.glob("pmt-*"))
    word2vec.run("--out", "run", "--resume")
    assert [int(row["epoch"]) for row in rows(tmp_path / "run")] == list(range(1, 10))
    assert metrics_of(tmp_path / "run")["analogies"]["accuracy"] > 0.9


# --- texts ----------------------------------------------------------------------------------------


def words(n: int = 3000, seed: int = 0) -> str:
    rng = np.random.default_rng(seed)
    return " ".join(f"w{i}" for i in rng.integers(0, 40, n))


def test_plain_zip_and_gzip_give_the_same_vectors(word2vec: Program, tmp_path: Path) -> None:
    text = words()
    (tmp_path / "a.txt").write_text(text)
    (tmp_path / "a.gz").write_bytes(gzip.compress(text.encode()))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", text)
    vectors = []
    for name in ("a.txt", "a.gz", "a.zip"):
        word2vec.run("--corpus", name, "--out", f"run-{name}", *SMALL)
        vectors.append((tmp_path / f"run-{name}" / "vectors.bin").read_bytes())
    assert vectors[0] == vectors[1] == vectors[2]


def test_given_questions_and_word_pairs(word2vec: Program, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(words())
    (tmp_path / "q.txt").write_text(": s\nw1 w2 w3 w4\nw1 w2 w3 nowhere\n")
    (tmp_path / "p.tsv").write_text("w1\tw2\t3\nW3\tw4\t5\nw5\tw6\t1\nw7\tnowhere\t2\n")
    word2vec.run("--corpus", "a.txt", "--questions", "q.txt", "--wordsim", "p.tsv", *SMALL)
    metrics = metrics_of(tmp_path / "runs/word2vec")
    assert (metrics["analogies"]["answered"], metrics["analogies"]["coverage"]) == (1, 0.5)
    assert (metrics["wordsim"]["answered"], metrics["wordsim"]["coverage"]) == (3, 0.75)
    assert -1 <= metrics["wordsim"]["spearman"] <= 1
    assert not (tmp_path / "runs/word2vec/map.png").exists()  # the text has no capitals


def test_bad_texts_and_files_are_refused_before_training(word2vec: Program, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(words())
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "short.txt").write_text("one two three")
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 10)
    (tmp_path / "broken.txt").write_text(": s\na b c\n")
    for name in ("gone.txt", "empty.txt", "short.txt", "binary"):
        word2vec.refuse("--corpus", name, error=[name])
    text = ("--corpus", "a.txt")
    word2vec.refuse(*text, "--questions", "broken.txt", error=["broken.txt:2"])
    word2vec.refuse(*text, "--wordsim", "broken.txt", error=["broken.txt"])
    word2vec.refuse("--model", "glove", error=["--model", "skipgram, cbow"])
    assert not (tmp_path / "runs").exists()


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_vectors_of_an_overwritten_run_are_removed_at_the_start(
    word2vec: Program, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text(words())
    arguments = ("--corpus", "a.txt", *SMALL)
    word2vec.run(*arguments)
    word2vec.refuse(*arguments, error=["--overwrite"])
    assert (tmp_path / "runs/word2vec/vectors.bin").exists()
    diverging = ("--implementation", "tape", "--lr", 1e30, "--overwrite")
    word2vec.refuse(*arguments, *diverging, error=["diverged"])
    assert not (tmp_path / "runs/word2vec/vectors.bin").exists()
