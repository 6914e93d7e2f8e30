"""`Connections`: those that say nothing cost no thread. `RequestReader`: what arrives on one."""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections import OrderedDict
from contextlib import suppress
from http import HTTPStatus
from queue import Empty, SimpleQueue

from pmt_apps.server.http import HttpError, RequestHead

_LONGEST_HEAD = 1 << 16  # bytes
_CHUNK = 1 << 16
_END = re.compile(rb"\r?\n\r?\n")


class Connections:
    """Accepts connections, and returns those on which something has arrived.

    A client that says nothing, at first or between two requests, takes a file descriptor and no
    thread. It is closed after `seconds`, or before, if there are more than `most` and it has been
    silent longest.

    Args:
        listener: listening socket.
        seconds: of silence.
        most: silent connections that are kept.
    """

    def __init__(self, listener: socket.socket, seconds: float, most: int) -> None:
        self._listener = listener
        self._seconds = seconds
        self._most = most
        self._silent: OrderedDict[int, tuple[socket.socket, float]] = OrderedDict()
        self._selector = selectors.DefaultSelector()
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ)
        self._returned: SimpleQueue[socket.socket] = SimpleQueue()
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._is_closed = False
        self._selector.register(self._woken, selectors.EVENT_READ)

    def __len__(self) -> int:
        return len(self._silent)

    def ready(self, timeout: float) -> list[socket.socket]:
        """Wait up to `timeout` seconds; return the connections with something to read."""
        arrived = []
        for key, _ in self._selector.select(timeout):
            if key.fileobj is self._listener:
                self._accept()
                continue
            if key.fileobj is self._woken:
                self._take_back()
                continue
            connection, _ = self._silent.pop(key.fd)
            self._selector.unregister(connection)
            connection.setblocking(True)
            arrived.append(connection)
        now = time.monotonic()
        while self._silent and next(iter(self._silent.values()))[1] <= now:
            self._drop_oldest()
        return arrived

    def give_back(self, connection: socket.socket) -> None:
        """Wait for the next request of a connection. Any thread may call this."""
        self._returned.put(connection)
        with suppress(OSError):
            self._wake.send(b"w")
        if self._is_closed:  # nobody waits any more
            self._close_returned()

    def close(self) -> None:
        """Close all silent connections."""
        self._is_closed = True
        self._close_returned()
        while self._silent:
            self._drop_oldest()
        self._selector.close()
        self._wake.close()
        self._woken.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:  # no descriptor is left: the oldest silent one gives its own
                if not self._silent:
                    time.sleep(0.05)
                    return
                self._drop_oldest()
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._wait_for(connection)

    def _close_returned(self) -> None:
        with suppress(Empty):
            while True:
                self._returned.get_nowait().close()

    def _take_back(self) -> None:
        with suppress(OSError):
            self._woken.recv(_CHUNK)
        with suppress(Empty):
            while True:
                self._wait_for(self._returned.get_nowait())

    def _wait_for(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        end = time.monotonic() + self._seconds
        self._silent[connection.fileno()] = (connection, end)
        self._selector.register(connection, selectors.EVENT_READ)
        if len(self._silent) > self._most:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        _, (connection, _) = self._silent.popitem(last=False)
        with suppress(KeyError, ValueError):
            self._selector.unregister(connection)
        connection.close()


class RequestReader:
    """Reads requests from a connection; each part has a deadline, however it drips.

    It is the `wsgi.input` of the request whose head was read last.

    Args:
        connection: a socket.
        seconds: in which a head has to arrive, and again a body.

    Attributes:
        left: bytes of the body that were not read yet.
        continues: whether the client waits for "100 Continue" before it sends the body.
    """

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self.left = 0
        self.continues = False
        self._connection = connection
        self._seconds = seconds
        self._end = 0.0
        self._buffer = b""

    def is_there_more(self, seconds: float) -> bool:
        """Wait for the first byte of the next request; False if there is none, or the end.

        Raises TimeoutError if nothing has come.
        """
        if not self._buffer:
            self._connection.settimeout(seconds)
            self._buffer = self._connection.recv(_CHUNK)
        return bool(self._buffer)

    def head(self) -> RequestHead | None:
        """Return the head of the next request; None if the client has gone before its end.

        Raises:
            HttpError: 400, 414, 431 or 505; nothing more can be read then.
            OSError: if it does not arrive in time.
        """
        self._end = time.monotonic() + self._seconds
        start = 0
        while True:
            self._buffer = self._buffer if start else self._buffer.lstrip(b"\r\n")
            match = _END.search(self._buffer, start)
            if (match.start() if match else len(self._buffer)) > _LONGEST_HEAD:
                is_first = b"\n" not in self._buffer[:_LONGEST_HEAD]
                raise HttpError(
                    HTTPStatus.REQUEST_URI_TOO_LONG if is_first
                    else HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                    f"at most {_LONGEST_HEAD:,} bytes are read before the body",
                )  # fmt: skip
            if match:
                break
            start = max(len(self._buffer) - 3, 0)
            if not (data := self._receive()):
                return None
            self._buffer += data
        head = RequestHead.of(self._buffer[: match.start()])
        self._buffer = self._buffer[match.end() :]
        length = head.headers.get("CONTENT_LENGTH", "")
        is_number = length.isascii() and length.isdigit()
        self.left = int(length[:18]) if is_number else 0  # longer ones are refused by all means
        self.continues = head.headers.get("HTTP_EXPECT", "").lower() == "100-continue"
        self._end = time.monotonic() + self._seconds
        return head

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes of the body, fewer only at its end.

        Raises:
            OSError: if they do not arrive in time.
        """
        size = self.left if size < 0 else min(size, self.left)
        if self.continues and size and not self._buffer:
            self._connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.continues = False
        parts, missing = [self._buffer[:size]], size - len(self._buffer)
        self._buffer = self._buffer[size:]
        while missing > 0 and (data := self._receive()):
            parts.append(data[:missing])
            self._buffer = data[missing:]
            missing -= len(data)
        body = b"".join(parts)
        self.left -= len(body)
        return body

    def _receive(self) -> bytes:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request did not arrive in time")
        self._connection.settimeout(left)
        return self._connection.recv(_CHUNK)
