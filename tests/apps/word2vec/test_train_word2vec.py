"""apps/train_word2vec.py as a user meets it: what it leaves, what it answers, what it refuses."""

from __future__ import annotations

import csv
import functools
import gzip
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from pmt_core import load_archive
from pmt_text import WordVectors, analogy, load_word_vectors

Completed = subprocess.CompletedProcess[str]
Run = Callable[..., Completed]

SMALL = ("--dimension", 8, "--epochs", 2, "--limit", 8000, "--workers", 1)


@pytest.fixture
def command(root: Path) -> Callable[..., list[str]]:
    def build(*arguments: object) -> list[str]:
        return [sys.executable, str(root / "apps" / "train_word2vec.py"), *map(str, arguments)]

    return build


@pytest.fixture
def word2vec(command: Callable[..., list[str]], tmp_path: Path) -> Run:
    def run(*arguments: object, stdin: str = "") -> Completed:
        return subprocess.run(
            command(*arguments),
            input=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=180,
            env={**os.environ, "PYTHONUTF8": "1", "no_proxy": "*"},
        )

    return run


@pytest.fixture(scope="module")
def trained(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on the shipped text with its own settings, trained once."""
    folder = tmp_path_factory.mktemp("word2vec") / "run"
    done = subprocess.run(
        [sys.executable, str(root / "apps" / "train_word2vec.py"), "--out", str(folder),
         "--workers", "1"],
        capture_output=True, text=True, timeout=180, cwd=folder.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (folder.parent / "out.txt").write_text(done.stdout)
    return folder


def done(result: Completed) -> Completed:
    assert result.returncode == 0, result.stderr
    return result


def refused(result: Completed, *words: str) -> None:
    assert result.returncode == 2, (result.returncode, result.stdout, result.stderr)
    assert "Traceback" not in result.stderr
    assert result.stderr.splitlines()[-1].startswith("error: ")
    for word in words:
        assert word in result.stderr


def rows(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "history.csv").read_text().splitlines()))


# --- a run ----------------------------------------------------------------------------------------


def test_a_run_leaves_what_the_contract_says(trained: Path) -> None:
    pictures = {"learning.png", "analogies.png", "map.png"}
    files = {"config.json", "history.csv", "metrics.json", "checkpoint.npz", "model.npz"}
    files |= {"vectors.bin", "vectors.txt", "report.html"} | pictures
    assert {path.name for path in trained.iterdir()} == files
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["task"] == "word2vec"
    assert metrics["epochs"] == 12
    assert metrics["data"]["corpus"]["rows"] == 115_283
    losses = [float(row["train_loss"]) for row in rows(trained)]
    assert losses == sorted(losses, reverse=True)
    report = (trained / "report.html").read_text()
    assert report.count("data:image/png;base64,") == 3
    assert "capital-country" in report
    out = (trained.parent / "out.txt").read_text()
    assert "115,283 words, 439 different ones in the vocabulary" in out


def test_analogies_come_out_right_on_the_shipped_text(trained: Path) -> None:
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["analogies"]["accuracy"] > 0.9
    assert metrics["analogies"]["coverage"] == 1
    assert metrics["analogies"]["answered"] == 24 * 23 * 2 + 14 * 13


def test_both_files_hold_the_vectors_of_the_model(trained: Path) -> None:
    arrays, meta = load_archive(trained / "model.npz")
    for name in ("vectors.bin", "vectors.txt"):
        vectors = load_word_vectors(trained / name)
        assert list(vectors.words) == meta["model"]["words"]
        np.testing.assert_array_equal(vectors.matrix, arrays["vectors"])
    counts = meta["model"]["counts"]
    assert counts == sorted(counts, reverse=True)


def test_it_answers_with_neighbors(word2vec: Run, trained: Path) -> None:
    result = done(word2vec("--predict", "--out", trained, stdin="paris\n Berlin \nqwertz\n"))
    first, second, third = (json.loads(line) for line in result.stdout.splitlines())
    vectors = load_word_vectors(trained / "vectors.bin")
    expected = [
        {"word": word, "similarity": round(similarity, 6)}
        for word, similarity in vectors.neighbors("paris", 10)
    ]
    assert first == {"word": "paris", "known": True, "neighbors": expected}
    assert second["known"]
    assert third == {"word": "qwertz", "known": False, "neighbors": []}


def test_it_shows_neighbors_and_analogies(word2vec: Run, trained: Path) -> None:
    vectors: WordVectors = load_word_vectors(trained / "vectors.bin")
    lines = done(word2vec("--out", trained, "--neighbors", "King")).stdout.split("\n")
    assert [line.split()[0] for line in lines if line] == [
        word for word, _ in vectors.neighbors("king", 10)
    ]
    answers = done(word2vec("--out", trained, "--analogy", "paris", "france", "Rome")).stdout
    assert answers.split()[0] == "italy"
    found = [word for word, _ in analogy(vectors, "paris", "france", "rome", 10)]
    assert [line.split()[0] for line in answers.split("\n") if line] == found


def test_what_cannot_be_asked(word2vec: Run, trained: Path, tmp_path: Path) -> None:
    refused(word2vec("--out", trained, "--neighbors", "qwertz"), "'qwertz' has no vector")
    refused(word2vec("--out", trained, "--analogy", "paris", "france"), "three words", "got 2")
    refused(word2vec("--out", tmp_path / "none", "--neighbors", "paris"), "no run to ask")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text('{"task": "mnist"}')
    refused(word2vec("--out", tmp_path / "other", "--neighbors", "a"), "belongs to a run of")
    refused(word2vec("--out", trained, "--predict", stdin="paris\n\n"), "line 2")


# --- models and implementations -------------------------------------------------------------------


@pytest.mark.parametrize("implementation", ["fast", "tape"])
@pytest.mark.parametrize("loss", ["ns", "hs"])
@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_every_model_learns(
    word2vec: Run, tmp_path: Path, model: str, loss: str, implementation: str
) -> None:
    out = tmp_path / "run"
    kind = ("--model", model, "--loss", loss, "--implementation", implementation)
    rate = ("--lr", 0.05) if implementation == "tape" else ()  # so short a text is a few steps
    done(word2vec(*kind, "--out", out, *SMALL, *rate))
    first, last = (float(row["train_loss"]) for row in rows(out))
    assert last < first
    vectors = load_word_vectors(out / "vectors.bin")
    assert vectors.width == 8
    if (loss, implementation) != ("ns", "tape"):
        return
    answer = done(word2vec("--predict", "--out", out, stdin="paris\n")).stdout
    assert json.loads(answer)["neighbors"][0]["word"] == vectors.neighbors("paris", 1)[0].word


def test_two_workers_train_too(word2vec: Run, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done(word2vec("--out", out, *SMALL, "--workers", 2))
    assert np.isfinite(load_word_vectors(out / "vectors.bin").matrix).all()


@pytest.mark.parametrize("implementation", ["fast", "tape"])
def test_ctrl_c_saves_and_resume_gives_the_same_bits(
    command: Callable[..., list[str]], word2vec: Run, tmp_path: Path, implementation: str
) -> None:
    settings = ("--implementation", implementation, "--dimension", 40, "--workers", 1)
    settings += ("--epochs", 12) if implementation == "fast" else ("--epochs", 6, "--limit", 25_000)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    done(word2vec("--out", whole, *settings))
    process = subprocess.Popen(
        command("--out", parts, *settings),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    history = parts / "history.csv"
    while not history.exists() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "--resume" in stderr
    assert not (parts / "vectors.bin").exists()
    refused(word2vec("--out", parts, "--resume", "--dimension", 9), "--dimension 9 contradicts")
    done(word2vec("--out", parts, "--resume"))
    for name in ("vectors.bin", "vectors.txt"):
        assert (parts / name).read_bytes() == (whole / name).read_bytes()
    numbers = ("epoch", "step", "train_loss", "lr")
    assert [[row[n] for n in numbers] for row in rows(parts)] == [
        [row[n] for n in numbers] for row in rows(whole)
    ]


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_ends_the_workers_and_resume_finishes(
    command: Callable[..., list[str]], word2vec: Run, tmp_path: Path
) -> None:
    out, temporary = tmp_path / "run", tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        command("--out", out, "--epochs", 9, "--workers", 2),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
        start_new_session=True,
    )
    while not (out / "history.csv").exists() and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "--resume" in stderr
    assert "Traceback" not in stderr
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)  # nobody of the group is left
    assert not list(temporary.glob("pmt-*"))
    done(word2vec("--out", out, "--resume"))
    assert [row["epoch"] for row in rows(out)] == [str(epoch) for epoch in range(1, 10)]
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["analogies"]["accuracy"] > 0.9


# --- texts ----------------------------------------------------------------------------------------


def words(n: int = 3000, seed: int = 0) -> str:
    rng = np.random.default_rng(seed)
    return " ".join(f"w{i}" for i in rng.integers(0, 40, n))


def test_plain_zip_and_gzip_give_the_same_vectors(word2vec: Run, tmp_path: Path) -> None:
    text = words()
    (tmp_path / "a.txt").write_text(text)
    (tmp_path / "a.gz").write_bytes(gzip.compress(text.encode()))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", text)
    found = []
    for name in ("a.txt", "a.gz", "a.zip"):
        out = tmp_path / f"run-{name}"
        done(word2vec("--corpus", name, "--out", out, *SMALL))
        found.append((out / "vectors.bin").read_bytes())
    assert found[0] == found[1] == found[2]


def test_questions_and_wordsim_of_ones_own(word2vec: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(words())
    (tmp_path / "q.txt").write_text(": s\nw1 w2 w3 w4\nw1 w2 w3 nowhere\n")
    (tmp_path / "p.tsv").write_text("w1\tw2\t3\nW3\tw4\t5\nw5\tw6\t1\nw7\tnowhere\t2\n")
    done(word2vec("--corpus", "a.txt", "--questions", "q.txt", "--wordsim", "p.tsv", *SMALL))
    metrics = json.loads((tmp_path / "runs/word2vec/metrics.json").read_text())
    assert (metrics["analogies"]["answered"], metrics["analogies"]["coverage"]) == (1, 0.5)
    assert (metrics["wordsim"]["answered"], metrics["wordsim"]["coverage"]) == (3, 0.75)
    assert -1 <= metrics["wordsim"]["spearman"] <= 1
    assert not (tmp_path / "runs/word2vec/map.png").exists()  # it knows no capitals


def test_bad_texts_and_files_are_refused_before_training(word2vec: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(words())
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "short.txt").write_text("one two three")
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 10)
    (tmp_path / "broken.txt").write_text(": s\na b c\n")
    refused(word2vec("--corpus", "gone.txt"), "gone.txt")
    refused(word2vec("--corpus", "empty.txt"), "empty")
    refused(word2vec("--corpus", "short.txt"), "short.txt")
    refused(word2vec("--corpus", "binary"), "binary")
    refused(word2vec("--corpus", "a.txt", "--questions", "broken.txt"), "broken.txt:2")
    refused(word2vec("--corpus", "a.txt", "--wordsim", "broken.txt"), "broken.txt")
    refused(word2vec("--model", "glove"), "--model", "skipgram, cbow")
    assert not (tmp_path / "runs").exists()


def test_vectors_of_an_overwritten_run_are_gone_while_the_next_trains(
    word2vec: Run, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text(words())
    done(word2vec("--corpus", "a.txt", *SMALL))
    refused(word2vec("--corpus", "a.txt", *SMALL), "--overwrite")
    stale = (tmp_path / "runs/word2vec/vectors.bin").read_bytes()
    result = word2vec("--corpus", "a.txt", *SMALL, "--lr", 1e9, "--overwrite")
    refused(result, "diverged")
    assert stale
    assert not (tmp_path / "runs/word2vec/vectors.bin").exists()


# --- download -------------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "served"
    folder.mkdir()
    with zipfile.ZipFile(folder / "text8.zip", "w") as archive:
        archive.writestr("text8", words())

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()


def test_download_fetches_what_can_be_trained_on(
    word2vec: Run, server: str, tmp_path: Path
) -> None:
    result = done(word2vec("--download", "text8", "--into", "d", "--base-url", server))
    assert "fetched" in result.stdout
    assert "--corpus d/text8.zip" in result.stdout
    done(word2vec("--corpus", "d/text8.zip", *SMALL))
    again = done(word2vec("--download", "text8", "--into", "d", "--base-url", server))
    assert "is there already" in again.stdout


def test_download_without_a_network_fails_cleanly(word2vec: Run, tmp_path: Path) -> None:
    result = word2vec("--download", "text8", "--base-url", "http://127.0.0.1:9")
    refused(result, "cannot fetch", "check the network")
    assert not (tmp_path / "data" / "text8.zip").exists()
