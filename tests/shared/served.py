"""A server in a thread or in a process of its own, and connections to it."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
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


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run `pmt serve FOLDER` until the end of the block; give the process and its port."""
    command = [sys.executable, "-m", "pmt_apps", "serve", str(folder), "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
        try:
            assert p.stdout is not None
            line = p.stdout.readline()
            port = re.search(r"http://127\.0\.0\.1:(\d+) ", line)
            assert port is not None, line
            yield p, int(port[1])
        finally:
            p.kill()


def connected(server: ThreadedServer, data: bytes = b"") -> socket.socket:
    """Return a connection on which these bytes were sent."""
    stream = socket.create_connection(("127.0.0.1", server.port), timeout=600)
    stream.sendall(data)
    return stream
