"""A server in a thread or in a process of its own, requests, and connections to it."""

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
def running_with_small_buffers(app: Any, limits: ServeLimits) -> Iterator[ThreadedServer]:
    """As `running`, but little of an answer is sent before its client reads."""
    with running(app, limits) as server:
        server._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        yield server


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


def wait_for_threads(server: ThreadedServer) -> None:
    """A thread is free a moment after its answer is sent, or handed over."""
    while server._n_active:
        pass


def received(stream: socket.socket) -> bytes:
    """Return all bytes until the other side ends the connection."""
    data = bytearray()
    while part := stream.recv(1 << 20):
        data += part
    return bytes(data)


def post(
    body: bytes, path: str = "/runs/ner/predict", *lines: str, method: str = "POST",
    host: str = "127.0.0.1", kind: str = "application/json", version: str = "1.1",
    length: str | None = None,
) -> bytes:  # fmt: skip
    """Return the bytes of a request; length: what the header says, by default the truth."""
    head = [f"{method} {path} HTTP/{version}", f"Host: {host}", f"Content-Type: {kind}", *lines]
    head.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*head, "", ""]).encode() + body
