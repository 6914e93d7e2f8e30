"""The contract of every app, on the example app: files, messages, exit codes, signals.

What needs a process of its own (pipes, signals, a terminal) gets one; the rest calls `main`.
"""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import json
import os
import pty
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

APP = Path(__file__).with_name("example_app.py")
# Two workers are two threads, also where threadpoolctl is not installed: see `Workers`.
THREADS = {"OPENBLAS_NUM_THREADS": "1"}


class App:
    """The example app in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(self, *args: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-W", "error", str(APP), *args]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env={**os.environ, **THREADS},
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
        )

    def run(self, *args: str, stdin: bytes = b"") -> tuple[int, str, str]:
        """Exit code, standard output and standard error of a process."""
        process = self.start(*args)
        out, err = process.communicate(stdin, timeout=60)
        return process.returncode, out.decode(), err.decode()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    """The app in a folder where one run, runs/points, was trained."""
    app = App(tmp_path_factory.mktemp("app"))
    code, out, err = app.run("--workers", "2")
    assert (code, err) == (0, "")
    (app.folder / "out.txt").write_text(out)
    return app


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("example_app", APP)
    assert spec is not None
    module = sys.modules["example_app"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["example_app"]


@pytest.fixture
def main(app, example, monkeypatch, capsys):
    """The app's `main`, in this process and the app's folder: args -> (code, stdout, stderr)."""
    monkeypatch.chdir(app.folder)

    def call(*args: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = example.main(list(args))
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def refusal(main):
    """Calls the app, which refuses: exit code 2, one line on standard error; that line."""

    def call(*args: str) -> str:
        code, _, err = main(*args)
        assert code == 2, err
        assert err.startswith("error: ")
        assert err.count("\n") == 1
        return err

    return call


def arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as file:
        return {k: file[k] for k in file.files if k[:2] != "__" and file[k].dtype.kind in "fi"}


def assert_same_weights(one: Path, two: Path) -> None:
    first, second = arrays(one), arrays(two)
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


def snapshot(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_a_run_leaves_all_its_files(app):
    run = app.folder / "runs/points"
    names = {p.name for p in run.iterdir()}
    assert names == {
        "config.json",
        "history.csv",
        "metrics.json",
        "checkpoint.npz",
        "model.npz",
        "report.html",
        "curves.png",
        "confusion.png",
    }
    out = (app.folder / "out.txt").read_text()
    assert "batch-size" in out
    assert out.count("train loss") == 4
    assert "report: runs/points/report.html" in out

    config = json.loads((run / "config.json").read_text())
    assert config["task"] == "points"
    assert (config["epochs"], config["lr"], config["points"]) == (4, 0.05, None)
    assert not {"resume", "predict", "overwrite"} & config.keys()

    with open(run / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    assert 0 < float(rows[-1]["train_loss"]) < float(rows[0]["train_loss"])

    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["task"] == "points"
    assert metrics["dev"]["accuracy"] > 0.7
    assert 0 < metrics["dev"]["f1"] <= 1
    assert metrics["parameters"] == 2 * 2 + 2
    assert metrics["seed"] == 1
    assert metrics["seconds"] > 0
    assert metrics["examples_per_second"] > 0
    assert metrics["peak_rss_mb"] > 10
    assert metrics["versions"]["numpy"] == np.__version__
    assert metrics["versions"].keys() >= {"python", "pmt-core", "pmt-train"}

    report = (run / "report.html").read_text()
    assert report.count("data:image/png;base64,") == 2
    assert "x + y &gt; 0 &amp; &lt;nothing&gt; more" in report
    assert "http" not in report  # needs no network


def test_a_run_is_not_overwritten_silently(app, main, refusal):
    before = snapshot(app.folder)
    message = refusal()
    for cure in ("--resume", "--out", "--overwrite"):
        assert cure in message
    assert snapshot(app.folder) == before
    assert main("--out", "runs/other", "--epochs", "1")[0] == 0
    (app.folder / "runs/other/notes.txt").write_text("mine")
    assert main("--out", "runs/other", "--epochs", "2", "--overwrite")[0] == 0
    assert json.loads((app.folder / "runs/other/config.json").read_text())["epochs"] == 2
    assert (app.folder / "runs/other/notes.txt").read_text() == "mine"


def test_bad_input_under_overwrite_leaves_the_old_run(app, main, refusal):
    main("--out", "runs/kept", "--epochs", "1")
    before = snapshot(app.folder / "runs/kept")
    (app.folder / "bad.tsv").write_text("1\t2\t1\n1\toops\t0\n")
    assert "bad.tsv:2" in refusal("--out", "runs/kept", "--overwrite", "--points", "bad.tsv")
    assert snapshot(app.folder / "runs/kept") == before


def test_the_data_is_recorded_and_may_not_change_in_between(app, main, refusal):
    path = app.folder / "points.tsv"
    rng = np.random.default_rng(0)
    path.write_text("".join(f"{x}\t{y}\t{int(x + y > 0)}\n" for x, y in rng.normal(size=(60, 2))))
    code, _, err = main("--points", "points.tsv", "--out", "runs/file", "--limit", "50")
    assert code == 0, err
    metrics = json.loads((app.folder / "runs/file/metrics.json").read_text())
    assert metrics["data"]["points"]["rows"] == 50
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    assert metrics["data"]["points"]["sha256"] == expected
    assert "--limit 60 contradicts" in refusal("--resume", "--out", "runs/file", "--limit", "60")
    with path.open("a") as file:
        file.write("1\t1\t1\n")
    assert f"points was '{expected}'" in refusal("--resume", "--out", "runs/file")


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (["--points", "none.tsv"], ["none.tsv", "does not exist", "check the path"]),
        (["--points", "."], ["points", "folder '.'"]),
        (["--points", ""], ["--points", "a path", "got ''"]),
        (["--points", "pipe"], ["'pipe' is a pipe", "write its content to a file"]),
        (["--points", "runs"], ["expected a file", "folder"]),
        (["--points", "a" * 300], ["cannot read", "name too long"]),
        (["--points", "empty.tsv"], ["empty.tsv is empty"]),
        (["--epoch", "3"], ["no option --epoch", "did you mean --epochs", "--help"]),
        (["--epochs", "0"], ["--epochs", "at least 1", "got 0"]),
        (["--lr", "nan"], ["--lr", "above 0"]),
        (["--dropout", "1"], ["at least 0 and below 1"]),
        (["stray"], ["'stray'", "options"]),
        (["--resume", "--out", "runs/none"], ["no run to resume", "runs/none"]),
        (["--predict", "--out", "runs/none"], ["no run to predict with", "train one first"]),
        (["--resume", "--overwrite"], ["--resume and --overwrite"]),
        (["--resume", "--epochs", "9"], ["--epochs 9 contradicts", "started with 4", "--out"]),
        (["--out", "out.txt"], ["out.txt", "is a file", "--out"]),
        (["--out", "out.txt/deeper"], ["part of that path is a file"]),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(app, refusal, args, parts):
    (app.folder / "empty.tsv").touch()
    if not (app.folder / "pipe").exists():
        os.mkfifo(app.folder / "pipe")
    out = [] if "--out" in args or "--resume" in args else ["--out", "runs/never"]
    before = snapshot(app.folder)
    message = refusal(*args, *out)
    for part in parts:
        assert part in message, message
    assert snapshot(app.folder) == before
    assert not (app.folder / "runs/never").exists()


def test_help_is_complete():
    code, out, err = App(APP.parent).run("--help")
    assert (code, err) == (0, "")
    for name in [
        "out",
        "seed",
        "epochs",
        "batch-size",
        "lr",
        "workers",
        "resume",
        "limit",
        "overwrite",
        "predict",
        "points",
        "dropout",
    ]:
        assert f"--{name}" in out
    assert "(default: 0.05)" in out
    assert "(default: the cores)" in out


def test_a_process_refuses_without_a_traceback(app):
    code, out, err = app.run("--predict", "--out", "runs/none")
    assert (code, out) == (2, "")
    assert err.startswith("error: there is no run to predict with")
    assert err.count("\n") == 1


def test_predict(app):
    code, out, err = app.run("--predict", stdin=b"2\t2\n-2\t-2\r\n0.1\t3")
    assert (code, err) == (0, "")
    answers = [json.loads(line) for line in out.splitlines()]
    assert [a["label"] for a in answers] == ["yes", "no", "yes"]
    assert answers[0]["probability"] > 0.9


def test_predict_answers_while_the_pipe_is_open(app):
    process = app.start("--predict")
    for x, label in ((3, "yes"), (-3, "no"), (2, "yes")):
        process.stdin.write(f"{x}\t{x}\n".encode())
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["label"] == label
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_predict_answers_up_to_a_bad_line_and_names_it(app):
    code, out, err = app.run("--predict", stdin=b"1\t2\n3\t4\n1\n3\t4\n")
    assert code == 2
    assert err.startswith("error: standard input, line 3: expected 2 texts (x<Tab>y), got 1")
    assert len(out.splitlines()) == 2


def test_nobody_reads_the_answers(app):
    process = app.start("--predict")
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(b"1\t2\n" * 5000, timeout=60)
    assert (process.returncode, err) == (141, b"")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_it_trains_and_answers_with_streams_closed_from_the_beginning(tmp_path, closed):
    out = tmp_path / "run"
    program = [sys.executable, "-W", "error", APP, "--out", out]
    for options in (["--epochs", 1], ["--predict"]):
        command = shlex.join(map(str, [*program, *options]))
        done = subprocess.run(
            ["bash", "-c", f"{command} {closed}"],
            input=b"1\t2\n", capture_output=True, env={**os.environ, **THREADS}, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done
        assert b"Traceback" not in done.stderr
    assert (out / "report.html").exists()


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(400):
        if path.exists():
            return
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    raise AssertionError(f"{path} did not come")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopped_and_resumed_it_is_the_run_that_was_not_stopped(app, number):
    out = app.folder / f"runs/stopped-{number}"
    process = app.start("--out", str(out), "--pause", "0.03", "--workers", "2")
    wait_for(out / "history.csv", process)  # the first epoch is done
    time.sleep(0.1)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    if number == signal.SIGKILL:
        assert process.returncode == -number
    else:
        assert process.returncode == 128 + number
        assert "stopping after this step" in err.decode()
        assert f"--out {out} --resume" in err.decode()
        assert b"Traceback" not in err
    assert (out / "checkpoint.npz").exists()
    assert not (out / "report.html").exists()

    code, text, err = app.run("--out", str(out), "--resume", "--pause", "0")
    assert code == 0, err
    assert text.count("train loss") < 4  # it did go on
    straight = app.folder / "runs/points"
    assert_same_weights(out / "model.npz", straight / "model.npz")
    for name in ("dev", "parameters", "best_epoch"):
        both = [json.loads((p / "metrics.json").read_text())[name] for p in (out, straight)]
        assert both[0] == both[1]
    with open(out / "history.csv", newline="") as one, open(straight / "history.csv") as two:
        for row, expected in zip(csv.DictReader(one), csv.DictReader(two), strict=True):
            for name in ("epoch", "step", "lr", "train_loss", "grad_norm", "dev_accuracy"):
                assert row[name] == expected[name]
    assert (out / "report.html").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_after_the_training_it_says_how_to_go_on(app, number):
    out = app.folder / f"runs/late-{number}"
    process = app.start("--out", str(out), "--linger", "60")
    wait_for(out / "metrics.json", process)  # the training is over
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert f"--out {out} --resume" in err.decode()
    assert b"Traceback" not in err
    assert not (out / ".lock").exists()
    code, text, err = app.run("--out", str(out), "--resume", "--linger", "0")
    assert code == 0, err
    assert "train loss" not in text
    assert (out / "report.html").exists()


def test_the_folder_of_a_run_may_be_the_one_it_is_started_in(app):
    folder = app.folder / "runs/here"
    folder.mkdir()
    code, _, err = App(folder).run("--out", ".", "--epochs", "1")
    assert code == 0, err
    assert (folder / "model.npz").exists()


def test_two_processes_do_not_write_to_one_run(app, refusal):
    out = app.folder / "runs/busy"
    first = app.start("--out", str(out), "--pause", "0.05")
    wait_for(out / "config.json", first)
    assert "another process" in refusal("--out", str(out), "--overwrite")
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)
    assert first.returncode == 130
    assert not (out / ".lock").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_sees_a_bar(app):
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, str(APP), "--out", "runs/seen", "--pause", "0.15", "--epochs", "1"],
        cwd=app.folder,
        stdout=subprocess.DEVNULL,
        stderr=end,
    )
    os.close(end)
    seen = b""
    try:
        while chunk := os.read(terminal, 1000):
            seen += chunk
    except OSError:  # the other end is closed
        pass
    os.close(terminal)
    assert process.wait(20) == 0
    text = seen.decode()
    assert "epoch 1/1" in text
    for part in ("loss", "lr", "ex/s", "left"):
        assert part in text
