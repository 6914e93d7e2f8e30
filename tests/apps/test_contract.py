"""What every program of apps/ keeps: what it leaves, answers, refuses, and how it is stopped.

What only one of them does is tested in its own test_train_*.py.
"""

from __future__ import annotations

import csv
import functools
import json
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from pmt_core import load_archive

Options = Sequence[object]
Completed = subprocess.CompletedProcess[str]
Refused = Callable[..., str]

FILES = {"config.json", "history.csv", "metrics.json", "checkpoint.npz", "model.npz", "report.html"}
TIMED = FILES | {".lock"}  # times or the folder's name stand in them
TIMES = {"seconds", "examples_per_second", "training_seconds", "wall_seconds"}
TINY = ("--width", 8, "--heads", 2, "--layers", 1)


# --- small data -----------------------------------------------------------------------------------


def question_pairs(folder: Path) -> list[object]:
    topics = ["swim", "cook rice", "learn Python", "save money", "sleep well", "play chess", "run"]
    for name, rows in (("train", 1500), ("dev", 60)):
        lines = ["id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate"]
        for i in range(rows):
            first, second = topics[i % 7], topics[i // 2 % 7] if i % 2 else topics[i % 7]
            lines.append(
                f"{i}\t{2 * i}\t{2 * i + 1}\tHow do I {first} in {i} days?\t"
                f"What is the way to {second} within {i} days?\t{int(first == second)}"
            )
        (folder / name).write_text("\n".join(lines) + "\n")
    return ["--train", folder / "train", "--dev", folder / "dev"]


def tagged_sentences(folder: Path) -> list[object]:
    names, places = ["Ann", "Bob", "Cid", "Dora", "Eve"], ["Oslo", "Rome", "Bern", "York"]
    for name, count in (("train", 300), ("dev", 40)):
        sentences = [
            f"{names[i % 5]} X I-PER\nLee X I-PER\nmet X O\n{names[i // 2 % 5]} X I-PER\n"
            f"in X O\n{places[i % 4]} X I-LOC\n. X O\n"
            for i in range(count)
        ]
        (folder / name).write_text("\n".join(sentences))
    return ["--train", folder / "train", "--dev", folder / "dev"]


def tagged_sentences_and_plain_text(folder: Path) -> list[object]:
    (folder / "plain").write_text("Ann Lee met Bob in Oslo .\nEve met Dora in Rome .\n" * 250)
    return [*tagged_sentences(folder), "--lm-corpus", folder / "plain"]


def plain_text(folder: Path) -> list[object]:
    (folder / "text").write_text("the cat sat on the mat and the dog sat on the log.\n" * 60)
    return ["--corpus", folder / "text"]


def long_text(folder: Path) -> list[object]:
    rng = np.random.default_rng(1)
    (folder / "text").write_text(" ".join(f"w{i}" for i in rng.integers(0, 60, 60_000)))
    return ["--corpus", folder / "text"]


def translations(folder: Path) -> list[object]:
    words = {"one": "ein", "big": "großer", "small": "kleiner", "dog": "Hund", "cat": "Kater"}
    rng = np.random.default_rng(1)
    options: list[object] = []
    for name, count in (("", 400), ("dev-", 20)):
        picks = [rng.choice(list(words), rng.integers(1, 5)) for _ in range(count)]
        lines = {
            "source": [" ".join(pick) for pick in picks],
            "target": [" ".join(words[word] for word in pick) for pick in picks],
        }
        for side in ("target", "source"):
            (folder / f"{name}{side}").write_text("\n".join(lines[side]) + "\n", encoding="utf-8")
            options += [f"--{name}{side}", folder / f"{name}{side}"]
    return options


def digits(folder: Path) -> list[object]:
    rng = np.random.default_rng(1)
    arrays = {}
    for part, count in (("train", 2500), ("test", 50)):
        labels = rng.integers(0, 10, count).astype(np.uint8)
        images = rng.integers(0, 60, (count, 28, 28)).astype(np.uint8)
        images[np.arange(count), :, 2 * labels + 4] = 255  # a bright column says the label
        arrays |= {f"x_{part}": images, f"y_{part}": labels}
    np.savez(folder / "digits.npz", **arrays)
    return ["--data", folder / "digits.npz"]


# --- the programs ---------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class App:
    """A program and how it is tried.

    Attributes:
        task: its name. data: writes small files into a folder; the options that name them, first
            the one that is given bad files. settings: a small model, some seconds of training.
        line: what it answers.
        splits: what metrics.json scores. files: how many it names.
    """

    task: str
    data: Callable[[Path], list[object]]
    settings: Options
    line: str
    splits: Sequence[str]
    files: int
    name: str = ""


APPS = [
    App(
        "qqp", question_pairs,
        (*TINY, "--hidden", 16, "--preset", "plain", "--epochs", 4, "--patience", 4,
         "--warmup", 5, "--workers", 2),
        "How do I swim?\tWhat is the way to swim?", ["dev", "dev_overlap", "dev_tfidf"], 2,
    ),
    App(
        "ner", tagged_sentences,
        (*TINY, "--hidden", 16, "--word-width", 8, "--filters", 8, "--average", 0.9,
         "--epochs", 4, "--workers", 2),
        "Ann Lee met Bob in Oslo.", ["dev"], 2,
    ),
    App(
        "ner", tagged_sentences_and_plain_text,
        (*TINY, "--hidden", 16, "--word-width", 8, "--filters", 8, "--average", 0.9,
         "--epochs", 1, "--workers", 2, "--lm-epochs", 3, "--lm-min-count", 1),
        "Ann Lee met Bob in Oslo.", ["dev"], 3, name="ner-pretraining",
    ),
    App(
        "lm", plain_text,
        ("--width", 16, "--heads", 2, "--layers", 1, "--max-length", 16, "--batch-size", 8,
         "--steps", 60, "--epochs", 4, "--dropout", 0.1, "--workers", 2),
        "the cat", ["dev"], 1,
    ),
    App(
        "translation", translations,
        (*TINY, "--hidden", 12, "--merges", 20, "--warmup", 5, "--batch-size", 100, "--beam", 1,
         "--epochs", 4, "--workers", 2),
        "one big dog", ["dev"], 4,
    ),
    App(
        "mnist", digits,
        ("--model", "mlp", "--hidden", 64, "--epochs", 6, "--workers", 2),
        " ".join(["0"] * 784), ["dev", "test"], 1,
    ),
    App(
        "word2vec", long_text, ("--dimension", 40, "--epochs", 8, "--workers", 1),
        "w1", [], 1,
    ),
    App(
        "word2vec", long_text,
        ("--implementation", "tape", "--dimension", 16, "--epochs", 4, "--limit", 15_000,
         "--workers", 2),
        "w1", [], 1, name="word2vec-tape",
    ),
]  # fmt: skip


@dataclass(frozen=True)
class Trained:
    """A program, its data and a run of it, in a folder of its own.

    Attributes:
        data: options that name the data. told: what the program printed.
    """

    app: App
    root: Path
    folder: Path
    data: Options
    told: str = ""

    @property
    def run(self) -> Path:
        return self.folder / "run"

    def program(self) -> Path:
        return self.root / "apps" / f"train_{self.app.task}.py"

    def start(self, *options: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(self.program()), *map(str, options)],
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONUTF8": "1"},
        )

    def __call__(self, *options: object, stdin: str = "") -> Completed:
        process = self.start(*options)
        out, err = process.communicate(stdin, timeout=180)
        return Completed(process.args, process.returncode, out, err)


