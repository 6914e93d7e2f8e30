"""Runs whose answers processes compute: the same bytes, also while processes die; their end."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from process_state import exists, wait_for_end
from served import serving

import pmt_apps
from pmt_apps.console import main
from pmt_apps.server import main as main_module
from pmt_apps.server.application import ServeApp
from pmt_apps.server.batching.worker_pool import WorkerPool
from pmt_apps.server.examples import INPUT_FORMATS
from pmt_apps.server.network.http import HttpError
from pmt_apps.server.runs import RunStore
from pmt_core import StateError

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
SENTENCES = ["Ann Lee met Bob in Rome.", "Eve slept.", "", "The Bank of Norland opened."]


# --- the models of a store ------------------------------------------------------------------------


def pids(pool: WorkerPool) -> list[int]:
    return [worker.start().pid for worker in pool.workers]


@contextmanager
def store_of(folder: Path, seconds: float = 600) -> Iterator[tuple[RunStore, WorkerPool]]:
    store = RunStore(folder, None, pool := WorkerPool(folder, 2, seconds))
    try:
        yield store, pool
    finally:
        store.close()
    for worker in pool.workers:
        assert worker.process is None


TASKS = ("classify", "lm", "mnist", "ner", "qqp", "translation", "word2vec")


def test_answers_and_explanations_of_all_tasks_are_the_same_bytes(runs: Path) -> None:
    """More runs than a process has in memory at once."""
    local = RunStore(runs)
    with store_of(runs) as (store, _):
        for name in TASKS:
            run, expected = store.get(name), local.get(name)
            inputs = ["the cat"] if name == "lm" else INPUT_FORMATS[run.task].examples
            assert run.explain(inputs, 600) == expected.explain(inputs, 600)
            if name != "lm":
                examples = expected.checked(inputs)
                assert run.predict(run.checked(inputs), 600) == expected.predict(examples, 600)
    local.close()


def test_answers_and_explanations_of_several_runs(runs: Path) -> None:
    """While each process loads both models, and dies now and then."""
    inputs = {"ner": SENTENCES, "word2vec": ["the", "king"]}
    expected = {name: pmt_apps.load(runs / name).predict_json(x) for name, x in inputs.items()}
    local = {name: RunStore(runs).get(name).explain(x, 600) for name, x in inputs.items()}
    with store_of(runs) as (store, pool):
        for turn in range(3):
            for name, texts in inputs.items():
                run = store.get(name)
                lines = run.predict(run.checked(texts), 600)
                assert [json.loads(line) for line in lines] == expected[name]
                assert run.explain(texts, 600) == local[name]
            os.kill(pids(pool)[turn % 2], signal.SIGKILL)


def test_a_run_that_is_trained_again_is_loaded_again(runs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    shutil.copytree(runs / "word2vec", folder / "run")
    with store_of(folder) as (store, _):
        run = store.get("run")
        assert run.task == "word2vec"
        before = run.predict(run.checked(["king"]), 600)
        for part in ("ner", "unfinished"):
            shutil.rmtree(folder / "run")
            shutil.copytree(runs / part, folder / "run")
        with pytest.raises((StateError, HttpError)):  # checked as an input of the model before
            while run.predict(["king"], 600) == before:  # for 50 ms at most
                pass
        shutil.copytree(runs / "ner", folder / "run", dirs_exist_ok=True)
        while (run := store.get("run")).task != "ner":
            pass
        expected = pmt_apps.load(runs / "ner").predict_json(SENTENCES)
        while True:
            with suppress(StateError):  # the processes may look a moment later
                lines = run.predict(run.checked(SENTENCES), 600)
                break
        assert [json.loads(line) for line in lines] == expected


# --- the program ----------------------------------------------------------------------------------


def children(pid: int) -> list[int]:
    """Return the processes of a server. They begin before it says its address."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(path.parent.name))
    return found


def post(connection: http.client.HTTPConnection, text: str) -> tuple[int, Any]:
    body = json.dumps({"input": text})
    connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    return response.status, json.loads(response.read())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_the_server_ends_its_processes(runs: Path, number: signal.Signals) -> None:
    """Also one that is stopped."""
    with serving(runs / "ner", "--workers", "2") as (process, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        assert post(connection, "Ann slept.")[0] == 200
        workers = children(process.pid)
        assert len(workers) == 2
        os.kill(workers[0], signal.SIGSTOP)
        process.send_signal(number)
        out, err = process.communicate(timeout=600)
        connection.close()
    for pid in workers:
        wait_for_end(pid)
    assert process.returncode == (-9 if number == signal.SIGKILL else 0)
    assert out == ("" if number == signal.SIGKILL else "stopped\n")
    assert err == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_waitress_ends_them_too(runs: Path, number: signal.Signals) -> None:
    pytest.importorskip("waitress")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]  # waitress does not say which port it took
    options = ["--server", "waitress", "--port", str(port), "--workers", "2"]
    with serving(runs / "ner", *options) as (process, _):
        status = 0
        while not status:  # it says its address before it listens
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
            with suppress(ConnectionRefusedError):
                status, _ = post(connection, "Ann slept.")
            connection.close()
        assert status == 200
        workers = children(process.pid)
        process.send_signal(number)
        out, err = process.communicate(timeout=600)
    assert (process.returncode, out) == (0, "stopped\n")
    assert "Traceback" not in err  # waitress warns of requests that wait for a thread
    assert not any(map(exists, workers))


def test_processes_are_killed_under_load(runs: Path) -> None:
    """Each client gets all of its answers; no request fails."""
    expected = pmt_apps.load(runs / "ner").predict_json(SENTENCES)
    done = threading.Event()
    results: list[tuple[int, int, Any]] = []

    def client(port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        i = 0
        while not done.is_set():
            results.append((i % len(SENTENCES), *post(connection, SENTENCES[i % len(SENTENCES)])))
            i += 1
        connection.close()

    with serving(runs / "ner", "--workers", "2") as (process, port):
        threads = [threading.Thread(target=client, args=(port,)) for _ in range(6)]
        for thread in threads:
            thread.start()
        killed: set[int] = set()
        for _ in range(4):
            n = len(results)
            while len(results) < n + 50 or not (alive := set(children(process.pid)) - killed):
                pass
            os.kill(victim := min(alive), signal.SIGKILL)
            killed.add(victim)
        n = len(results)
        while len(results) < n + 50:
            pass
        done.set()
        for thread in threads:
            thread.join()
    assert len(killed) == 4
    for i, status, answer in results:
        assert status == 200, answer
        assert answer["tags"] == expected[i]["tags"]


def test_without_a_python_this_process_computes(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for executable, reason in (("", "there is no Python"), ("/nowhere/python", "No such file")):
        monkeypatch.setattr(sys, "executable", executable)
        assert main_module._pool(runs, 2, ServeApp(RunStore(runs)).limits) is None
        message = capsys.readouterr().err
        assert "--workers 2: no process can be started" in message
        assert reason in message


@pytest.mark.parametrize("workers", ["0", "1000000"])
def test_numbers_of_processes_that_are_refused(
    runs: Path, workers: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments: Sequence[str] = ["serve", str(runs), "--port", "0", "--workers", workers]
    assert main(arguments) == 2
    assert "workers" in capsys.readouterr().err
