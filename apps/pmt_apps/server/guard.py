"""Host and Origin: requests that other sites make a browser send are refused."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Collection
from http import HTTPStatus
from urllib.parse import urlsplit

from pmt_apps.server.network.http import HttpError, Request

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_READING = ("GET", "HEAD")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address or name."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@functools.lru_cache(maxsize=64)
def host_name(header: str) -> str | None:
    """Return the name in a Host header or an origin, in lower case; None if there is none.

    "LocalHost:8000" and "[::1]" give "localhost" and "::1".
    """
    try:
        parts = urlsplit(f"//{header}")
        parts.port  # noqa: B018  raises if it is no number
    except ValueError:
        return None
    plain = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    return parts.hostname if plain else None


def check_origin(request: Request, names: Collection[str]) -> None:
    """Refuse a request for another host, or from the page of another site.

    A page of another site can point its own name at 127.0.0.1 (DNS rebinding); then Host has that
    name. It can also post to this server directly; then Origin has its name. Programs such as curl
    send no Origin.

    Args:
        request: any.
        names: hosts by which this server is known, in lower case.

    Raises:
        HttpError: 421 for another host, 403 for another origin.
    """
    header = request.header("Host")
    host = None if header is None else host_name(header)
    if host is None or host not in names:
        raise HttpError(
            HTTPStatus.MISDIRECTED_REQUEST,
            f"this server is not known as {(header or '')[:100]!r}; "
            f"expected {', '.join(sorted(names))} (--host adds a name)",
        )
    origin = request.header("Origin")
    if origin is not None:
        scheme, separator, rest = origin.partition("://")
        same = separator and scheme in ("http", "https") and rest.lower() == header.lower()  # type: ignore[union-attr]
        if not same:
            raise HttpError(
                HTTPStatus.FORBIDDEN, f"requests from pages of {origin[:100]!r} are refused"
            )
    elif request.method not in _READING and request.header("Sec-Fetch-Site") in (
        "cross-site",
        "same-site",
    ):
        raise HttpError(HTTPStatus.FORBIDDEN, "requests from pages of other sites are refused")
