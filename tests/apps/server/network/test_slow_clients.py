"""Clients that are slow, half-closed, or gone take no thread from those that behave."""

from __future__ import annotations

import socket
import struct
import threading
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import numpy as np
import pytest
from served import connected, received, running, wait_for_threads

from pmt_apps.server.network import connections
from pmt_apps.server.network.connection import Connection, ReceivedRequest
from pmt_apps.server.network.limits import ServeLimits
from pmt_apps.server.network.threaded_server import ThreadedServer

POST = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
CLOSING = b"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
GET = b"GET /%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
SLOW = ServeLimits(body=20_000, arrival=600, active=2)  # nothing ends by itself
ENDLESS = b"x" * (1 << 20)


def echo(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Return path and body, as an application that reads no more than the body."""
    answer = environ["PATH_INFO"].encode() + b":" + environ["wsgi.input"].read()
    start("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]


@contextmanager
def served(app: Callable[..., Any] = echo, limits: ServeLimits = SLOW) -> Iterator[ThreadedServer]:
    with running(app, limits) as server:
        yield server


def ask(server: ThreadedServer, data: bytes = GET % b"well") -> bytes:
    """Send a request when no other is answered, and return the answer."""
    wait_for_threads(server)
    with connected(server, data) as stream:
        return received(stream)


def body_of(answer: bytes) -> bytes:
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    return answer.partition(b"\r\n\r\n")[2]


def is_open(stream: socket.socket) -> bool:
    stream.setblocking(False)
    try:
        return bool(stream.recv(1))
    except BlockingIOError:
        return True
    except ConnectionError:
        return False
    finally:
        stream.settimeout(600)


def test_slow_clients_take_no_thread_and_are_answered_in_the_end() -> None:
    """300 send a byte each in turn, of a head or of a body; two threads may answer at once."""
    request = CLOSING % 8 + b"a slow 1"
    with served() as server, ExitStack() as stack:
        head, body = request[:20], request[:-6]
        slow = [stack.enter_context(connected(server, (head, body)[i % 2])) for i in range(300)]
        threads = threading.active_count()
        for turn in range(5):
            for i, stream in enumerate(slow):
                start = len((head, body)[i % 2]) + turn
                stream.sendall(request[start : start + 1])
            assert body_of(ask(server)) == b"/well:"
            assert threading.active_count() <= threads + SLOW.active
        assert all(is_open(stream) for stream in slow)
        for i, stream in enumerate(slow):
            wait_for_threads(server)
            stream.sendall(request[len((head, body)[i % 2]) + 5 :])
            assert body_of(received(stream)) == b"/echo:a slow 1"


def test_what_slow_clients_sent_takes_little_memory() -> None:
    """300 hold 10,000 bytes each, of which 40 fit; those that have waited longest are closed."""
    limits = ServeLimits(body=20_000, arrival=600, active=2, arriving=400_000)
    with served(limits=limits) as server, ExitStack() as stack:
        assert body_of(ask(server)) == b"/well:"
        tracemalloc.start()
        try:
            slow = []
            for i in range(300):
                slow.append(stack.enter_context(connected(server, CLOSING % 10_001)))
                slow[-1].sendall(b"x" * 10_000)
                if i % 20 == 0:
                    assert body_of(ask(server)) == b"/well:"
            for stream in slow[:200]:
                with suppress(ConnectionError):  # it may have sent more than was read
                    assert stream.recv(1) == b""
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 3_000_000
        slow[-1].sendall(b"y")
        assert body_of(received(slow[-1])) == b"/echo:" + b"x" * 10_000 + b"y"


def test_the_time_of_each_part_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A silent client and a head are closed, a body is answered by 408; others go on."""
    now = [0.0]
    monkeypatch.setattr(connections.time, "monotonic", lambda: now[0])
    with served() as server, ExitStack() as stack:
        starts = (b"", b"GET / HT", CLOSING % 9 + b"half")
        slow = [stack.enter_context(connected(server, data)) for data in starts]
        for _ in range(2):
            assert body_of(ask(server)) == b"/well:"  # all others were read before
        now[0] = 599
        assert body_of(ask(server)) == b"/well:"
        assert all(is_open(stream) for stream in slow)
        now[0] = 601
        answers = [received(stream) for stream in slow]
        assert answers[:2] == [b"", b""]
        assert answers[2].startswith(b"HTTP/1.1 408 ")
        assert b"the body did not arrive in time" in answers[2]
        assert body_of(ask(server)) == b"/well:"


def test_half_closed_connections() -> None:
    """A client that sends nothing more is answered if its request is complete."""
    with served() as server:
        for data, expected in (
            (GET % b"a", b"/a:"), (POST % 4 + b"body", b"/echo:body"),
            (POST % 9 + b"half", b"/echo:half"), (b"", b""), (b"GET / HTTP/1.1\r\nHos", b""),
        ):  # fmt: skip
            with connected(server, data) as stream:
                stream.shutdown(socket.SHUT_WR)
                assert received(stream).partition(b"\r\n\r\n")[2] == expected


def test_requests_are_the_same_in_whatever_pieces_they_arrive() -> None:
    sent = b"\r\n" + POST % 7 + b"\r\n\r\nabc" + GET % b"b" + POST % 0 + CLOSING % 3 + b"xyz"
    expected = [(b"/echo", b"\r\n\r\nabc"), (b"/b", b""), (b"/echo", b""), (b"/echo", b"xyz")]
    rng = np.random.default_rng(0)
    cuts = [[], [*range(1, len(sent))], *(rng.integers(0, len(sent), 5) for _ in range(200))]
    for places in cuts:
        ends = [*sorted({int(x) for x in places}), len(sent)]
        ours, theirs = socket.socketpair()
        with ours, theirs:
            connection, found = Connection(ours, "", 100), list[ReceivedRequest]()
            for start, end in zip([0, *ends], ends, strict=False):
                theirs.sendall(sent[start:end])
                if end > start:
                    connection.receive()
                while request := connection.request():
                    found.append(request)
            assert [(r.head.path.encode(), r.body) for r in found] == expected
            assert connection.parts == 0


def test_many_requests_that_are_sent_together() -> None:
    with served() as server:
        answer = ask(server, b"".join(POST % 2 + b"%02d" % i for i in range(90)) + GET % b"end")
        assert [part[:2] for part in answer.split(b"/echo:")[1:]] == [
            b"%02d" % i for i in range(90)
        ]
        assert answer.endswith(b"/end:")


def test_a_body_is_asked_for_once() -> None:
    ask_first = CLOSING.replace(b"Host", b"Expect: 100-continue\r\nHost")
    with served() as server:
        with connected(server, ask_first % 3) as stream:
            assert stream.recv(1 << 16) == b"HTTP/1.1 100 Continue\r\n\r\n"
            for byte in (b"a", b"b", b"c"):
                assert is_open(stream)
                stream.sendall(byte)
                assert body_of(ask(server)) == b"/well:"
            assert body_of(received(stream)) == b"/echo:abc"
        assert b"100 Continue" not in ask(server, ask_first % 3 + b"abc")
        assert b"100 Continue" not in ask(server, ask_first % 100_000)  # it is not read


def test_a_client_that_vanishes_while_its_answer_is_written(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Its answer ends, and its thread is there for others."""
    ended = [threading.Event() for _ in range(6)]

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/well":
            return echo(environ, start)
        start("200 OK", [])
        return endless(ended[int(environ["PATH_INFO"][1:])])

    def endless(end: threading.Event) -> Iterator[bytes]:
        try:
            while True:
                yield ENDLESS
        finally:
            end.set()

    with served(app) as server:
        for i, event in enumerate(ended):
            with connected(server, GET % str(i).encode()) as stream:
                stream.recv(100)
                if i % 2:  # it resets the connection
                    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            assert event.wait(600)
            assert body_of(ask(server)) == b"/well:"
    assert "Traceback" not in capfd.readouterr().err


def test_more_requests_than_threads_are_refused_until_one_ends() -> None:
    go = threading.Event()
    begun = threading.Semaphore(0)

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/waits":
            begun.release()
            assert go.wait(600)
        return echo(environ, start)

    with served(app) as server, ExitStack() as stack:
        waiting = [stack.enter_context(connected(server, GET % b"waits")) for _ in range(2)]
        for _ in waiting:
            assert begun.acquire(timeout=600)
        refused = received(stack.enter_context(connected(server, GET % b"well")))
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 1" in refused
        go.set()
        for stream in waiting:
            assert body_of(received(stream)) == b"/waits:"
        assert body_of(ask(server)) == b"/well:"


def test_refused_clients_that_stay_take_no_thread() -> None:
    with served() as server, ExitStack() as stack:
        for data in (b"nonsense\r\n\r\n", POST % 100_000):
            for _ in range(20):
                stack.enter_context(connected(server, data)).recv(9)
        assert body_of(ask(server)) == b"/well:"


def test_an_error_of_one_connection_ends_no_other(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(connection: Connection) -> None:
        raise RuntimeError("a fault of the server")

    with served() as server:
        with monkeypatch.context() as patched:
            patched.setattr(Connection, "request", fail)
            assert ask(server) == b""
        assert body_of(ask(server)) == b"/well:"
    assert "a fault of the server" in capfd.readouterr().err
