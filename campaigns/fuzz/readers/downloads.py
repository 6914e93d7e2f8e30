"""Downloads: answers of a server on this machine, and the part that an earlier try left."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from campaigns.fuzz.mutations.files import Files
from campaigns.fuzz.readers.reader import Reader
from pmt_apps.kit.download import download
from pmt_core import PmtError

_BODY = b"line of a file\n" * 40
_SHA256 = hashlib.sha256(_BODY).hexdigest()
_SECONDS = 5.0


class _Server:
    """A server that sends the same bytes to everyone, and closes the connection."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/data"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> _Server:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # ends the waiting for a connection
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                with connection, contextlib.suppress(OSError):
                    connection.settimeout(_SECONDS)
                    while not connection.recv(1 << 16).endswith(b"\r\n\r\n"):
                        pass
                    connection.sendall(self._answer)


def _samples() -> Iterator[Files]:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
    length = f"Content-Length: {len(_BODY)}\r\n\r\n".encode()
    chunks = [b"%x\r\n%s\r\n" % (len(part), part) for part in (_BODY[:100], _BODY[100:], b"")]
    partial = (
        f"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 200-{len(_BODY) - 1}/{len(_BODY)}"
        f"\r\nContent-Length: {len(_BODY) - 200}\r\n\r\n"
    )
    yield {"answer.http": head + length + _BODY}
    yield {"answer.http": head + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(chunks)}
    yield {"answer.http": b"HTTP/1.0 200 OK\r\n\r\n" + _BODY}
    yield {"answer.http": partial.encode() + _BODY[200:], "data.part": _BODY[:200]}


def _hostile() -> Iterator[Files]:
    for length in (b"9" * 5000, b"-1", b"18446744073709551616", b"0"):
        yield {"answer.http": b"HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n%s" % (length, _BODY)}
    yield {"answer.http": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000 + b"\r\n" + _BODY}
    yield {"answer.http": b"HTTP/1.1 200 OK\r\nX: " + b"y" * (1 << 20)}
    packed = gzip.compress(_BODY, mtime=0)
    yield {"answer.http": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + packed}


def _download(folder: Path) -> None:
    with _Server((folder / "answer.http").read_bytes()) as server:
        part, target = folder / "data.part", folder / "data"
        earlier = part.read_bytes() if part.is_file() else None
        with contextlib.suppress(PmtError):  # without a checksum nothing is resumed
            download(server.url, target, max_bytes=10_000, seconds=_SECONDS, quiet=True)
        target.unlink(missing_ok=True)
        if earlier is not None:
            part.write_bytes(earlier)
        download(server.url, target, sha256=_SHA256, max_bytes=10_000, seconds=_SECONDS, quiet=True)
    if target.read_bytes() != _BODY:
        raise RuntimeError("the file is not the one with this checksum")


DOWNLOAD_READERS: Sequence[Reader] = (
    Reader("download", _download, _samples, ["pmt_apps.kit.download.download"], _hostile),
)
