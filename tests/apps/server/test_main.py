"""`pmt serve` as a process, and models of samples that it trains."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served import serving

from pmt_apps.console import main
from pmt_apps.server.network.http import HttpError
from pmt_apps.server.samples import SampleTraining

_PROGRAM = """
import json, pathlib, sys, time
task, folder = sys.argv[1], pathlib.Path(sys.argv[3])
folder.mkdir(exist_ok=True)
(folder / "config.json").write_text(json.dumps({"task": task, "epochs": 2}))
(folder / "history.csv").write_text("epoch,train_loss\\n1,0.5\\n")
print("epoch 1", flush=True)
while not (folder / "go").exists():
    time.sleep(0.01)
if (folder / "go").read_text() == "fail":
    sys.exit("error: the cure")
(folder / "metrics.json").write_text("{}")
"""


def ask(port: int, method: str, path: str, content: Any = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    body = None if content is None else json.dumps(content)
    connection.request(method, path, body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    result = response.status, json.loads(response.read())
    connection.close()
    return result


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_stopped(runs: Path, number: signal.Signals) -> None:
    with serving(runs) as (process, port):
        status, answer = ask(port, "POST", "/runs/ner/predict", {"input": "Ann Lee slept."})
        assert status == 200
        assert answer["text"] == "Ann Lee slept."
        process.send_signal(number)
        out, err = process.communicate(timeout=600)
    assert process.returncode == 0
    assert out == "stopped\n"
    assert err == ""


def test_after_a_kill_it_answers_as_before(runs: Path) -> None:
    answers = []
    for _ in range(2):
        with serving(runs / "ner") as (process, port):
            answers.append(ask(port, "POST", "/predict", {"input": "Ann Lee met Bob."}))
            process.kill()
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["nowhere"], "there is no folder 'nowhere'"),
        (["a.txt"], "got the file 'a.txt'"),
        ([".", "--out", "."], "RUN and --out are the same"),
        (["--port", "70000"], "--port: expected 0 to 65535"),
        (["--host", "no.such.host.invalid", "--port", "0"], "expected an address of this machine"),
        (["--prot", "1"], "did you mean --port"),
    ],
)
def test_what_cannot_be_served_is_an_error(
    options: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("")
    assert main(["serve", *options]) == 2
    assert message in capsys.readouterr().err


def test_a_port_in_use_is_an_error(capsys: pytest.CaptureFixture[str], runs: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", str(runs), "--port", str(port)]) == 2
    assert "give another --port" in capsys.readouterr().err


@pytest.fixture
def samples(tmp_path: Path) -> Iterator[SampleTraining]:
    samples = SampleTraining(tmp_path / "runs", program=(sys.executable, "-c", _PROGRAM))
    yield samples
    samples.close()


def wait_for(samples: SampleTraining, task: str, **values: object) -> dict[str, Any]:
    while True:
        state = samples.state(task)
        if values.items() <= state.items():
            return state
        assert state["state"] == "training", state
        time.sleep(0.01)


def test_a_sample_is_trained_with_its_progress(samples: SampleTraining) -> None:
    assert samples.state("lm") == {"task": "lm", "state": "absent"}
    assert samples.start("lm")["state"] == "training"
    state = wait_for(samples, "lm", epochs_done=1)
    assert state["epochs"] == 2
    assert samples.start("lm")["state"] == "training"  # it goes on
    with pytest.raises(HttpError, match="lm is trained just now"):
        samples.start("ner")
    (samples.folder / "lm" / "go").write_text("on")
    assert wait_for(samples, "lm", state="done")["output"] == "epoch 1"
    with pytest.raises(HttpError, match="there is a run 'lm' already"):
        samples.start("lm")
    with pytest.raises(HttpError, match="there is no task 'x'"):
        samples.start("x")


def test_a_training_that_fails_says_why(samples: SampleTraining) -> None:
    samples.start("ner")
    wait_for(samples, "ner", epochs_done=1)
    (samples.folder / "ner" / "go").write_text("fail")
    state = wait_for(samples, "ner", state="failed")
    assert state["output"] == "error: the cure"
    assert samples.start("ner")["state"] == "training"  # it can be tried again


def test_the_end_of_the_server_ends_a_training(samples: SampleTraining) -> None:
    samples.start("lm")
    wait_for(samples, "lm", epochs_done=1)
    samples.close()
    assert samples.state("lm")["state"] == "failed"
