"""Request a file over HTTP: redirects to http(s) only, one deadline for the whole answer."""

from __future__ import annotations

import functools
import http.client
import re
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any, Self

from pmt_core import FileProblem

_CHUNK = 1 << 16
_SILENCE = 30.0  # seconds without a byte
_DIGITS = 18  # of a length in a header; more is no length


class BrokenOff(Exception):
    """The connection ended before the file did."""


class Deadline:
    """A point in time at which the connections of a download are shut down.

    A timeout of a socket counts anew with each byte, so it does not end an answer that drips. A
    context manager: the connections are watched within it.

    Args:
        seconds: from now on.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(max(seconds, 0.0), self._shut_down)
        self._timer.daemon = True

    @property
    def is_over(self) -> bool:
        """Whether the time has passed."""
        return time.monotonic() >= self._end

    def watch(self, connection: socket.socket) -> None:
        """Shut this connection down at the deadline, instead of the one before."""
        self._socket = connection
        if self.is_over:
            self._shut_down()

    def _shut_down(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._timer.cancel()


class HttpResponse:
    """The answer to a request for a file, from a byte on.

    Args:
        url: address, http or https.
        start: first byte; the server may send the file from its beginning instead.
        deadline: of the download.
        allow_plain: follow a redirect from https to http, which is safe only if the content is
            verified.

    Attributes:
        start: first byte that the server sends.
        end: size of the whole file; None if the server does not say.

    Raises:
        FileProblem: the server does not answer, refuses, or redirects to another protocol.
    """

    def __init__(self, url: str, start: int, deadline: Deadline, *, allow_plain: bool) -> None:
        self._url = url
        self._response = self._requested(start, deadline, allow_plain)
        self.start = 0
        if self._response.status == 206:
            self.start = _number(r"bytes (\d+)-", self._header("Content-Range"), -1)
            if self.start not in (0, start):
                self.close()
                raise FileProblem(f"cannot resume {url}: the server sends another part of it")
        length = _number(r"(\d+)$", self._header("Content-Length"), -1)
        self.end = None if length < 0 else self.start + length

    def chunks(self) -> Iterator[bytes]:
        """Iterate over the content as it arrives. Raises BrokenOff if the connection ends."""
        while True:
            try:
                chunk = self._response.read1(_CHUNK)
            except http.client.IncompleteRead as error:
                yield error.partial
                raise BrokenOff("the connection was closed") from error
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise BrokenOff(str(error) or type(error).__name__) from error
            if not chunk:
                return
            yield chunk

    def close(self) -> None:
        """Close the connection."""
        self._response.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _header(self, name: str) -> str:
        return str(self._response.headers.get(name, ""))

    def _requested(self, start: int, deadline: Deadline, allow_plain: bool) -> Any:
        headers = {"User-Agent": "pmt", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        request = urllib.request.Request(self._url, headers=headers)
        opener = urllib.request.build_opener(
            _HttpHandler(deadline), _HttpsHandler(deadline), _RedirectHandler(allow_plain)
        )
        try:
            return opener.open(request, timeout=_SILENCE)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416 and start:  # the part is as long as the file, or longer
                return self._requested(0, deadline, allow_plain)
            raise FileProblem(
                f"cannot download {self._url}: the server answers {error.code} {error.reason}; "
                "check the address"
            ) from error
        except FileProblem:
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", None) or str(error) or type(error).__name__
            if deadline.is_over:
                reason = f"no complete answer after {deadline.seconds:g} seconds"
            raise FileProblem(
                f"cannot download {self._url}: {reason}; check the network, or download the file "
                "by other means and save it under the same path"
            ) from error


def _number(pattern: str, text: str, default: int) -> int:
    match = re.match(pattern, text.strip())
    return int(match[1]) if match and len(match[1]) <= _DIGITS else default


class _Connection(http.client.HTTPConnection):
    """A connection that ends at a deadline."""

    def __init__(self, *args: Any, deadline: Deadline, **options: Any) -> None:
        super().__init__(*args, **options)
        self._deadline = deadline

    def connect(self) -> None:
        super().connect()
        self._deadline.watch(self.sock)


class _SecureConnection(http.client.HTTPSConnection):
    """An encrypted connection that ends at a deadline."""

    def __init__(self, *args: Any, deadline: Deadline, **options: Any) -> None:
        super().__init__(*args, **options)
        self._deadline = deadline

    def connect(self) -> None:
        super().connect()
        self._deadline.watch(self.sock)


class _HttpHandler(urllib.request.HTTPHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._connection: Any = functools.partial(_Connection, deadline=deadline)

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connection, req)


class _HttpsHandler(urllib.request.HTTPSHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._connection: Any = functools.partial(_SecureConnection, deadline=deadline)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connection, req)


class _RedirectHandler(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https only."""

    def __init__(self, allow_plain: bool) -> None:
        super().__init__()
        self._allow_plain = allow_plain

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        protocols: tuple[str, ...] = ("http", "https")
        if req.type == "https" and not self._allow_plain:
            protocols = ("https",)
        if newurl.partition(":")[0].lower() not in protocols:
            fp.close()
            raise FileProblem(
                f"cannot download {req.full_url}: the server redirects to {newurl[:200]!r}, "
                f"expected an address of {' or '.join(protocols)}; check the address"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)
