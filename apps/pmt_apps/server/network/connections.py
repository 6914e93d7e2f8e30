"""`Connections`: one thread reads the requests of all connections."""

from __future__ import annotations

import itertools
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
from typing import Protocol

from pmt_apps.server.network.connection import Connection, ReceivedRequest
from pmt_apps.server.network.http import HttpError
from pmt_apps.server.network.limits import ServeLimits

_LATE = HttpError(HTTPStatus.REQUEST_TIMEOUT, "the body did not arrive in time")


class LateAnswer(Protocol):
    """An answer that is computed together with others.

    Attributes:
        end: time at which it is given up.
    """

    end: float

    def give_up(self) -> None:
        """Send an error instead, unless the answer is sent already."""


class Connections:
    """Accepts connections, and returns those with a request that can be answered.

    A client that sends nothing, or parts of a request, takes a file descriptor and a buffer, and no
    thread; nor does one that does not read its answer. It is closed if it sends, or takes, nothing
    for `limits.arrival` seconds, or if the head of its request, and again the body, takes longer;
    and before, if there are more connections or bytes than the limits, and no other one has waited
    longer.

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
        self._thread = 0  # that calls `ready`
        self._deferred: dict[Connection, LateAnswer] = {}
        self._selector.register(self._woken, selectors.EVENT_READ)

    def ready(self, timeout: float) -> Iterator[tuple[Connection, ReceivedRequest]]:
        """Wait up to `timeout` seconds; yield the connections with a request, which is taken."""
        self._thread = threading.get_ident()
        for connection in self._take_returned():
            request = self._go_on(connection)
            if request is not None:
                timeout = 0
                yield connection, request
        for key, _ in self._selector.select(timeout):
            if key.fileobj is self._listener:
                self._accept()
            elif key.fileobj is self._woken:
                with suppress(OSError):
                    self._woken.recv(1 << 16)
            else:
                request = self._react(key.data)
                if request is not None:
                    yield key.data, request
        self._end_late(time.monotonic())

    def wait_for(self, connection: Connection, event: int = selectors.EVENT_READ) -> None:
        """Wait for the next request, for the end of a connection that is over, or to send more."""
        self._waiting[connection] = time.monotonic() + self._limits.arrival
        self._held += connection.size
        self._watch(connection, event)
        self._keep_limits()

    def defer(self, connection: Connection, answer: LateAnswer) -> None:
        """Give an answer up if the connection is not given back in time. All have equal times."""
        self._deferred[connection] = answer

    def give_back(self, connection: Connection) -> None:
        """Let `ready` go on with a connection whose answer is sent, or begun.

        Any thread may call this.
        """
        with self._lock:
            is_first = not self._returned
            self._returned.append(connection)
        if is_first and threading.get_ident() != self._thread:
            self.wake()
        if self._is_closed:  # `ready` is not called any more
            self._close_returned()

    def wake(self) -> None:
        """Let `ready` wait no more. Any thread may call this, and a handler of signals."""
        with suppress(OSError):
            self._wake.send(b"w")

    def close(self) -> None:
        """Close all connections that wait."""
        self._is_closed = True
        self._close_returned()
        while self._waiting:
            self._drop_oldest()
        self._selector.close()
        self._wake.close()
        self._woken.close()

    def _react(self, connection: Connection) -> ReceivedRequest | None:
        """Go on with a connection that is ready; return the request if it is there."""
        if connection not in self._waiting:  # its answer is under way, or it was just closed
            self._watch(connection, 0)
            return None
        if not connection.is_sending:
            return self._receive(connection)
        self._forget(connection)
        connection.send_more()
        return self._go_on(connection)

    def _receive(self, connection: Connection) -> ReceivedRequest | None:
        """Read what has arrived; return the request if it is there, and wait no more."""
        before, parts = connection.size, connection.parts
        try:
            connection.receive()
        except BlockingIOError:
            return None
        except OSError:
            connection.is_ended = True
        request = self._next_request(connection)
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

    def _next_request(self, connection: Connection) -> ReceivedRequest | None:
        try:
            return None if connection.is_over else connection.request()
        except HttpError as error:
            connection.refuse(error)
        except Exception:  # of this connection only: the others go on
            traceback.print_exc(file=sys.stderr)
            connection.is_ended = True
        return None

    def _go_on(self, connection: Connection) -> ReceivedRequest | None:
        """Wait for what follows an answer; return the next request if it has arrived."""
        self._deferred.pop(connection, None)
        if connection.is_sending:
            self.wait_for(connection, selectors.EVENT_WRITE)
            return None
        if not (connection.keeps_open or connection.is_over):
            connection.is_ended = connection.is_ended or connection.is_read
            connection.finish()
        request = self._next_request(connection) if connection.has_arrived else None
        if request is None:
            if connection.is_ended:
                self._close(connection)
            else:
                self.wait_for(connection)
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
            stream.setblocking(False)
            self.wait_for(Connection(stream, host, self._limits.body))

    def _take_returned(self) -> list[Connection]:
        with self._lock:
            returned, self._returned = self._returned, []
        return returned

    def _close_returned(self) -> None:
        for connection in self._take_returned():
            connection.close()

    def _end_late(self, now: float) -> None:
        while self._waiting and next(iter(self._waiting.values())) <= now:
            self._end_oldest()
        for answer in itertools.takewhile(lambda a: a.end <= now, self._deferred.values()):
            answer.give_up()

    def _extend(self, connection: Connection) -> None:
        self._waiting[connection] = time.monotonic() + self._limits.arrival
        self._waiting.move_to_end(connection)

    def _end_oldest(self) -> None:
        connection = next(iter(self._waiting))
        if connection.is_sending or connection.parts != 2:
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
        self._close(connection)

    def _close(self, connection: Connection) -> None:
        self._watch(connection, 0)
        connection.close()

    def _forget(self, connection: Connection) -> None:
        """Wait no more. The selector goes on: most clients send nothing until they are answered."""
        del self._waiting[connection]
        self._held -= connection.size

    def _watch(self, connection: Connection, events: int) -> None:
        if connection.watched == events:
            return
        if not connection.watched:
            self._selector.register(connection.stream, events, connection)
        elif events:
            self._selector.modify(connection.stream, events, connection)
        else:
            self._selector.unregister(connection.stream)
        connection.watched = events
