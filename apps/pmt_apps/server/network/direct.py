"""Answers without a thread per request: requests that are computed together, in batches."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pmt_apps.server.network.answer import Answer
from pmt_apps.server.network.connection import Connection, ReceivedRequest
from pmt_apps.server.network.connections import Connections
from pmt_apps.server.network.limits import ServeLimits
from pmt_apps.server.network.response import Response


class Batch(Protocol):
    """Requests that are computed together."""

    def run(self) -> bool:
        """Compute some of those that are there, if that takes a moment only, or else let another
        thread do it. Return whether some are left for another call.
        """


class Task(Protocol):
    """What has to be computed for an answer."""

    def enqueue(self, done: Callable[[Response], None]) -> tuple[Batch, Callable[[], None]]:
        """Put it into a batch, which has to be run; `done` is called with the answer. Return the
        batch, and a function that gives the request up.
        """

    def late(self, seconds: float) -> Response:
        """Return the answer if there is no other within some seconds."""


Direct = Callable[[Mapping[str, Any]], Response | Task | None]
"""Returns at once, from what WSGI calls an environment: an answer of known length, or what has to
be computed for it, or None if a thread has to call the WSGI application."""


_SILENCE = 0.001  # seconds
_SHORT = 0.002  # seconds of a batch for which it does not pay to wait
_MANY = 64  # requests that are enough for a batch


class Gathering:
    """Requests that wait for their batches, and when to run these.

    Clients that send one request after the other come back together after a batch, and large
    batches take less time for each. So the next one begins when all clients of the last two are
    there, when nothing has come for a millisecond, or after as long as the last one took; if that
    was short, at once.
    """

    def __init__(self) -> None:
        self._batches: set[Batch] = set()
        self._is_new = False  # whether a request has come since the last `run`
        self._clients: set[Connection] = set()  # of the requests that wait
        self._last: set[Connection] = set()  # of the last batch
        self._known: set[Connection] = set()  # of the last two
        self._seconds = 0.0  # of the last batch
        self._end = 0.0  # until when more requests are waited for

    def add(self, connection: Connection, batch: Batch) -> None:
        """Let the request of a connection wait."""
        if not self._batches:
            self._end = time.monotonic() + self._seconds
        self._batches.add(batch)
        self._clients.add(connection)
        self._is_new = True

    def run(self) -> float | None:
        """Run the batches if it is time, and return the seconds in which to read more requests
        before the next call; None if nothing is left.
        """
        if not self._batches:
            return None
        start = time.monotonic()
        if self._is_new and self._expects_more(start):
            self._is_new = False
            return _SILENCE
        if self._clients:
            self._known = self._last | self._clients
            self._last, self._clients = self._clients, set()
        self._batches = {batch for batch in self._batches if batch.run()}
        self._seconds, self._end = time.monotonic() - start, 0.0
        return 0.0 if self._batches else None

    def _expects_more(self, now: float) -> bool:
        return (
            now < self._end
            and self._seconds > _SHORT
            and len(self._clients) < _MANY
            and not self._known <= self._clients
        )


class DirectAnswer:
    """Sends the answer to one request when it is computed, or an error if that takes too long.

    Args:
        connections: get the connection back.
        connection: of the request.
        request: as it was received.
        limits: time of a request.

    Attributes:
        end: when it is given up, by `time.monotonic`.
    """

    def __init__(
        self,
        connections: Connections,
        connection: Connection,
        request: ReceivedRequest,
        limits: ServeLimits,
    ) -> None:
        self.end = time.monotonic() + limits.seconds
        self._seconds = limits.seconds
        self._connections = connections
        self._connection = connection
        self._answer = Answer(connection, request, limits.arrival)
        self._late: Callable[[], Response] | None = None
        self._first = threading.Lock()  # is taken by the first answer, and never released

    def begin(self, task: Task) -> Batch:
        """Let a batch compute the answer; return the batch, which has to be run."""
        batch, give_up = task.enqueue(self.send)

        def late() -> Response:
            give_up()
            return task.late(self._seconds)

        self._late = late
        self._connections.defer(self._connection, self)
        return batch

    def send(self, response: Response) -> None:
        """Send the answer, unless it was given up."""
        if not self._first.acquire(blocking=False):
            return
        try:
            self._answer.send_response(response)
        except Exception:  # of this request only
            traceback.print_exc(file=sys.stderr)
            self._connection.give_up()
        self._connections.give_back(self._connection)

    def give_up(self) -> None:
        """Send an error, unless the answer is sent."""
        if self._late is not None:
            self.send(self._late())