@pytest.fixture(scope="module")
def train(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[App], Trained]:
    """Trains a program on its small data, once."""

    @functools.cache
    def once(app: App) -> Trained:
        folder = tmp_path_factory.mktemp(app.name or app.task)
        fresh = Trained(app, root, folder, app.data(folder))
        done = fresh(*fresh.data, *app.settings, "--out", "run")
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        return Trained(app, root, folder, fresh.data, done.stdout)

    return once


@pytest.fixture(params=APPS, ids=[app.name or app.task for app in APPS])
def trained(request: pytest.FixtureRequest, train: Callable[[App], Trained]) -> Trained:
    """Every program with its run."""
    return train(request.param)


def of(apps: Sequence[App]) -> pytest.MarkDecorator:
    """Only these of the runs."""
    return pytest.mark.parametrize("trained", apps, ids=[app.task for app in apps], indirect=True)


PROGRAMS = [app for app in APPS if not app.name]


# --- what it leaves -------------------------------------------------------------------------------


def test_it_leaves_all_files_and_they_agree(trained: Trained) -> None:
    run, app = trained.run, trained.app
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    names = {path.name for path in run.iterdir()}
    assert names >= FILES
    assert {name for name in names if name.endswith(".png")} == set(metrics["pictures"])
    assert not [name for name in names if name.startswith(".")]
    assert metrics["task"] == app.task
    assert metrics["seed"] == 1
    assert metrics["seconds"] > 0
    assert metrics["examples_per_second"] > 0
    assert metrics["peak_rss_mb"] > 10
    assert metrics["parameters"] > 0
    assert {"python", "numpy"} <= metrics["versions"].keys()
    assert len(metrics["data"]) == app.files
    for file in metrics["data"].values():
        assert file["rows"] > 0
        assert len(file["sha256"]) == 64
    for split in app.splits:
        assert "loss" in metrics[split]
        assert all(isinstance(value, int | float | list) for value in metrics[split].values())
    settings = dict(zip(app.settings[::2], app.settings[1::2], strict=True))
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    assert config["task"] == app.task
    for option, value in settings.items():
        name = str(option).removeprefix("--")
        assert config[name.replace("-", "_")] == value
        assert any(line.split() == [name, str(value)] for line in trained.told.splitlines()), name
    with open(run / "history.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    epochs = int(str(settings["--epochs"])) + int(str(settings.get("--lm-epochs", 0)))
    assert len(rows) == epochs
    assert all(float(row["train_loss"]) > 0 for row in rows)


def test_the_report_shows_every_picture_and_needs_no_network(trained: Trained) -> None:
    metrics = json.loads((trained.run / "metrics.json").read_text(encoding="utf-8"))
    page = (trained.run / "report.html").read_text(encoding="utf-8")
    shown = page.count('src="data:image/png;base64,')
    assert shown == page.count("<img") == len(metrics["pictures"])
    for elsewhere in ("http://", "https://", "<script", "<link", "url("):
        assert elsewhere not in page
    assert trained.told.rstrip().endswith(f"report: {Path('run', 'report.html')}")


def test_a_run_answers_lines_and_stays_as_it_is(trained: Trained) -> None:
    before = {path: path.stat().st_mtime_ns for path in trained.run.iterdir()}
    line = trained.app.line
    done = trained("--predict", "--out", "run", stdin=f"{line}\r\n{line}")
    assert done.returncode == 0, done.stderr
    first, second = map(json.loads, done.stdout.splitlines())
    if trained.app.task != "lm":  # which draws anew for every line
        assert first == second
    assert before == {path: path.stat().st_mtime_ns for path in trained.run.iterdir()}


# --- what it refuses ------------------------------------------------------------------------------


@pytest.fixture
def refused(
    trained: Trained, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Refused]:
    """Runs the program in this process, which refuses; its message."""
    monkeypatch.chdir(trained.folder)
    ctrl_c = signal.getsignal(signal.SIGINT)

    def call(*options: object, words: Sequence[str] = ()) -> str:
        monkeypatch.setattr(sys, "argv", [str(trained.program()), *map(str, options)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            runpy.run_path(str(trained.program()), run_name="__main__")
        message = capsys.readouterr().err
        assert left.value.code == 2, message
        assert "\nerror: " in f"\n{message}"
        assert "Traceback" not in message
        for word in words:
            assert word in message
        return message

    yield call
    signal.signal(signal.SIGINT, ctrl_c)


@of(PROGRAMS)
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--epoch", 3], ["--epoch", "did you mean --epochs", "--help"]),
        (["stray"], ["'stray'"]),
        (["--limit", 0], ["--limit", "at least 1", "got 0"]),
        (["--limit", -1], ["--limit", "got -1"]),
        (["--batch-size", 0], ["--batch-size", "at least 1"]),
        (["--epochs", 0], ["--epochs", "at least 1"]),
        (["--lr", "nan"], ["--lr", "above 0", "nan"]),
        (["--lr", -1], ["--lr", "above 0"]),
        (["--workers", 0], ["--workers", "at least 1"]),
        (["--seed", -1], ["--seed", "at least 0"]),
        (["--out", "afile"], ["'afile' is a file", "--out"]),
        (["--out", "afile/run"], ["part of that path is a file", "--out"]),
        (["--out", ""], ["--out", "a path"]),
        (["--predict", "--out", "none"], ["no run to predict with in 'none'", "train one first"]),
        (["--resume", "--out", "none"], ["no run to resume in 'none'"]),
        (["--resume", "--predict"], ["--resume and --predict"]),
        (["--resume", "--out", "run", "--seed", 7], ["--seed 7 contradicts", "started with 1"]),
        (["--out", "run"], ["a run in 'run' already", "--resume", "--overwrite", "--out"]),
    ],
)
def test_wrong_options_are_refused(
    trained: Trained, refused: Refused, options: Options, words: Sequence[str]
) -> None:
    (trained.folder / "afile").write_text("x")
    before = {path: path.stat().st_mtime_ns for path in trained.folder.rglob("*")}
    out = () if "--out" in options else ("--out", "none")
    refused(*trained.data, *options, *out, words=words)
    assert before == {path: path.stat().st_mtime_ns for path in trained.folder.rglob("*")}


@of(PROGRAMS)
def test_bad_files_are_refused_and_nothing_is_begun(trained: Trained, refused: Refused) -> None:
    bad = trained.folder / "bad"
    bad.mkdir()
    (bad / "empty").write_bytes(b"")
    (bad / "binary").write_bytes(bytes(range(256)) * 100)
    (bad / "utf16").write_bytes("some words\n".encode("utf-16") * 50)
    os.mkfifo(bad / "pipe")
    option, _, *others = trained.data
    cases = {
        bad / "missing": "does not exist",
        bad / "empty": "empty",
        bad / "binary": "binary",
        bad / "utf16": "UTF-16",
        bad / "pipe": "pipe",
        bad: "folder",
    }
    for path, word in cases.items():
        if trained.app.task == "mnist" and path.name in ("bad", "binary", "utf16"):
            word = "xpected"  # it takes folders, and files of its own form
        message = refused(option, path, *others, "--out", "never")
        assert path.name in message
        assert word in message
    assert not (trained.folder / "never").exists()


@of(PROGRAMS)
def test_a_line_that_is_not_utf8_is_named_and_those_before_it_answered(trained: Trained) -> None:
    process = trained.start("--predict", "--out", "run")
    assert process.stdin is not None
    process.stdin.buffer.write(trained.app.line.encode() + b"\nM\xfcnchen\n")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "Traceback" not in err
    assert "standard input, line 2" in err
    assert len(out.splitlines()) == 1


# --- how it is stopped ----------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_saves_and_a_resumed_run_is_the_one_that_was_not_stopped(trained: Trained) -> None:
    folder, run = trained.folder / "parted", trained.run
    process = trained.start(*trained.data, *trained.app.settings, "--out", "parted")
    deadline = time.monotonic() + 120
    while not (folder / "history.csv").exists():  # the first epoch is over
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "--out parted --resume" in errors
    assert "Traceback" not in errors
    assert not (folder / "report.html").exists()
    assert not (folder / ".lock").exists()
    assert list(folder.glob("*checkpoint.npz"))

    done = trained("--resume", "--out", "parted")
    assert done.returncode == 0, done.stderr
    expected, found = (load_archive(path / "model.npz")[0] for path in (run, folder))
    assert expected.keys() == found.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)
    for numbers in (scores, epochs):
        assert numbers(folder) == numbers(run)
    assert {path.name for path in folder.iterdir()} == {path.name for path in run.iterdir()}
    for path in run.iterdir():
        if path.name not in TIMED and path.suffix != ".npz":
            assert (folder / path.name).read_bytes() == path.read_bytes(), path.name


def scores(run: Path) -> dict[str, object]:
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return {name: value for name, value in metrics.items() if name not in TIMES | {"peak_rss_mb"}}


def epochs(run: Path) -> list[dict[str, str]]:
    with open(run / "history.csv", encoding="utf-8", newline="") as file:
        return [{k: v for k, v in row.items() if k not in TIMES} for row in csv.DictReader(file)]


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="looks into /proc")
@of(PROGRAMS)
def test_ctrl_c_while_it_imports_ends_it_quietly(trained: Trained) -> None:
    process = trained.start(*trained.data, *trained.app.settings, "--out", "never")
    maps = Path(f"/proc/{process.pid}/maps")
    while "_multiarray_umath" not in maps.read_text():  # NumPy is being imported
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "\nstopped\n")
    assert not (trained.folder / "never").exists()


# --- help -----------------------------------------------------------------------------------------


@of(PROGRAMS)
def test_help_lists_every_setting(trained: Trained) -> None:
    done = trained("--help")
    assert done.returncode == 0
    config = json.loads((trained.run / "config.json").read_text(encoding="utf-8"))
    for name in config.keys() - {"task"}:
        assert f"--{name.replace('_', '-')}" in done.stdout
