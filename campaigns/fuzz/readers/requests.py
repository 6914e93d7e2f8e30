"""Requests that arrive at the server of `pmt serve`, one after the other on a connection."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from campaigns.fuzz.mutations.files import Files
from campaigns.fuzz.readers.reader import Reader
from pmt_apps.server.network.connection import Connection
from pmt_apps.server.network.http import HttpError
from pmt_core import DataError

_BODY = b'{"text": "Ann met Bob."}'
_LARGEST_BODY = 1 << 20
_MOST_HELD = _LARGEST_BODY + (1 << 16)
_POST = (
    b"POST /runs/a%20b/predict?x=1 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n"
    b"Content-Type: application/json\r\nContent-Length: " + str(len(_BODY)).encode()
)


class _Stream:
    """A socket on which the bytes of a file arrive."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def recv(self, size: int) -> bytes:
        return self._data.read(size)

    def send(self, data: bytes) -> int:
        return len(data)

    def setblocking(self, is_blocking: bool) -> None:
        pass


def _samples() -> Iterator[Files]:
    yield {"requests.http": b"GET / HTTP/1.0\r\n\r\n"}
    yield {
        "requests.http": b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    }
    yield {"requests.http": (_POST + b"\r\n\r\n" + _BODY) * 2}
    yield {"requests.http": _POST + b"\r\nExpect: 100-continue\r\n\r\n" + _BODY}


def _hostile() -> Iterator[Files]:
    get = b"GET / HTTP/1.1\r\n"
    yield {"requests.http": get + b"X: y\r\n" * 100_000 + b"\r\n"}
    yield {"requests.http": get + b"X: " + b"y" * (1 << 20)}
    yield {"requests.http": b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\n\r\n"}
    yield {"requests.http": b"\r\n" * (1 << 19)}
    for length in (b"9" * 5000, b"-1", b"18446744073709551616", b"1, 1"):
        yield {"requests.http": get + b"Content-Length: %s\r\n\r\n%s" % (length, _BODY)}


def _read(folder: Path) -> None:
    stream: Any = _Stream((folder / "requests.http").read_bytes())
    connection = Connection(stream, "127.0.0.1", _LARGEST_BODY)
    while not connection.is_ended:
        connection.receive()
        if connection.size > _MOST_HELD:
            raise RuntimeError(f"{connection.size} bytes are held")
        try:
            while request := connection.request():
                if not request.is_whole:
                    raise DataError("the body is too large, or its end is missing")
                head = request.head
                if not (head.path.startswith("/") and head.version.startswith("HTTP/1.")):
                    raise RuntimeError(f"a head was accepted that is none: {head}")
        except HttpError as error:
            raise DataError(str(error)) from error
    if connection.parts:
        raise DataError("the end of the head is missing")


REQUEST_READERS: Sequence[Reader] = (
    Reader(
        "requests",
        _read,
        _samples,
        ["pmt_apps.server.network.connection.Connection.request"],
        _hostile,
    ),
)
