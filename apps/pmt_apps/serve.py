"""A page and a JSON API for trained runs: the WSGI application `app`."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pmt_apps.server.application import ServeApp

__all__ = ["app"]
_STREAMS = 4  # that take a thread of the server each, of which there may be few


def app(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request of WSGI, see `pmt serve --help`.

    PMT_SERVE_RUNS is the folder of a run, or of such folders; PMT_SERVE_HOSTS has the names by
    which clients call the server, separated by commas, beside those of this machine alone.
    """
    return _application()(environ, start_response)


@functools.cache
def _application() -> ServeApp:
    from pmt_apps.server.application import ServeApp
    from pmt_apps.server.guard import LOOPBACK_NAMES
    from pmt_apps.server.network.limits import ServeLimits
    from pmt_apps.server.runs import RunStore

    names = os.environ.get("PMT_SERVE_HOSTS", "").split(",")
    hosts = [*LOOPBACK_NAMES, *(name.strip() for name in names if name.strip())]
    store = RunStore(Path(os.environ.get("PMT_SERVE_RUNS", "runs")))
    return ServeApp(store, ServeLimits(streams=_STREAMS), hosts)
