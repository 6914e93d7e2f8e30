"""The server on real connections: slow, silent, malformed and many clients."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pmt_apps.server.application import ServeApp
from pmt_apps.server.network.limits import ServeLimits
from pmt_apps.server.network.threaded_server import ThreadedServer
from pmt_apps.server.runs import RunStore

LIMITS = ServeLimits(body=20_000, arrival=1.0, connections=300, active=64)


@pytest.fixture(scope="module")
def server(store: RunStore) -> Iterator[ThreadedServer]:
    app = ServeApp(store, LIMITS, ["127.0.0.1"])
    server = ThreadedServer(app, "127.0.0.1", 0, LIMITS)
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield server
    server.stop()
    thread.join()


def ask(server: ThreadedServer, method: str, path: str, content: Any = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    try:
        body = None if content is None else json.dumps(content)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def connected(server: ThreadedServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=600)


def is_healthy(server: ThreadedServer) -> bool:
    return ask(server, "GET", "/health")[0] == 200


def received(connection: socket.socket) -> bytes:
    data = b""
    while part := connection.recv(1 << 16):
        data += part
    return data


def test_many_clients_have_their_own_answers(server: ThreadedServer) -> None:
    texts = [f"Ann Lee met Bob {i} times." for i in range(40)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(lambda t: ask(server, "POST", "/runs/ner/predict", {"input": t}), texts)
        )
    assert [(status, answer["text"]) for status, answer in answers] == [(200, t) for t in texts]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"\r\n\r\n", b""), (b"nonsense\r\n\r\n", b"400"), (b"GET / HTTP/9.9\r\n\r\n", b"505"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n\r\n", b"421"), (bytes(range(256)) * 4 + b"\n\n", b""),
        (b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
         b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n\r\n", b"411"),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * 70_000 + b"\r\n\r\n", b"431"),
        (b"GET /\r\n\r\n", b"400"), (b"GET  / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n folded\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nA: \0\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n", b"400"),
        (b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
         b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", b"400"),
        (b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
         b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}", b"413"),
        (b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
         b"Content-Length: -2\r\n\r\n{}", b"411"),
        (b"GET ftp://127.0.0.1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"400"),
        (b"GET http://127.0.0.1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"200"),
        (b"\r\n\r\nGET /health HTTP/1.0\nHost: 127.0.0.1\n\n", b"200"),
    ],
)  # fmt: skip
def test_malformed_requests_are_refused_and_others_go_on(
    server: ThreadedServer, request_: bytes, status: bytes
) -> None:
    with connected(server) as connection:
        connection.sendall(request_)
        connection.shutdown(socket.SHUT_WR)
        assert status in received(connection)[:200]
    assert is_healthy(server)


def test_a_connection_has_many_requests(server: ThreadedServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    statuses, sockets = [], set()
    for path in ("/health", "/nowhere", "/runs/ner/model", "/health"):
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
        sockets.add(connection.sock)
    assert statuses == [200, 404, 200, 200]
    assert len(sockets) == 1
    connection.close()


def test_requests_that_are_sent_together_are_answered_in_order(server: ThreadedServer) -> None:
    head = b"GET /runs/%s/model HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    with connected(server) as connection:
        connection.sendall(
            head % b"ner" + b"\r\n" + head % b"lm" + b"Connection: close\r\n\r\n" + head % b"qqp"
        )
        answer = received(connection)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.index(b'"ner"') < answer.index(b'"lm"')
    assert b"Connection: keep-alive" in answer
    assert b'"qqp"' not in answer


def test_a_client_may_ask_before_it_sends_its_body(server: ThreadedServer) -> None:
    body = b'{"input": "Ann Lee slept."}'
    head = (
        b"POST /runs/ner/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\n"
        b"Content-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    )
    with connected(server) as connection:
        connection.sendall(head % len(body))
        assert connection.recv(1 << 16) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert received(connection).startswith(b"HTTP/1.1 200 OK")
    with connected(server) as connection:
        connection.sendall(head % 10_000_000)
        assert received(connection).startswith(b"HTTP/1.1 413")


def test_a_large_body_is_refused_with_an_answer(server: ThreadedServer) -> None:
    head = (
        b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: 100000000\r\n\r\n"
    )
    with connected(server) as connection:
        connection.sendall(head + bytes(3_000_000))
        connection.shutdown(socket.SHUT_WR)
        answer = received(connection)
    assert b"413" in answer.splitlines()[0]
    assert b"at most 20,000 are read" in answer


@pytest.mark.parametrize(
    "start",
    [
        b"GET / HT",
        b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: 100\r\n\r\n{",
    ],
    ids=["head", "body"],
)
def test_a_client_that_drips_is_dropped(server: ThreadedServer, start: bytes) -> None:
    """Its last byte is never late by more than the timeout of a socket would allow."""
    with connected(server) as connection:
        connection.sendall(start)
        connection.settimeout(0.2)
        answer = None
        for _ in range(300):  # a minute, if it were never dropped
            try:
                connection.sendall(b" ")
                answer = connection.recv(1 << 16)
                break
            except TimeoutError:
                continue
            except ConnectionError:
                answer = b""
                break
        assert answer is not None, "the connection is still open"
        assert answer == b"" or b" 408 " in answer.splitlines()[0]


def test_silent_connections_cost_no_thread_and_end(server: ThreadedServer) -> None:
    threads = threading.active_count()
    silent = [connected(server) for _ in range(400)]  # 300 are kept
    try:
        assert is_healthy(server)
        assert threading.active_count() < threads + 20
        for connection in silent:
            assert connection.recv(1) == b""  # each is closed by the server
    finally:
        for connection in silent:
            connection.close()
    assert is_healthy(server)


def test_a_text_arrives_while_it_is_generated(server: ThreadedServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    content = {"input": "the", "stream": True, "options": {"tokens": 30}}
    headers = {"Content-Type": "application/json"}
    connection.request("POST", "/runs/lm/predict", json.dumps(content), headers)
    response = connection.getresponse()
    lines = [json.loads(line) for line in response]
    assert len(lines) == 31
    assert lines[-1]["done"] is True
    connection.close()


def test_a_client_that_leaves_in_a_stream_hurts_nobody(
    server: ThreadedServer, capfd: pytest.CaptureFixture[str]
) -> None:
    body = json.dumps({"input": "the", "stream": True, "options": {"tokens": 500}}).encode()
    with connected(server) as connection:
        connection.sendall(
            b"POST /runs/lm/predict HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        connection.recv(100)
    assert is_healthy(server)
    assert "Traceback" not in capfd.readouterr().err
