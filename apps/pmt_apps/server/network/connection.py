"""`Connection`: what has arrived on a connection, and what is still to be sent."""

from __future__ import annotations

import re
import socket
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

from pmt_apps.server.network.http import HttpError, RequestHead
from pmt_apps.server.network.response import Response

_LONGEST_HEAD = 1 << 16  # bytes
_CHUNK = 1 << 16
_END = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A request that can be answered.

    Attributes:
        head: its first lines.
        body: as far as it was read.
        is_whole: False if the body is too long, or the client went before its end.
    """

    head: RequestHead
    body: bytes
    is_whole: bool


class Connection:
    """A connection: what has arrived of requests that were not taken yet, what is not sent yet.

    Args:
        stream: a socket, which does not block.
        address: of the client.
        longest_body: bytes; a longer body is not read.

    Attributes:
        stream, address: as given.
        is_ended: whether the client sends nothing more.
        is_over: whether requests are answered no more; what arrives is thrown away.
        keeps_open: whether another request may follow the answer.
        watched: events that `Connections` waits for.
    """

    def __init__(self, stream: socket.socket, address: str, longest_body: int) -> None:
        self.stream = stream
        self.address = address
        self.is_ended = self.is_over = False
        self.keeps_open = True
        self.watched = 0
        self._longest_body = longest_body
        self._buffer = bytearray()
        self._head: RequestHead | None = None
        self._searched = 0  # bytes without the end of a head
        self._is_whole = True  # of the last request
        self._unsent = memoryview(b"")
        self._parts: Iterator[bytes] | None = None  # of an answer, that follow `unsent`
        self._end_of_parts: Callable[[], None] | None = None

    @property
    def size(self) -> int:
        """Number of bytes that were received, and not taken, or are to be sent."""
        return len(self._buffer) + len(self._unsent)

    @property
    def has_arrived(self) -> bool:
        """Whether there are bytes of another request."""
        return bool(self._buffer)

    @property
    def is_read(self) -> bool:
        """Whether the last request was read to its end, and nothing has arrived after it."""
        return self._is_whole and not self._buffer

    @property
    def is_sending(self) -> bool:
        """Whether a part of an answer is still to be sent."""
        return self._parts is not None

    @property
    def parts(self) -> int:
        """What there is of the next request: 0 nothing, 1 a byte, 2 the head; 3 it is over."""
        return 3 if self.is_over else 2 if self._head is not None else int(bool(self._buffer))

    def receive(self) -> None:
        """Read once. Raises OSError: nothing has come, or the client is gone."""
        data = self.stream.recv(_CHUNK)
        self.is_ended = not data
        if not self.is_over:
            self._buffer += data

    def request(self) -> ReceivedRequest | None:
        """Return the next request; None if it has not arrived yet.

        A client that waits for "100 Continue" gets it.

        Raises:
            HttpError: 400, 414, 431 or 505; nothing more can be read then.
        """
        if self._head is None:
            self._head = self._next_head()
        head = self._head
        if head is None:
            return None
        length = head.headers.get("CONTENT_LENGTH", "")
        is_number = length.isascii() and length.isdigit()
        size = int(length[:18]) if is_number else 0  # longer ones are refused by all means
        is_whole = self._is_whole = len(self._buffer) >= size
        if not is_whole and size <= self._longest_body and not self.is_ended:
            if head.headers.get("HTTP_EXPECT", "").lower() == "100-continue" and not self._buffer:
                self._send_at_once(b"HTTP/1.1 100 Continue\r\n\r\n")
            return None
        self._head = None
        body = bytes(self._buffer[:size])
        del self._buffer[:size]
        return ReceivedRequest(head, body, is_whole)

    def send(self, head: bytes, body: Iterable[bytes]) -> None:
        """Send an answer as far as the client takes it at once; `send_more` goes on.

        Args:
            head: its first lines.
            body: the parts; is closed at the end.
        """
        self._end_of_parts = getattr(body, "close", None)
        parts = iter(body)
        self._unsent = memoryview(head + next(parts, b""))
        self._parts = parts
        self.send_more()

    def send_more(self) -> None:
        """Send what the client takes now. A client that is gone gets no more."""
        try:
            while self._parts is not None:
                while self._unsent:
                    self._unsent = self._unsent[self.stream.send(self._unsent) :]
                part = next(self._parts, None)
                if part is None:
                    self._end_parts()
                else:
                    self._unsent = memoryview(part)
        except BlockingIOError:
            return
        except OSError:  # the client is gone
            self.give_up()
        except Exception:  # of the body: what is missing is seen by the client
            traceback.print_exc(file=sys.stderr)
            self.give_up()

    def give_up(self) -> None:
        """End an answer that cannot be sent, and the connection."""
        self._end_parts()
        self.is_ended, self.keeps_open = True, False

    def close(self) -> None:
        """Close the stream, and the body of an answer that is not sent."""
        self._end_parts()
        self.stream.close()

    def refuse(self, error: HttpError) -> None:
        """Send an error, which ends the connection, if the client takes it at once."""
        response = Response.of_error(error)
        head = answer_head(response.status_line, response.all_headers(), keeps_open=False)
        self._send_at_once(head + b"".join(response.body))
        self.finish()

    def finish(self) -> None:
        """Say that no answer follows. A close with unread data would reset the connection, and the
        client might not read the last answer: so what arrives is read until the client ends, too.
        """
        self.is_over = True
        self.keeps_open = False
        self._buffer.clear()
        self._head = None
        with suppress(OSError):
            self.stream.shutdown(socket.SHUT_WR)

    def _end_parts(self) -> None:
        end, self._end_of_parts = self._end_of_parts, None
        self._parts, self._unsent = None, memoryview(b"")
        if end is not None:
            end()

    def _next_head(self) -> RequestHead | None:
        buffer = self._buffer
        if not self._searched and buffer.startswith((b"\r", b"\n")):
            del buffer[: len(buffer) - len(buffer.lstrip(b"\r\n"))]
        match = _END.search(buffer, self._searched)
        if (match.start() if match else len(buffer)) > _LONGEST_HEAD:
            is_first = b"\n" not in buffer[:_LONGEST_HEAD]
            raise HttpError(
                HTTPStatus.REQUEST_URI_TOO_LONG if is_first
                else HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                f"at most {_LONGEST_HEAD:,} bytes are read before the body",
            )  # fmt: skip
        if match is None:
            self._searched = max(len(buffer) - 3, 0)
            return None
        self._searched = 0
        head = RequestHead.of(bytes(buffer[: match.start()]))
        del buffer[: match.end()]
        return head

    def _send_at_once(self, data: bytes) -> None:
        """Send a few bytes without waiting; a client that does not read goes without them."""
        with suppress(OSError):
            self.stream.send(data)


def answer_head(status: str, headers: list[tuple[str, str]], *, keeps_open: bool) -> bytes:
    """Return the lines before the body of an answer."""
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
    lines += ["Server: pmt", f"Connection: {'keep-alive' if keeps_open else 'close'}", "", ""]
    return "\r\n".join(lines).encode("latin-1")
