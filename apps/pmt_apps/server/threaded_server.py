"""`ThreadedServer`: a WSGI server with a thread per request; connections stay open."""

from __future__ import annotations

import functools
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from pmt_apps.server.connections import Connections, RequestReader
from pmt_apps.server.http import HttpError, RequestHead, Response
from pmt_apps.server.limits import ServeLimits
from pmt_apps.server.thread_pool import ThreadPool
from pmt_core import FileProblem, SettingsError

_BACKLOG = 512
_TICK = 0.5  # seconds between looks at the clock
_DRAIN = 2.0  # seconds in which the rest of a refused body is thrown away
_LINGER = 0.05  # seconds in which the thread of an answer waits for the next request
_BUSY = HttpError(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections", {"Retry-After": "1"})


class ThreadedServer:
    """Serves a WSGI application on an address until `stop` is called.

    A connection has one request after the other (HTTP/1.1). The head of a request, and again its
    body, has to arrive within `limits.arrival` seconds, however it drips; a client that does not
    read its answer is dropped after as long. After an answer, its thread waits a moment for the
    next request, as programs send one after the other; then the connection waits without a thread.

    Args:
        app: of WSGI.
        host: address or name to listen on.
        port: 0 takes one that is free.
        limits: times and numbers of connections.

    Raises:
        SettingsError: if the address cannot be taken.
    """

    def __init__(
        self, app: Callable[..., Any], host: str, port: int, limits: ServeLimits | None = None
    ) -> None:
        self.app = app
        self.limits = limits or ServeLimits()
        self._listener = _listener(host, port)
        self.host, self.port = self._listener.getsockname()[:2]
        most = min(self.limits.connections, _descriptors() // 2)
        self._connections = Connections(self._listener, self.limits.arrival, most)
        self._n_active = 0
        self._lock = threading.Lock()
        self._threads = ThreadPool()
        self._stopped = threading.Event()
        self._environ = {
            "SERVER_NAME": self.host, "SERVER_PORT": str(self.port), "SCRIPT_NAME": "",
            "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.errors": sys.stderr,
            "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
        }  # fmt: skip

    def serve(self) -> None:
        """Answer requests until `stop` is called, from this or another thread or a signal."""
        try:
            while not self._stopped.is_set():
                for connection in self._connections.ready(_TICK):
                    self._start(connection)
        finally:
            self._connections.close()
            self._listener.close()

    def stop(self) -> None:
        """End `serve` within half a second. Requests that are answered go on."""
        self._stopped.set()

    def _start(self, connection: socket.socket) -> None:
        with self._lock:
            is_busy = self._n_active >= self.limits.active
            self._n_active += not is_busy
        if is_busy:
            with suppress(OSError):
                connection.settimeout(0.1)
                _send_error(connection, _BUSY)
            connection.close()
            return
        self._threads.run(functools.partial(self._answer, connection))

    def _answer(self, connection: socket.socket) -> None:
        """Answer the requests of a connection, until it is silent or ends."""
        is_silent = False
        try:
            is_silent = self._answer_all(connection)
        except OSError:
            pass  # the client is gone, or too slow
        finally:
            with self._lock:
                self._n_active -= 1
            if is_silent:
                self._connections.give_back(connection)
            else:
                connection.close()

    def _answer_all(self, connection: socket.socket) -> bool:
        """Return whether the connection stays open, and is silent."""
        peer = connection.getpeername()
        reader = RequestReader(connection, self.limits.arrival)
        while True:
            try:
                wait = _LINGER if self._n_active <= self.limits.active // 2 else 0.001
                if not reader.is_there_more(wait):
                    return False
            except TimeoutError:
                return not self._stopped.is_set()
            try:
                head = reader.head()
            except HttpError as error:
                connection.settimeout(self.limits.arrival)
                _send_error(connection, error)
                _finish(connection)
                return False
            if head is None:
                return False
            environ = {
                **self._environ, **head.headers, "REMOTE_ADDR": str(peer[0]) if peer else "",
                "REQUEST_METHOD": head.method, "PATH_INFO": head.path, "QUERY_STRING": head.query,
                "SERVER_PROTOCOL": head.version, "wsgi.input": reader,
            }  # fmt: skip
            answer = _Answer(connection, head, self.limits.arrival)
            answer.send(self.app(environ, answer.start), reader)
            if not answer.keeps_open or self._stopped.is_set():
                _finish(connection)
                return False


class _Answer:
    """Sends the answer to one request.

    Attributes:
        keeps_open: whether another request may follow.
    """

    def __init__(self, connection: socket.socket, head: RequestHead, seconds: float) -> None:
        option = head.headers.get("HTTP_CONNECTION", "").lower()
        self.keeps_open = option != "close" and (
            head.version == "HTTP/1.1" or option == "keep-alive"
        )
        self._connection = connection
        self._seconds = seconds
        self._status = ""
        self._headers: list[tuple[str, str]] = []

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        """Keep the head of the answer; `start_response` of WSGI."""
        self._status, self._headers = status, headers

    def send(self, body: Iterable[bytes], reader: RequestReader) -> None:
        """Send head and body; head and first part leave together."""
        try:
            has_length = any(name == "Content-Length" for name, _ in self._headers)
            self.keeps_open = self.keeps_open and has_length and not reader.left
            self._connection.settimeout(self._seconds)
            data = _head(self._status, self._headers, self.keeps_open)
            for part in body:
                self._connection.sendall(data + part)
                data = b""
            if data:
                self._connection.sendall(data)
        except OSError:
            raise
        except Exception:  # a stream that fails: what is missing is seen by the client
            traceback.print_exc(file=sys.stderr)
            self.keeps_open = False
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()


def _head(status: str, headers: Iterable[tuple[str, str]], keeps_open: bool) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
    lines += ["Server: pmt", f"Connection: {'keep-alive' if keeps_open else 'close'}", "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _send_error(connection: socket.socket, error: HttpError) -> None:
    """Send an answer to what is no request, and say that the connection ends."""
    response = Response.of_error(error)
    status = f"{int(error.status)} {error.status.phrase}"
    connection.sendall(_head(status, response.all_headers(), False) + b"".join(response.body))


def _finish(connection: socket.socket) -> None:
    """Let the client read its answer: a close with unread data would reset the connection."""
    connection.shutdown(socket.SHUT_WR)
    end = time.monotonic() + _DRAIN
    while (left := end - time.monotonic()) > 0:
        connection.settimeout(left)
        if not connection.recv(1 << 16):
            return


def _listener(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise SettingsError(
            f"--host {host}: {error}; expected an address of this machine"
        ) from error
    listener = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise FileProblem(
            f"cannot listen on {host}, port {port}: {error.strerror or error}; "
            "another program may use that port: give another --port, or 0 for any that is free"
        ) from error
    return listener


def _descriptors() -> int:
    """Return the number of files that this process may have open."""
    try:
        import resource
    except ImportError:  # Windows
        return 8_192
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 20 if soft == resource.RLIM_INFINITY else soft
