"""Requests of HTTP: `RequestHead`, `Request`, and `HttpError` for those that are refused."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from pmt_apps.server.network.limits import ServeLimits
from pmt_core import DataError, JsonLimits, JsonObject, parse_json

Environ = Mapping[str, Any]

_ELEMENT_DEPTH = 8
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_LATER = re.compile(r"HTTP/([2-9]\d*\.\d+)")
_MOST_HEADERS = 100
_SHORT_HEAD = 1_024  # bytes of those that are kept
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class HttpError(Exception):
    """An answer that is an error of the client, or of this server.

    Args:
        status: of HTTP, 4xx or 5xx.
        message: what was expected, what came, and the cure.
        headers: further headers of the answer.
    """

    def __init__(
        self, status: HTTPStatus, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class RequestHead:
    """The first lines of a request.

    Attributes:
        method: in upper case, as it came.
        path: decoded to Latin-1, as WSGI has it.
        query: what is behind the question mark.
        version: "HTTP/1.0" or "HTTP/1.1".
        headers: not to be changed; by name, as WSGI has them: "CONTENT_LENGTH", "HTTP_HOST".
    """

    method: str
    path: str
    query: str
    version: str
    headers: dict[str, str]

    @classmethod
    def of(cls, data: bytes) -> RequestHead:
        """Parse the lines before the empty one, strictly: what is ambiguous is refused.

        Raises:
            HttpError: 400, 431 or 505.
        """
        return _known_head(data) if len(data) <= _SHORT_HEAD else cls._parsed(data)

    @classmethod
    def _parsed(cls, data: bytes) -> RequestHead:
        first, *lines = data.decode("latin-1").replace("\r\n", "\n").split("\n")
        method, _, rest = first.partition(" ")
        target, _, version = rest.partition(" ")
        if later := _LATER.fullmatch(version):
            raise HttpError(
                HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, f"Invalid HTTP version ({later[1]})"
            )
        if version not in ("HTTP/1.0", "HTTP/1.1"):
            raise _bad("expected a method, an address and HTTP/1.1 in the first line")
        if target.startswith("//"):
            target = f"/{target.lstrip('/')}"
        if target.lower().startswith(("http://", "https://")):  # as a proxy is asked
            target = "/" + target.split("/", 3)[3] if target.count("/") > 2 else "/"
        if not target.startswith("/") or _CONTROL.search(target):
            raise _bad("expected an address that begins with a slash")
        if not _TOKEN.fullmatch(method):
            raise _bad("the method or a header is malformed")
        path, _, query = target.partition("?")
        return cls(method, unquote(path, "latin-1"), query, version, _environ_headers(lines))


@functools.lru_cache(maxsize=256)
def _known_head(data: bytes) -> RequestHead:
    """Return a head that is parsed once: those of a client are alike."""
    return RequestHead._parsed(data)


def _environ_headers(lines: Sequence[str]) -> dict[str, str]:
    """Return headers by their names in WSGI. Raises HttpError for what is ambiguous."""
    if len(lines) > _MOST_HEADERS:
        raise HttpError(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"got more than {_MOST_HEADERS} headers"
        )
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not (colon and _TOKEN.fullmatch(name)) or _CONTROL.search(value):
            raise _bad("a header is malformed")
        if "_" in name:  # WSGI would take it for one with "-"
            continue
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_LENGTH", "CONTENT_TYPE"):
            key = f"HTTP_{key}"
        value = value.strip(" \t")
        if key in headers:
            if key in ("CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_HOST", "HTTP_ORIGIN"):
                raise _bad(f"the header {name} occurs twice")
            value = f"{headers[key]},{value}"
        headers[key] = value
    if headers.pop("HTTP_TRANSFER_ENCODING", None) is not None:
        headers.pop("CONTENT_LENGTH", None)  # the length is not known: 411, and the end
        headers["HTTP_CONNECTION"] = "close"
    return headers


def _bad(message: str) -> HttpError:
    return HttpError(HTTPStatus.BAD_REQUEST, message)


@functools.cache
def _environ_name(name: str) -> str:
    """Return the name of a header, one of a few, in WSGI: "Origin" is HTTP_ORIGIN."""
    key = name.upper().replace("-", "_")
    return key if key.startswith("CONTENT_") else f"HTTP_{key}"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the application reads it.

    Attributes:
        method: GET, HEAD or POST.
        path: decoded, with a leading slash.
        environ: of WSGI.
    """

    method: str
    path: str
    environ: Environ

    @classmethod
    def of(cls, environ: Environ) -> Request:
        """Return the request of a WSGI environment."""
        # WSGI hands the bytes of the path over as Latin-1.
        path = str(environ.get("PATH_INFO", "")).encode("latin-1", "replace")
        return cls(str(environ["REQUEST_METHOD"]), path.decode("utf-8", "replace") or "/", environ)

    @property
    def parts(self) -> list[str]:
        """The parts of the path between slashes."""
        return [unquote(part) for part in self.path.split("/") if part]

    def header(self, name: str) -> str | None:
        """Return a header, e.g. "Origin"; None if it is missing."""
        value = self.environ.get(_environ_name(name))
        return None if value is None else str(value)

    def json(self, limits: ServeLimits) -> JsonObject:
        """Read the body, a JSON object.

        Raises:
            HttpError: 415 for another type, 411 without a length, 413 if it is too long, 408 if it
                does not arrive, 400 if it is no JSON object.
        """
        kind = (self.header("Content-Type") or "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise HttpError(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                f"expected Content-Type: application/json, got {kind or 'none'!r}",
            )
        data = self._body(limits)
        try:
            return parse_json(
                data,
                "the body",
                JsonLimits(bytes=limits.body, elements=limits.elements, depth=_ELEMENT_DEPTH),
            )
        except DataError as error:
            reason = str(error).partition("; the file is damaged")[0]
            raise HttpError(HTTPStatus.BAD_REQUEST, reason) from error

    def _body(self, limits: ServeLimits) -> bytes:
        length = self.header("Content-Length") or ""
        if not (length.isascii() and length.isdigit()):
            raise HttpError(
                HTTPStatus.LENGTH_REQUIRED, "expected a body with a Content-Length, got none"
            )
        if len(length) > 18 or int(length) > limits.body:
            raise HttpError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"the body has {length:.20} bytes, at most {limits.body:,} are read; "
                "send the examples in several requests",
            )
        size = int(length)
        try:
            data = self.environ["wsgi.input"].read(size)
        except TimeoutError as error:
            raise HttpError(
                HTTPStatus.REQUEST_TIMEOUT, "the body did not arrive in time"
            ) from error
        if len(data) < size:
            raise HttpError(
                HTTPStatus.BAD_REQUEST,
                f"the body ended after {len(data):,} of {size:,} bytes",
            )
        return bytes(data)
