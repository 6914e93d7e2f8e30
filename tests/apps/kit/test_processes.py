"""An app as a process: pipes, signals, closed streams, a terminal. Ctrl-C: test_contract.py."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from same_model import assert_same_model

from pmt_train import History

APP = Path(__file__).with_name("example_app.py")


def test_help_is_complete(app):
    code, out, err = app.run("--help")
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
    process.communicate(timeout=600)
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
    _, err = process.communicate(b"1\t2\n" * 5000, timeout=600)
    assert (process.returncode, err) == (141, b"")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_it_trains_and_answers_with_streams_closed_from_the_beginning(tmp_path, closed):
    out = tmp_path / "run"
    program = [sys.executable, "-W", "error", APP, "--out", out]
    for options in (["--epochs", 1], ["--predict"]):
        command = shlex.join(map(str, [*program, *options]))
        done = subprocess.run(
            ["bash", "-c", f"{command} {closed}"],
            input=b"1\t2\n", capture_output=True, timeout=600,
        )  # fmt: skip
        assert done.returncode == 0, done
        assert b"Traceback" not in done.stderr
    assert (out / "report.html").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_stopped_and_resumed_it_equals_a_run_that_was_not_stopped(app, number):
    out = app.folder / f"runs/stopped-{number}"
    options = ("--out", str(out), "--workers", "2")
    process = app.start(*options, send=number, at="step 23")  # in the third epoch
    _, err = process.communicate(timeout=600)
    if number == signal.SIGKILL:
        assert process.returncode == -number
    else:
        assert process.returncode == 128 + number
        assert "stopping after this step" in err.decode()
        assert f"--out {out} --resume" in err.decode()
        assert b"Traceback" not in err
    assert (out / "checkpoint.npz").exists()
    assert not (out / "report.html").exists()

    code, text, err = app.run("--out", str(out), "--resume")
    assert code == 0, err
    assert text.count("train loss") < 4  # it did go on
    straight = app.folder / "runs/points"
    assert_same_model(out, straight)
    for name in ("dev", "parameters", "best_epoch"):
        values = [json.loads((run / "metrics.json").read_text())[name] for run in (out, straight)]
        assert values[0] == values[1]
    columns = ("epoch", "step", "lr", "train_loss", "grad_norm", "dev_accuracy")
    histories = [History.load(run / "history.csv").rows for run in (out, straight)]
    rows, expected_rows = ([[row[c] for c in columns] for row in rows] for rows in histories)
    assert rows == expected_rows
    assert (out / "report.html").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_after_the_training_it_says_how_to_go_on(app, number):
    out = app.folder / f"runs/late-{number}"
    options = ("--out", str(out), "--linger", "600")
    process = app.start_until(f"{out}/metrics.json", *options)  # the training is over
    process.send_signal(number)
    _, err = process.communicate(timeout=600)
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
    code, _, err = type(app)(folder).run("--out", ".", "--epochs", "1")
    assert code == 0, err
    assert (folder / "model.npz").exists()


def test_two_processes_do_not_write_to_one_run(app):
    out = app.folder / "runs/busy"
    first = app.start_until(f"{out}/metrics.json", "--out", str(out), "--linger", "600")
    code, _, err = app.run("--out", str(out), "--overwrite")
    assert code == 2
    assert "another process" in err
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=600)
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
    assert process.wait(600) == 0
    text = seen.decode()
    assert "epoch 1/1" in text
    for part in ("loss", "lr", "ex/s", "left"):
        assert part in text
