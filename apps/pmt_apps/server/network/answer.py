"""`Answer`: the answer to a request as the bytes of HTTP, sent on its connection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pmt_apps.server.network.connection import Connection, ReceivedRequest, answer_head
from pmt_apps.server.network.response import Response


class Answer:
    """Sends the answer to one request.

    An answer of known length never waits for its client: what the socket does not take is sent by
    `Connections`. A stream, whose parts are computed one after the other, does.

    Args:
        connection: of the request.
        request: as it was received.
        seconds: until a client that does not read a stream is given up.
    """

    def __init__(self, connection: Connection, request: ReceivedRequest, seconds: float) -> None:
        head = request.head
        option = head.headers.get("HTTP_CONNECTION", "").lower()
        connection.keeps_open = (
            request.is_whole
            and option != "close"
            and (head.version == "HTTP/1.1" or option == "keep-alive")
        )
        self._connection = connection
        self._seconds = seconds
        self._status = ""
        self._headers: list[tuple[str, str]] = []

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        """Keep the head of the answer; `start_response` of WSGI."""
        self._status, self._headers = status, headers

    def send(self, body: Iterable[bytes]) -> None:
        """Send head and body; head and first part leave together.

        Raises:
            Exception: of the body; OSError if the client of a stream is gone, or too slow.
        """
        connection = self._connection
        has_length = any(name == "Content-Length" for name, _ in self._headers)
        connection.keeps_open = connection.keeps_open and has_length
        head = answer_head(self._status, self._headers, keeps_open=connection.keeps_open)
        if has_length:
            connection.send(head, body)
            return
        try:
            connection.stream.settimeout(self._seconds)
            for part in body:
                connection.stream.sendall(head + part)
                head = b""
            if head:
                connection.stream.sendall(head)
            connection.stream.setblocking(False)
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()

    def send_response(self, response: Response) -> None:
        """Send a response of known length."""
        self.start(response.status_line, response.all_headers())
        self.send(response.body)
