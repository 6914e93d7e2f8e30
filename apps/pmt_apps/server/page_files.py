"""The files of the page: HTML, CSS and JavaScript that ship with pmt-apps."""

from __future__ import annotations

import functools
from http import HTTPStatus
from pathlib import Path

from pmt_apps.server.network.http import HttpError
from pmt_apps.server.network.response import Response
from pmt_core import InputFile

PAGE = Path(__file__).with_name("page")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@functools.cache
def page_names() -> dict[str, Path]:
    """Return the files by the name in their address, e.g. "views/qqp.js"."""
    return {
        path.relative_to(PAGE).as_posix(): path
        for path in sorted(PAGE.rglob("*"))
        if path.suffix in _TYPES
    }


def page_text(name: str) -> str:
    """Return the text of a file of the page, e.g. "dom.js"."""
    with InputFile(page_names()[name]) as file:
        return file.stream.read().decode()


def page_file(name: str) -> Response:
    """Return a file of the page. Raises HttpError (404)."""
    path = page_names().get(name)  # a lookup: no name leads out of the folder
    if path is None:
        raise HttpError(HTTPStatus.NOT_FOUND, f"the page has no file {name[:100]!r}")
    return Response.of_file(path, _TYPES[path.suffix])
