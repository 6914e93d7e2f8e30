"""Requests without a thread: the same bytes as by WSGI and by other processes, in order."""

from __future__ import annotations

import http.client
import io
import json
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from served import connected, post, received, running_with_small_buffers

from pmt_apps.server import runs as runs_module
from pmt_apps.server.application import ServeApp
from pmt_apps.server.batching.worker_pool import WorkerPool
from pmt_apps.server.network.limits import ServeLimits
from pmt_apps.server.network.threaded_server import ThreadedServer
from pmt_apps.server.runs import RunStore

LIMITS = ServeLimits(body=3_000, examples=4, characters=500, arrival=600, seconds=600)


class CountingApp(ServeApp):
    """Counts the calls by WSGI, each of which takes a thread."""

    calls = 0

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        self.calls += 1
        return super().__call__(environ, start_response)


def example(text: Any = "Ann Lee met Bob in Rome.") -> bytes:
    return json.dumps({"input": text}).encode()


REQUESTS = {
    "one": post(example()),
    "several": post(json.dumps({"inputs": ["Ann slept.", "", ["Eve", "Ray"]]}).encode()),
    "none": post(b'{"inputs": []}'),
    "words": post(example(["Ann", "Lee"])),
    "characters": post(example("\ud800 <b>&\u2028 \u00e9 \U0001f600")),
    "utf-8": post('{"input": "Zoë in Århus"}'.encode()),
    "address": post(example(), "/runs/n%65r/predict?x=1"),
    "absolute": post(example(), "http://127.0.0.1/runs/ner/predict"),
    "1.0": post(example(), version="1.0"),
    "1.0 kept": post(example(), "/runs/ner/predict", "Connection: keep-alive", version="1.0"),
    "close": post(example(), "/runs/ner/predict", "Connection: close"),
    "expects": post(example(), "/runs/ner/predict", "Expect: 100-continue"),
    "origin": post(example(), "/runs/ner/predict", "Origin: http://127.0.0.1"),
    "charset": post(example(), kind="application/json; charset=utf-8"),
    "other host": post(example(), host="evil.example"),
    "other origin": post(example(), "/runs/ner/predict", "Origin: http://evil.example"),
    "cross-site": post(example(), "/runs/ner/predict", "Sec-Fetch-Site: cross-site"),
    "form": post(example(), kind="text/plain"),
    "method": post(example(), method="PUT"),
    "get": post(b"", method="GET"),
    "head": post(b"", "/runs/ner/model", method="HEAD"),
    "no length": post(b"", length="x"),
    "long": post(b"", length="3001"),
    "half": post(b'{"inp', length="50"),
    "chunked": post(b"", "/runs/ner/predict", "Transfer-Encoding: chunked"),
    "no json": post(b"{]"),
    "list": post(b"[1]"),
    "nan": post(b'{"input": NaN}'),
    "deep": post(b'{"input": ' + b"[" * 20 + b"]" * 20 + b"}"),
    "not utf-8": post(b'{"input": "\xff"}'),
    "no input": post(b"{}"),
    "both": post(b'{"input": "a", "inputs": ["b"]}'),
    "unknown key": post(b'{"input": "a", "other": 1}'),
    "number": post(example(3)),
    "null of a list": post(b'{"inputs": ["a", null]}'),
    "space in a word": post(example(["a b"])),
    "many": post(json.dumps({"inputs": ["a"] * 5}).encode()),
    "characters of one": post(example("a" * 501)),
    "options": post(b'{"input": "a", "options": {}}'),
    "no run": post(example(), "/runs/none/predict"),
    "damaged": post(example(), "/runs/broken/predict"),
    "no model": post(example(), "/runs/unfinished/predict"),
    "language model": post(b'{"input": "the", "options": {"tokens": 3}}', "/runs/lm/predict"),
    "explained": post(example("Ann"), "/runs/ner/explain"),
    "nowhere": post(example(), "/nowhere"),
}  # fmt: skip
BY_THREAD = {
    "method", "get", "head", "long", "half", "no run", "damaged", "no model", "language model",
    "explained", "nowhere",
}  # fmt: skip


@pytest.fixture(scope="module")
def store(runs: Any) -> Iterator[RunStore]:
    """The runs of the session, the limits of this file."""
    store = RunStore(runs, LIMITS)
    yield store
    store.close()


@pytest.fixture(scope="module")
def remote(runs: Path) -> Iterator[CountingApp]:
    """The same runs, whose answers two processes compute."""
    store = RunStore(runs, LIMITS, WorkerPool(runs, 2, LIMITS.seconds))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs_module, "_LOOK", 1e9)
        store.get("ner")
        yield CountingApp(store, LIMITS, ["127.0.0.1"])
    store.close()


@pytest.fixture(scope="module")
def app(store: RunStore) -> Iterator[CountingApp]:
    """The tagger is loaded, and counts as such for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs_module, "_LOOK", 1e9)
        store.get("ner")
        yield CountingApp(store, LIMITS, ["127.0.0.1"])


@pytest.fixture(scope="module")
def servers(app: CountingApp) -> Iterator[tuple[ThreadedServer, ThreadedServer]]:
    """One that answers by the thread that reads, and one that has only the WSGI application."""
    with (
        running_with_small_buffers(app, LIMITS) as first,
        running_with_small_buffers(lambda environ, start: app(environ, start), LIMITS) as second,
    ):
        yield first, second


def by_wsgi(app: ServeApp, request: bytes) -> tuple[str, list[tuple[str, str]], bytes]:
    """Return what the application answers if another server calls it."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    path, _, query = target.removeprefix("http://127.0.0.1").partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method, "PATH_INFO": path.replace("%65", "e"), "QUERY_STRING": query,
        "wsgi.input": io.BytesIO(body),
    }  # fmt: skip
    for line in lines:
        name, _, value = line.partition(": ")
        key = name.upper().replace("-", "_")
        environ[key if key.startswith("CONTENT_") else f"HTTP_{key}"] = value
    if environ.pop("HTTP_TRANSFER_ENCODING", None):
        del environ["CONTENT_LENGTH"]
    started: list[Any] = []
    parts = app(environ, lambda status, headers: started.append((status, headers)))
    body = b"".join(parts)
    return (*started[0], body)


