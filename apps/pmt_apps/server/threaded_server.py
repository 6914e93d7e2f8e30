"""`ThreadedServer`: a WSGI server of the standard library, a thread for each request."""

from __future__ import annotations

import functools
import io
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler

from pmt_apps.server.connections import Connections
from pmt_apps.server.limits import ServeLimits
from pmt_apps.server.thread_pool import ThreadPool
from pmt_core import FileProblem, SettingsError

_BACKLOG = 512
_TICK = 0.5  # seconds between looks at the clock
_DRAIN = 2.0  # seconds in which the rest of a refused body is thrown away
_BUFFER = 1 << 16  # bytes of an answer that leave together
_BUSY = (
    b"HTTP/1.0 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
    b'Connection: close\r\n\r\n{"error": {"status": 503, "message": "too many connections"}}\n'
)


class ThreadedServer:
    """Serves a WSGI application on an address until `stop` is called.

    A connection is one request (HTTP/1.0). The head of a request, and again its body, has to
    arrive within `limits.arrival` seconds, however it drips; a client that does not read its answer
    is dropped after as long.

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
        self._slots = threading.BoundedSemaphore(self.limits.active)
        self._threads = ThreadPool()
        self._stopped = threading.Event()
        self.base_environ = {
            "SERVER_NAME": self.host,
            "SERVER_PORT": str(self.port),
            "GATEWAY_INTERFACE": "CGI/1.1",
            "REMOTE_HOST": "",
            "CONTENT_LENGTH": "",
            "SCRIPT_NAME": "",
        }

    def get_app(self) -> Callable[..., Any]:
        """Return the application; `WSGIRequestHandler` asks for it."""
        return self.app

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
        if not self._slots.acquire(blocking=False):
            with suppress(OSError):
                connection.settimeout(0.1)
                connection.sendall(_BUSY)
            connection.close()
            return
        self._threads.run(functools.partial(self._answer, connection))

    def _answer(self, connection: socket.socket) -> None:
        try:
            address = connection.getpeername()
            _Handler(connection, address, self)  # type: ignore[arg-type]
            _finish(connection)
        except OSError:
            pass  # the client is gone, or too slow
        finally:
            connection.close()
            self._slots.release()


class _Handler(WSGIRequestHandler):
    """Reads one request with a deadline, and runs the application."""

    server_version = "pmt"
    sys_version = ""

    def setup(self) -> None:
        seconds = self.server.limits.arrival  # type: ignore[attr-defined]
        self._raw = _DeadlineReader(self.request, seconds)
        self.rfile = io.BufferedReader(self._raw)
        self.connection = self.request
        # Head and body of a short answer leave together: `flush` follows each part of a body.
        self.wfile = io.BufferedWriter(_Writer(self.request, seconds), _BUFFER)

    def handle(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if len(self.raw_requestline) > 65536:
            self.requestline = self.request_version = self.command = ""
            self.send_error(414)
            return
        if not self.parse_request():
            return  # the error was sent
        self._raw.restart()
        handler = _Application(self.rfile, self.wfile, sys.stderr, self.get_environ())  # type: ignore[arg-type]
        handler.request_handler = self  # type: ignore[attr-defined]
        handler.run(self.server.get_app())  # type: ignore[attr-defined]

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: errors of clients are told to the clients."""


class _Application(ServerHandler):
    """Runs the application; a client that is gone is no error."""

    server_software = "pmt"

    def log_exception(self, exc_info: Any) -> None:
        if not isinstance(exc_info[1], OSError):
            super().log_exception(exc_info)

    def error_output(self, environ: Any, start_response: Any) -> Any:
        if isinstance(sys.exc_info()[1], OSError):
            return []
        return super().error_output(environ, start_response)


class _DeadlineReader(io.RawIOBase):
    """A socket that is read until a point in time. A timeout of the socket counts anew per byte."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds
        self.restart()

    def restart(self) -> None:
        self._end = time.monotonic() + self._seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request did not arrive in time")
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class _Writer(io.RawIOBase):
    """A socket that is written to; each write has a deadline."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._connection.settimeout(self._seconds)
        self._connection.sendall(data)
        return len(data)


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
