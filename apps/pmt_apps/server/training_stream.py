"""Server-sent events of a training: what its files have that a page does not have yet."""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pmt_apps.server.network.http import HttpError
from pmt_apps.server.network.response import Response
from pmt_apps.server.training_feed import Position, TrainingFeed

_PERIOD = 0.5  # seconds between looks
_HEARTBEAT = 5.0  # seconds after which something is sent, so that a client that is gone is noticed
_MOST_FEEDS = 8  # that are kept in memory: a few megabytes each
_LONGEST = 600.0  # seconds of a stream; the browser opens another


class TrainingStreams:
    """The training of each run for any number of clients, of which some hold a stream open.

    Args:
        most: largest number of open streams; further clients ask again and again instead.
    """

    def __init__(self, most: int) -> None:
        self._feeds: OrderedDict[Path, TrainingFeed] = OrderedDict()
        self._curves: dict[Path, tuple[tuple[float, ...], dict[str, Any]]] = {}
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(most)
        self._closed = threading.Event()

    def feed(self, path: Path) -> TrainingFeed:
        """Return the feed of the run in a folder."""
        with self._lock:
            feed = self._feeds.setdefault(path, TrainingFeed(path))
            self._feeds.move_to_end(path)
            while len(self._feeds) > _MOST_FEEDS:
                self._feeds.popitem(last=False)  # open streams keep theirs
        return feed

    def curve(self, path: Path) -> dict[str, Any]:
        """Return the small curve of a run. It is kept, the lines that it is made from are not."""
        feed = TrainingFeed(path)
        stamp = feed.stamp()
        known = self._curves.get(path)
        if known is None or known[0] != stamp:
            known = self._curves[path] = stamp, feed.curve()
        return known[1]

    def content(self, path: Path) -> dict[str, Any]:
        """Return the state and all lines of a training."""
        return self.feed(path).since({})[0]

    def events(self, path: Path) -> Response:
        """Return a stream of events. Raises HttpError (503) if there are too many already."""
        if not self._slots.acquire(blocking=False):
            raise HttpError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "too many pages follow a training; ask for /training instead",
                {"Retry-After": "5"},
            )
        headers = {"X-Accel-Buffering": "no"}
        return Response(_Events(self, path), "text/event-stream", headers=headers)

    def close(self) -> None:
        """End all streams."""
        self._closed.set()

    def release(self) -> None:
        """Let another client have a stream."""
        self._slots.release()

    def generate(self, path: Path) -> Iterator[bytes]:
        """Yield the events of a run until it has ended."""
        feed = self.feed(path)
        position: Position = {}
        end = time.monotonic() + _LONGEST
        sent, before = time.monotonic(), None
        yield b"retry: 1000\n\n"
        while not self._closed.is_set() and time.monotonic() < end:
            content, position = feed.since(position)
            status = content["state"]["status"]
            now = time.monotonic()
            if content["changes"] or status != before or now - sent >= _HEARTBEAT:
                yield _event("training", content)
                sent, before = now, status
            if status == "finished":
                yield _event("end", {})
                return
            self._closed.wait(_PERIOD)


class _Events:
    """A stream that gives its slot back when the server closes it, also if it never began."""

    def __init__(self, streams: TrainingStreams, path: Path) -> None:
        self._streams: TrainingStreams | None = streams
        self._parts = streams.generate(path)

    def __iter__(self) -> Iterator[bytes]:
        return self._parts

    def close(self) -> None:
        """End the stream; WSGI servers call it, whatever happened."""
        streams, self._streams = self._streams, None
        if streams is not None:
            streams.release()


def _event(name: str, content: Any) -> bytes:
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    return f"event: {name}\ndata: {text}\n\n".encode("utf-8", "backslashreplace")