@pytest.fixture(scope="module")
def remote_server(remote: CountingApp) -> Iterator[ThreadedServer]:
    with running_with_small_buffers(remote, LIMITS) as server:
        yield server


@pytest.mark.parametrize("name", REQUESTS)
def test_answers_are_those_of_wsgi_byte_for_byte(
    app: CountingApp, servers: tuple[ThreadedServer, ThreadedServer], name: str
) -> None:
    """By the reading thread, by a thread of its own, and by any other WSGI server."""
    request = REQUESTS[name]
    answers = []
    for server in servers:
        calls = app.calls
        with connected(server, request) as stream:
            stream.shutdown(socket.SHUT_WR)
            answers.append(received(stream))
        assert app.calls - calls == (server is servers[1] or name in BY_THREAD)
    assert answers[0] == answers[1]
    status, headers, body = by_wsgi(app, request)
    head = answers[0].partition(b"\r\n\r\n")[0].decode()
    lines = [f"HTTP/1.1 {status}", *(f"{key}: {value}" for key, value in headers), "Server: pmt"]
    assert head.split("\r\n")[:-1] == lines
    assert answers[0].partition(b"\r\n\r\n")[2] == body
    keeps = {"close", "1.0", "half", "chunked", "long"}.isdisjoint({name})
    assert head.endswith("Connection: keep-alive" if keeps else "Connection: close")


@pytest.mark.parametrize("name", REQUESTS)
def test_answers_of_other_processes_are_the_same_bytes(
    app: CountingApp, remote: CountingApp, remote_server: ThreadedServer, name: str
) -> None:
    """By the reading thread, by a thread of its own, and by any other WSGI server."""
    request, calls = REQUESTS[name], remote.calls
    status, headers, body = by_wsgi(app, request)
    assert by_wsgi(remote, request) == (status, headers, body)
    with connected(remote_server, request) as stream:
        stream.shutdown(socket.SHUT_WR)
        answer = received(stream)
    assert remote.calls - calls == 1 + (name in BY_THREAD)
    assert answer.startswith(f"HTTP/1.1 {status}\r\n".encode())
    assert answer.partition(b"\r\n\r\n")[2] == body


@pytest.mark.parametrize("fault", ["not finite", "a bug"])
def test_examples_without_an_answer(
    app: CountingApp, servers: tuple[ThreadedServer, ThreadedServer], fault: str,
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def answers(texts: Sequence[str]) -> Iterator[dict[str, Any]]:
        for text in texts:
            if text == "bad" and fault == "a bug":
                raise RuntimeError(fault)
            yield {"text": text, "score": float("nan" if text == "bad" else 1)}

    monkeypatch.setattr(app.store.get("ner").predictor, "answers", answers)
    request = post(b'{"inputs": ["good", "bad"]}', "/runs/ner/predict", "Connection: close")
    found = []
    for server in servers:
        with connected(server, request) as stream:
            found.append(received(stream))
    assert found[0] == found[1]
    status, message = {
        "not finite": (b"422 ", b"input 1: the answer is not finite (score is nan)"),
        "a bug": (b"500 ", b"an error of the server; see its log"),
    }[fault]
    assert found[0].startswith(b"HTTP/1.1 " + status)
    assert message in found[0]
    assert capfd.readouterr().err.count("RuntimeError: a bug") == (2 if fault == "a bug" else 0)


def test_requests_that_are_sent_together_are_answered_in_order(
    servers: tuple[ThreadedServer, ThreadedServer],
) -> None:
    """Some by the reading thread, some by a thread, some in error."""
    texts = [f"Ann met Bob {i} times." for i in range(12)]
    requests, expected = [], list[Any]()
    for i, text in enumerate(texts):
        requests += [REQUESTS["no json"], REQUESTS["explained"]] if i % 3 == 0 else []
        expected += [400, 200] if i % 3 == 0 else []
        requests.append(post(example(text)))
        expected.append(text)
    requests.append(post(example("end"), "/runs/ner/predict", "Connection: close"))
    with connected(servers[0], b"".join(requests)) as stream:
        found: list[Any] = []
        file = stream.makefile("rb")
        for value in [*expected, "end"]:
            status = int(file.readline().split()[1])
            headers = http.client.parse_headers(file)
            content = json.loads(file.read(int(headers["Content-Length"])))
            found.append(content["text"] if isinstance(value, str) else status)
        assert file.read() == b""
    assert found == [*expected, "end"]


def test_clients_have_their_own_answers_and_no_thread(
    app: CountingApp, servers: tuple[ThreadedServer, ThreadedServer]
) -> None:
    calls = app.calls
    with ExitStack() as stack:
        streams = [stack.enter_context(connected(servers[0])) for _ in range(30)]
        for turn in range(4):
            for i, stream in enumerate(streams):
                stream.sendall(post(example(f"Bob {turn} {i}")))
            for i, stream in enumerate(streams):
                with stream.makefile("rb") as file:
                    assert file.readline() == b"HTTP/1.1 200 OK\r\n"
                    size = int(http.client.parse_headers(file)["Content-Length"])
                    assert json.loads(file.read(size))["text"] == f"Bob {turn} {i}"
    assert app.calls == calls
