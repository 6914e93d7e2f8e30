"""A server in a thread, and connections to it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pmt_apps.server.network.limits import ServeLimits
from pmt_apps.server.network.threaded_server import ThreadedServer


@contextmanager
def running(app: Any, limits: ServeLimits) -> Iterator[ThreadedServer]:
    """Serve an application in a thread until the end of the block."""
    server = ThreadedServer(app, "127.0.0.1", 0, limits)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


def connected(server: ThreadedServer, data: bytes = b"") -> socket.socket:
    """Return a connection on which these bytes were sent."""
    stream = socket.create_connection(("127.0.0.1", server.port), timeout=600)
    stream.sendall(data)
    return stream
