"""`Response`: an answer of HTTP, and the JSON in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pmt_apps.server.network.http import HttpError
from pmt_core import InputFile

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a page may load: files of this server, and nothing else."""
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox"
)
"""Of report.html, which has its style and its pictures inside, and no script."""
_CHUNK = 1 << 16
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


@dataclass(slots=True)
class Response:
    """An answer: a status, headers, and the parts of a body.

    Attributes:
        body: the parts; a stream of unknown length has no Content-Length.
        content_type: of the body.
        status: of HTTP.
        headers: further headers; they replace those that every answer has.
        length: of the body in bytes; None if it is not known yet.
    """

    body: Iterable[bytes]
    content_type: str
    status: HTTPStatus = HTTPStatus.OK
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None

    @classmethod
    def of_bytes(cls, data: bytes, content_type: str, **more: Any) -> Response:
        """Return an answer whose body is known."""
        return cls([data], content_type, length=len(data), **more)

    @classmethod
    def of_file(cls, path: Path, content_type: str, **more: Any) -> Response:
        """Return a file, which is read while it is sent. Raises FileProblem."""
        file = InputFile(path, unpack=False)
        return cls(_chunks(file), content_type, length=file.size, **more)

    @classmethod
    def of_json(cls, content: Any, status: HTTPStatus = HTTPStatus.OK, **more: Any) -> Response:
        """Return JSON, in one line with a line break at its end."""
        return cls.of_bytes(json_line(content), "application/json", status=status, **more)

    @classmethod
    def of_error(cls, error: HttpError) -> Response:
        """Return the JSON of an error: status and message."""
        content = {"error": {"status": int(error.status), "message": str(error)}}
        return cls.of_json(content, error.status, headers=error.headers)

    @property
    def status_line(self) -> str:
        """Number and name of the status."""
        return f"{int(self.status)} {self.status.phrase}"

    def close(self) -> None:
        """Give up the body, of which nothing was sent."""
        close = getattr(self.body, "close", None)
        if close is not None:
            close()

    def all_headers(self) -> list[tuple[str, str]]:
        """Return the headers, among them those that keep a page from loading or leaking more."""
        headers = {
            "Content-Type": self.content_type,
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        if self.length is not None:
            headers["Content-Length"] = str(self.length)
        return list({**headers, **self.headers}.items())


def _chunks(file: InputFile) -> Iterator[bytes]:
    with file:
        left = file.size
        while left and (chunk := file.stream.read(min(left, _CHUNK))):
            left -= len(chunk)
            yield chunk


def json_line(content: Any) -> bytes:
    """Return JSON in UTF-8 in one line; lone surrogates become escapes.

    Raises ValueError if a number is not finite.
    """
    return f"{_encode(content)}\n".encode("utf-8", "backslashreplace")
