"""Processes that compute answers: they are replaced if they die or hang, and leave nothing."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from process_state import exists, wait_for_end

from pmt_apps.server import worker_main
from pmt_apps.server.batching import worker_pool as module
from pmt_apps.server.batching.batcher import Batcher
from pmt_apps.server.batching.worker_pool import RemoteModel, WorkerPool
from pmt_apps.server.network.http import HttpError
from pmt_apps.server.runs import RunStore
from pmt_core import DataError, StateError

_ECHO = """
import json, os, signal, sys
for line in sys.stdin.buffer:
    for text in json.loads(line)["inputs"]:
        if text == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if text == "exit":
            sys.exit(3)
        answer = json.dumps([text, os.getpid()])
        if text == "bad":
            answer = "!" + json.dumps({"kind": "DataError", "message": "it is bad"})
        sys.stdout.write(answer + chr(10))
        if text == "bad":
            break
    sys.stdout.flush()
"""
pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


@contextmanager
def pool_of(folder: Path, count: int = 2, seconds: float = 600) -> Iterator[WorkerPool]:
    pool = WorkerPool(folder, count, seconds)
    try:
        yield pool
    finally:
        pool.close()


@pytest.fixture
def echo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RemoteModel]:
    """A model in one process, which answers a text by itself and the process, or dies."""
    monkeypatch.setattr(module, "_PROGRAM", ("-c", _ECHO))
    with pool_of(tmp_path, 1) as pool:
        yield RemoteModel(pool, "run", "task", 0.0)


def answers(model: RemoteModel, *texts: str) -> list[list[Any]]:
    return [json.loads(line) for line in model.predict(texts)]


def test_a_process_that_was_killed_is_replaced(echo: RemoteModel) -> None:
    ((_, first),) = answers(echo, "a")
    assert answers(echo, "b", "c") == [["b", first], ["c", first]]
    os.kill(first, signal.SIGKILL)
    wait_for_end(first)
    ((_, second),) = answers(echo, "d")
    assert second != first


@pytest.mark.parametrize(
    ("text", "message"),
    [("kill", "was killed by signal 9: is memory short"), ("exit", "ended with exit code 3")],
)
def test_the_end_of_a_process_is_an_error(echo: RemoteModel, text: str, message: str) -> None:
    with pytest.raises(StateError, match=message):
        answers(echo, "a", text)
    assert answers(echo, "b")[0][0] == "b"


def test_an_error_ends_the_answers_of_a_batch_only(echo: RemoteModel) -> None:
    lines = echo.predict(["a", "bad", "c"])
    assert json.loads(next(lines))[0] == "a"
    with pytest.raises(DataError, match="it is bad"):
        next(lines)
    assert answers(echo, "d")[0][0] == "d"


def test_only_the_request_at_fault_gets_the_error(echo: RemoteModel) -> None:
    """What was computed with it is computed again, once, and a request by itself is, too."""
    batcher = Batcher(echo.predict, calls=2)
    ended: dict[str, Any] = {}

    def ask(text: str) -> None:
        try:
            ended[text] = json.loads(batcher([text], 600)[0])[0]
        except StateError as error:
            ended[text] = str(error)

    with echo.pool._slots:  # until all of them wait
        threads = [threading.Thread(target=ask, args=(text,)) for text in ("a", "kill", "b", "c")]
        for thread in threads:
            thread.start()
        while batcher._n_waiting + batcher._n_called < 4:
            pass
    for thread in threads:
        thread.join()
    batcher.close()
    assert "was killed by signal 9" in ended.pop("kill")
    assert ended == {"a": "a", "b": "b", "c": "c"}


def test_a_process_that_hangs_is_killed_and_replaced(echo: RemoteModel) -> None:
    ((_, first),) = answers(echo, "a")
    os.kill(first, signal.SIGSTOP)
    with pytest.raises(HttpError, match=r"no answer within 0\.1 s") as late:
        echo.pool.ask(b'{"inputs": ["b"]}\n', 1, 0.1)
    assert late.value.status == 408
    assert not exists(first)
    assert answers(echo, "c")[0][0] == "c"


def test_a_large_line_that_nobody_reads_is_given_up(echo: RemoteModel) -> None:
    ((_, first),) = answers(echo, "a")
    os.kill(first, signal.SIGSTOP)
    with pytest.raises(HttpError):
        echo.pool.ask(b" " * (1 << 22) + b"\n", 1, 0.1)
    assert answers(echo, "c")[0][0] == "c"


def test_the_end_of_a_pool_with_a_process_that_hangs(
    echo: RemoteModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed, and who waits for it, or for another, gets an error."""
    monkeypatch.setattr(module, "_PATIENCE", 0.1)
    ((_, first),) = answers(echo, "a")
    os.kill(first, signal.SIGSTOP)
    batcher = Batcher(echo.predict, batch_size=1, calls=2)
    errors: list[HttpError] = []

    def ask() -> None:
        with pytest.raises(HttpError) as error:
            batcher(["b"], 600)
        errors.append(error.value)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    while batcher._n_calls < 2:
        pass
    echo.pool.close()
    for thread in threads:
        thread.join()
    batcher.close()
    assert [int(error.status) for error in errors] == [503, 503]
    assert not exists(first)


def test_errors_of_a_process_are_those_of_the_server(runs: Path) -> None:
    with pool_of(runs, 1) as pool:
        with pytest.raises(HttpError, match="there is no run 'none'") as error:
            list(RemoteModel(pool, "none", "ner", 0).predict(["a"]))
        assert error.value.status == 404
        with pytest.raises(StateError, match="was replaced just now"):
            list(RemoteModel(pool, "ner", "qqp", 0).predict(["a"]))
        with pytest.raises(DataError, match="input 1: expected a text"):
            list(RemoteModel(pool, "ner", "ner", 0).predict(["a", 3]))
        with pytest.raises(DataError, match="expected a word, got list"):
            list(RemoteModel(pool, "word2vec", "word2vec", 0).explain([["a"]]))


def test_a_bug_of_a_process(
    runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its traceback goes to the log, the client learns no more than that."""
    store = RunStore(runs)
    monkeypatch.setattr(store, "get", lambda name: {}[name])
    content = {"run": "ner", "task": "ner", "what": "predict", "inputs": ["a"]}
    (line,) = worker_main.answered(store, json.dumps(content).encode())
    assert capsys.readouterr().err.endswith("KeyError: 'ner'\n")
    error = module._error(line.removeprefix(module.ERROR))
    assert isinstance(error, HttpError)
    assert error.status == 500
    assert str(error) == "an error of the server; see its log"
