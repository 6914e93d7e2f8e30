"""`ThreadedServer`: a WSGI server with a thread per request (`ThreadPool`)."""

from __future__ import annotations

import functools
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BytesIO
from queue import Empty, SimpleQueue
from typing import Any

from pmt_apps.server.connection import Connection, ReceivedRequest, answer_head
from pmt_apps.server.connections import Connections
from pmt_apps.server.http import HttpError
from pmt_apps.server.limits import ServeLimits
from pmt_core import FileProblem, SettingsError

_BACKLOG = 512
_TICK = 0.5  # seconds between looks at the clock
_LINGER = 0.05  # seconds in which the thread of an answer waits for the next request
_FEW = 2  # requests that are answered, so that it waits
_IDLE = 10.0  # seconds until a thread without work ends
_BUSY = HttpError(HTTPStatus.SERVICE_UNAVAILABLE, "too many connections", {"Retry-After": "1"})
_Job = Callable[[], None]


class ThreadedServer:
    """Serves a WSGI application on an address until `stop` is called.

    One thread reads the requests of all connections; one that is there completely is answered in a
    thread of its own, so a slow client takes none. A connection has one request after the other
    (HTTP/1.1). The head of a request, and again its body, has to arrive within `limits.arrival`
    seconds, however it drips; a client that does not read its answer is dropped after as long.
    After an answer, its thread waits a moment for the next request if there are few clients.

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
        try:
            while not self._stopped.is_set():
                for connection, request in self._connections.ready(_TICK):
                    self._start(connection, request)
        finally:
            self._connections.close()
            self._listener.close()

    def stop(self) -> None:
        """End `serve` within half a second. Requests that are answered go on."""
        self._stopped.set()

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
        """Answer a request, and those that follow at once."""
        is_open = False
        try:
            is_open = self._answer_all(connection, request)
        except OSError:
            pass  # the client is gone, or too slow
        finally:
            with self._lock:
                self._n_active -= 1
            if is_open:
                self._connections.give_back(connection)
            else:
                connection.stream.close()

    def _answer_all(self, connection: Connection, first: ReceivedRequest) -> bool:
        """Return whether something is still to be read from the connection."""
        request: ReceivedRequest | None = first
        connection.stream.settimeout(_LINGER)
        while request is not None:
            answer = _Answer(connection, request, self.limits.arrival)
            answer.send(self.app(self._environ_of(connection, request), answer.start))
            if not answer.keeps_open or self._stopped.is_set():
                is_read = request.is_whole and not connection.size
                connection.finish()
                return not (is_read or connection.is_ended)
            try:
                request = connection.request() or self._next(connection)
            except HttpError as error:
                connection.refuse(error)
        return not connection.is_ended

    def _next(self, connection: Connection) -> ReceivedRequest | None:
        """Return the next request if it comes soon: for few clients this saves two switches of
        threads; many are served faster if one thread reads for all.
        """
        if self._n_active > _FEW:
            return None
        try:
            connection.receive()
        except TimeoutError:
            return None
        return connection.request()

    def _environ_of(self, connection: Connection, request: ReceivedRequest) -> dict[str, Any]:
        head = request.head
        return {
            **self._environ, **head.headers, "REMOTE_ADDR": connection.address,
            "REQUEST_METHOD": head.method, "PATH_INFO": head.path, "QUERY_STRING": head.query,
            "SERVER_PROTOCOL": head.version, "wsgi.input": BytesIO(request.body),
        }  # fmt: skip


class ThreadPool:
    """Runs each function in a thread: in one that is idle, or else in a new one.

    A thread takes a tenth of a millisecond to start, about as much as it takes to answer a short
    request. Unlike those of `ThreadPoolExecutor`, the threads are daemons: a request that is never
    answered does not keep the process from ending. The caller limits how many run at once.
    """

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._idle = 0
        self._lock = threading.Lock()

    def run(self, job: _Job) -> None:
        """Run a function, which raises nothing, in a thread."""
        with self._lock:
            if self._idle:
                self._idle -= 1  # that thread takes the job, or another that is idle
                self._jobs.put(job)
                return
        threading.Thread(target=self._work, args=(job,), daemon=True).start()

    def _work(self, job: _Job) -> None:
        while True:
            job()
            with self._lock:
                self._idle += 1
            try:
                job = self._jobs.get(timeout=_IDLE)
            except Empty:
                with self._lock:
                    if self._idle:
                        self._idle -= 1
                        return
                job = self._jobs.get()  # a job was put for it just now


class _Answer:
    """Sends the answer to one request.

    Attributes:
        keeps_open: whether another request may follow.
    """

    def __init__(self, connection: Connection, request: ReceivedRequest, seconds: float) -> None:
        head = request.head
        option = head.headers.get("HTTP_CONNECTION", "").lower()
        self.keeps_open = (
            request.is_whole
            and option != "close"
            and (head.version == "HTTP/1.1" or option == "keep-alive")
        )
        self._stream = connection.stream
        self._seconds = seconds
        self._status = ""
        self._headers: list[tuple[str, str]] = []

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        """Keep the head of the answer; `start_response` of WSGI."""
        self._status, self._headers = status, headers

    def send(self, body: Iterable[bytes]) -> None:
        """Send head and body; head and first part leave together."""
        try:
            has_length = any(name == "Content-Length" for name, _ in self._headers)
            self.keeps_open = self.keeps_open and has_length
            data = answer_head(self._status, self._headers, keeps_open=self.keeps_open)
            for part in body:
                self._send(data + part)
                data = b""
            if data:
                self._send(data)
        except OSError:
            raise
        except Exception:  # a stream that fails: what is missing is seen by the client
            traceback.print_exc(file=sys.stderr)
            self.keeps_open = False
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()

    def _send(self, data: bytes) -> None:
        """Send all of it. Most answers are sent by one call, without another one for its time:
        with each, the thread might have to wait for others (the GIL).
        """
        try:
            sent = self._stream.send(data)
        except TimeoutError:
            sent = 0
        if sent < len(data):
            self._stream.settimeout(self._seconds)
            self._stream.sendall(memoryview(data)[sent:])
            self._stream.settimeout(_LINGER)


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
