"""Answers that clients do not read, or that are late: nobody else waits for them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from served import connected, post, received, running_with_small_buffers, wait_for_threads

from pmt_apps.server.network.limits import ServeLimits
from pmt_apps.server.network.response import Response

LIMITS = ServeLimits(arrival=600, seconds=600)
LARGE = bytes(range(256)) * (1 << 13)  # 2 MiB, more than a socket takes


class DirectApp:
    """Answers each POST at once by `answer`; others by WSGI, from a body that it counts."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer
        self.closed = threading.Semaphore(0)

    def direct(self, environ: Any) -> Any:
        return self.answer() if callable(self.answer) else self.answer

    def __call__(self, environ: Any, start: Callable[..., Any]) -> Iterable[bytes]:
        is_large = environ["PATH_INFO"] == "/large"
        start("200 OK", [("Content-Length", str(len(LARGE) if is_large else 5))])
        return self.parts(LARGE if is_large else b"small")

    def parts(self, data: bytes) -> Iterator[bytes]:
        try:
            for start in range(0, len(data), 1 << 16):
                yield data[start : start + (1 << 16)]
        finally:
            self.closed.release()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_client_that_does_not_read_holds_nobody(method: str) -> None:
    """More of them than threads; in the end they get every byte, one after the other."""
    app = DirectApp(lambda: Response.of_bytes(LARGE, "text/plain"))
    request = post(b"", "/large", method=method)
    with running_with_small_buffers(
        app, ServeLimits(arrival=600, active=2, arriving=1 << 28)
    ) as server:
        slow = []
        for _ in range(5):
            slow.append(connected(server, request * 2))
            assert slow[-1].recv(4) == b"HTTP"  # the answer is under way
            wait_for_threads(server)
        for _ in range(3):
            with connected(server, post(b"", "/small", "Connection: close", method="GET")) as fast:
                assert received(fast).endswith(b"small")
            wait_for_threads(server)
        for stream in slow:
            stream.shutdown(socket.SHUT_WR)
            answer = received(stream)
            stream.close()
            heads = answer.split(LARGE)
            assert len(heads) == 3
            assert heads[0] == heads[1].removeprefix(b"HTTP")
            assert heads[2] == b""


def test_the_end_of_a_server_whose_answers_are_not_read(capfd: pytest.CaptureFixture[str]) -> None:
    """It ends at once; the bodies are closed, and the clients see the end."""
    app = DirectApp(lambda: Response.of_bytes(LARGE, "text/plain"))
    with running_with_small_buffers(app, LIMITS) as server:
        slow = [connected(server, post(b"", "/large", method=m)) for m in ("GET", "POST", "GET")]
        for stream in slow:
            assert stream.recv(4) == b"HTTP"
    for stream in slow:
        data = b""
        with suppress(ConnectionError):
            data = received(stream)
        assert len(data) < len(LARGE)
        stream.close()
    assert app.closed.acquire(timeout=600)
    assert app.closed.acquire(timeout=600)
    assert "Traceback" not in capfd.readouterr().err


def test_a_client_that_vanishes_before_its_answer_is_sent(
    capfd: pytest.CaptureFixture[str],
) -> None:
    app = DirectApp(lambda: Response.of_bytes(LARGE, "text/plain"))
    with running_with_small_buffers(app, LIMITS) as server:
        for method in ("GET", "POST"):
            with connected(server, post(b"", "/large", method=method)) as stream:
                assert stream.recv(4) == b"HTTP"
        assert app.closed.acquire(timeout=600)
        with connected(server, post(b"", "/small", "Connection: close", method="GET")) as fast:
            assert received(fast).endswith(b"small")
    assert "Traceback" not in capfd.readouterr().err


def test_unsent_answers_take_little_memory() -> None:
    """Of five answers of 2 MiB two fit; the clients that have waited longest are closed."""
    app = DirectApp(lambda: Response.of_bytes(LARGE, "text/plain"))
    with running_with_small_buffers(app, ServeLimits(arrival=600, arriving=5 << 20)) as server:
        slow = []
        for _ in range(5):
            slow.append(connected(server, post(b"", "/large")))
            assert slow[-1].recv(4) == b"HTTP"
        with connected(server, post(b"", "/small", "Connection: close", method="GET")) as fast:
            assert received(fast).endswith(b"small")
        sizes = []
        for stream in slow:
            stream.shutdown(socket.SHUT_WR)
            try:
                sizes.append(len(received(stream)))
            except ConnectionError:
                sizes.append(0)
            stream.close()
    assert [size > len(LARGE) for size in sizes] == [False, False, False, True, True]


# --- time -----------------------------------------------------------------------------------------


class NeverComputed:
    """A task, and its batch, that gives no answer."""

    def __init__(self) -> None:
        self.done: Callable[[Response], None] | None = None
        self.given_up = threading.Event()

    def enqueue(self, done: Callable[[Response], None]) -> tuple[Any, Callable[[], None]]:
        self.done = done
        return self, self.given_up.set

    def run(self) -> bool:
        return False

    def late(self, seconds: float) -> Response:
        return Response.of_bytes(b"late", "text/plain")


def test_an_answer_that_is_late_is_given_up() -> None:
    task = NeverComputed()
    limits = ServeLimits(arrival=600, seconds=0)
    with running_with_small_buffers(DirectApp(task), limits) as server:
        with connected(server, post(b"{}", "/predict", "Connection: close")) as stream:
            assert received(stream).endswith(b"\r\n\r\nlate")
            assert task.given_up.is_set()
            assert task.done is not None
            task.done(Response.of_bytes(b"too late", "text/plain"))
        with connected(server, post(b"", "/small", "Connection: close", method="GET")) as fast:
            assert received(fast).endswith(b"small")
