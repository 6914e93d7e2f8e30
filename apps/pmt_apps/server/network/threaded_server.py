"""`ThreadedServer`: a WSGI server with one thread that reads, and a thread per request."""

from __future__ import annotations

import functools
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from http import HTTPStatus
from io import BytesIO
from typing import Any

from pmt_apps.server.network.answer import Answer
from pmt_apps.server.network.connection import Connection, ReceivedRequest
from pmt_apps.server.network.connections import Connections
from pmt_apps.server.network.direct import Batch, Direct, DirectAnswer, Gathering
from pmt_apps.server.network.http import HttpError
from pmt_apps.server.network.limits import ServeLimits
from pmt_apps.server.network.response import Response
from pmt_apps.server.network.thread_pool import ThreadPool
from pmt_core import FileProblem, SettingsError

_BACKLOG = 512
_TICK = 0.5  # seconds between looks at the clock
_SMALL = 1 << 12  # bytes of a body that is parsed by the thread that reads
_BUSY = HttpError(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections", {"Retry-After": "1"})


class ThreadedServer:
    """Serves a WSGI application on an address until `stop` is called.

    One thread reads the requests of all connections; one that is there completely is answered in a
    thread of its own, so a slow client takes none. A connection has one request after the other
    (HTTP/1.1). The head of a request, and again its body, has to arrive within `limits.arrival`
    seconds, however it drips; a client that does not read its answer is dropped after as long.

    Small requests that an application can compute together need no thread: it has a method
    `direct` for them, see `Direct`.

    Args:
        app: of WSGI. The parts of an answer of known length have to be there without waiting.
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
        self._direct: Direct | None = getattr(app, "direct", None)
        self.limits = limits or ServeLimits()
        self._listener = _listener(host, port)
        self.host, self.port = self._listener.getsockname()[:2]
        most = min(self.limits.connections, _descriptors() // 2)
        self._connections = Connections(self._listener, self.limits, most)
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
        gathering = Gathering()
        timeout: float | None = None
        try:
            while not self._stopped.is_set():
                for connection, request in self._connections.ready(
                    _TICK if timeout is None else timeout
                ):
                    batch = self._begin(connection, request)
                    if batch is not None:
                        gathering.add(connection, batch)
                timeout = gathering.run()
        finally:
            self._connections.close()
            self._listener.close()

    def stop(self) -> None:
        """End `serve`. Requests that are answered go on."""
        self._stopped.set()
        self._connections.wake()

    def _begin(self, connection: Connection, request: ReceivedRequest) -> Batch | None:
        """Answer a request at once, or let a batch, which is returned, or a thread do it."""
        direct = None
        is_small = request.is_whole and len(request.body) <= _SMALL
        if self._direct is not None and is_small and request.head.method == "POST":
            direct = self._direct(self._environ_of(connection, request))
        if direct is None:
            self._start(connection, request)
            return None
        answer = DirectAnswer(self._connections, connection, request, self.limits)
        if not isinstance(direct, Response):
            return answer.begin(direct)
        answer.send(direct)
        return None

    def _start(self, connection: Connection, request: ReceivedRequest) -> None:
        with self._lock:
            is_busy = self._n_active >= self.limits.active
            self._n_active += not is_busy
        if is_busy:
            connection.refuse(_BUSY)
            self._connections.wait_for(connection)
            return
        self._threads.run(functools.partial(self._answer, connection, request))

    def _answer(self, connection: Connection, request: ReceivedRequest) -> None:
        """Answer a request in a thread of its own."""
        try:
            answer = Answer(connection, request, self.limits.arrival)
            answer.send(self.app(self._environ_of(connection, request), answer.start))
        except OSError:  # the client is gone, or too slow
            connection.give_up()
        except Exception:  # a stream that fails: what is missing is seen by the client
            traceback.print_exc(file=sys.stderr)
            connection.give_up()
        finally:
            with self._lock:
                self._n_active -= 1
            self._connections.give_back(connection)

    def _environ_of(self, connection: Connection, request: ReceivedRequest) -> dict[str, Any]:
        head = request.head
        return {
            **self._environ, **head.headers, "REMOTE_ADDR": connection.address,
            "REQUEST_METHOD": head.method, "PATH_INFO": head.path, "QUERY_STRING": head.query,
            "SERVER_PROTOCOL": head.version, "wsgi.input": BytesIO(request.body),
        }  # fmt: skip


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
