"""`Connections`: those that have said nothing yet; they cost no thread, and end after a while."""

from __future__ import annotations

import selectors
import socket
import time
from collections import OrderedDict
from contextlib import suppress


class Connections:
    """Accepts connections, and returns those whose first byte has arrived.

    A client that connects and says nothing takes a file descriptor and no thread. It is closed
    after `seconds`, or before, if there are more than `most` and it has been silent longest.

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

    def __len__(self) -> int:
        return len(self._silent)

    def ready(self, timeout: float) -> list[socket.socket]:
        """Wait up to `timeout` seconds; return the connections with something to read."""
        arrived = []
        for key, _ in self._selector.select(timeout):
            if key.fileobj is self._listener:
                self._accept()
                continue
            connection, _ = self._silent.pop(key.fd)
            self._selector.unregister(connection)
            connection.setblocking(True)
            arrived.append(connection)
        now = time.monotonic()
        while self._silent and next(iter(self._silent.values()))[1] <= now:
            self._drop_oldest()
        return arrived

    def close(self) -> None:
        """Close all silent connections."""
        while self._silent:
            self._drop_oldest()
        self._selector.close()

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
