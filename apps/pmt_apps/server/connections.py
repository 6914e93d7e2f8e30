"""`Connections`: one thread reads the requests of all connections."""

from __future__ import annotations

import selectors
import socket
import sys
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus

from pmt_apps.server.connection import Connection, ReceivedRequest
from pmt_apps.server.http import HttpError
from pmt_apps.server.limits import ServeLimits

_LATE = HttpError(HTTPStatus.REQUEST_TIMEOUT, "the body did not arrive in time")


class Connections:
    """Accepts connections, and returns those with a request that can be answered.

    A client that sends nothing, or parts of a request, takes a file descriptor and a buffer, and no
    thread. It is closed if it sends nothing for `limits.arrival` seconds, or if the head of its
    request, and again the body, takes longer; and before, if there are more connections or bytes
    than the limits, and no other one has waited longer.

    Args:
        listener: listening socket.
        limits: times, and numbers of connections and bytes.
        most: connections that may wait.
    """

    def __init__(self, listener: socket.socket, limits: ServeLimits, most: int) -> None:
        self._listener = listener
        self._limits = limits
        self._most = most
        self._waiting: OrderedDict[Connection, float] = OrderedDict()  # by the end of their time
        self._held = 0  # bytes of their buffers
        self._selector = selectors.DefaultSelector()
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ)
        self._returned: list[Connection] = []
        self._lock = threading.Lock()
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._is_closed = False
        self._selector.register(self._woken, selectors.EVENT_READ)

    def ready(self, timeout: float) -> Iterator[tuple[Connection, ReceivedRequest]]:
        """Wait up to `timeout` seconds; yield the connections with a request, which is taken."""
        for key, _ in self._selector.select(timeout):
            if key.fileobj is self._listener:
                self._accept()
            elif key.fileobj is self._woken:
                self._take_back()
            elif key.data in self._waiting:  # it was not closed for another one just now
                request = self._receive(key.data)
                if request is not None:
                    yield key.data, request
        now = time.monotonic()
        while self._waiting and next(iter(self._waiting.values())) <= now:
            self._end_oldest()

    def wait_for(self, connection: Connection) -> None:
        """Wait for the next request, or for the end of a connection that is over."""
        connection.stream.setblocking(False)
        self._waiting[connection] = time.monotonic() + self._limits.arrival
        self._held += connection.size
        self._selector.register(connection.stream, selectors.EVENT_READ, connection)
        self._keep_limits()

    def give_back(self, connection: Connection) -> None:
        """Let `ready` wait for a connection. Any thread may call this."""
        with self._lock:
            is_first = not self._returned
            self._returned.append(connection)
        if is_first:
            with suppress(OSError):
                self._wake.send(b"w")
        if self._is_closed:  # nobody waits any more
            self._close_returned()

    def close(self) -> None:
        """Close all connections that wait."""
        self._is_closed = True
        self._close_returned()
        while self._waiting:
            self._drop_oldest()
        self._selector.close()
        self._wake.close()
        self._woken.close()

    def _receive(self, connection: Connection) -> ReceivedRequest | None:
        """Read what has arrived; return the request if it is there, and wait no more."""
        before, parts = connection.size, connection.parts
        request = None
        try:
            connection.receive()
            request = None if connection.is_over else connection.request()
        except HttpError as error:
            connection.refuse(error)
        except BlockingIOError:
            return None
        except OSError:
            connection.is_ended = True
        except Exception:  # of this connection only: the others go on
            traceback.print_exc(file=sys.stderr)
            connection.is_ended = True
        self._held += connection.size - before
        if request is not None:
            self._forget(connection)
        elif connection.is_ended:
            self._drop(connection)
        else:
            if connection.parts != parts:
                self._extend(connection)
            self._keep_limits()
        return request

    def _accept(self) -> None:
        while True:
            try:
                stream, address = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:  # no descriptor is left: the oldest connection gives its own
                if not self._waiting:
                    time.sleep(0.05)
                    return
                self._drop_oldest()
                continue
            with suppress(OSError):  # the client is gone already
                stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            host = str(address[0]) if address else ""
            self.wait_for(Connection(stream, host, self._limits.body))

    def _take_returned(self) -> list[Connection]:
        with self._lock:
            returned, self._returned = self._returned, []
        return returned

    def _close_returned(self) -> None:
        for connection in self._take_returned():
            connection.stream.close()

    def _take_back(self) -> None:
        with suppress(OSError):
            self._woken.recv(1 << 16)
        for connection in self._take_returned():
            self.wait_for(connection)

    def _extend(self, connection: Connection) -> None:
        self._waiting[connection] = time.monotonic() + self._limits.arrival
        self._waiting.move_to_end(connection)

    def _end_oldest(self) -> None:
        connection = next(iter(self._waiting))
        if connection.parts != 2:
            self._drop(connection)
            return
        self._held -= connection.size
        connection.refuse(_LATE)
        self._extend(connection)

    def _keep_limits(self) -> None:
        while len(self._waiting) > self._most or self._held > self._limits.arriving:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        self._drop(next(iter(self._waiting)))

    def _drop(self, connection: Connection) -> None:
        self._forget(connection)
        connection.stream.close()

    def _forget(self, connection: Connection) -> None:
        del self._waiting[connection]
        self._held -= connection.size
        self._selector.unregister(connection.stream)
