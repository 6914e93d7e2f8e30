"""`pmt serve`: a page and a JSON API for trained runs.

  pmt serve runs/ner                    one run
  pmt serve                             all runs of the folder runs
  pmt serve runs --port 9000
  pmt serve runs --workers 2            answers are computed by two more processes, for two cores

The page is at http://127.0.0.1:8000, the API is described at /docs. Only this machine can reach the
server. --host ADDRESS opens it to others: whoever reaches that address can then use the models,
without a password and without encryption.

If a folder of runs is served, the page trains the models of the shipped samples on demand. The WSGI
application is `pmt_apps.serve:app`; it reads PMT_SERVE_RUNS (default: runs) and PMT_SERVE_HOSTS
(names, separated by commas):

  PMT_SERVE_RUNS=runs/ner PMT_SERVE_HOSTS=example.org gunicorn --threads 8 pmt_apps.serve:app

Use one process: each loads the models for itself.
"""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from pmt_apps.kit.command_line import OptionParser
from pmt_apps.kit.main import exit_code_of, make_streams_usable
from pmt_apps.kit.program import command
from pmt_apps.server.application import ServeApp
from pmt_apps.server.batching.worker_pool import WorkerPool
from pmt_apps.server.guard import LOOPBACK_NAMES, is_loopback
from pmt_apps.server.network.limits import ServeLimits
from pmt_apps.server.network.threaded_server import ThreadedServer
from pmt_apps.server.runs import RunStore
from pmt_core import FileProblem, SettingsError, StateError
from pmt_train import Workers, check_worker_count, say, warn

_ANY = ("0.0.0.0", "::", "")
_WAITRESS_THREADS = 16


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code. argv: None is that of the process."""
    make_streams_usable()
    return exit_code_of(lambda: serve(argv))


def serve(argv: Sequence[str] | None) -> None:
    """Serve runs until Ctrl-C or SIGTERM."""
    parser = OptionParser((__doc__ or "").replace("pmt serve", command()))
    parser.add_argument(
        "run", nargs="?", type=Path, metavar="RUN",
        help="folder of a run, or of such folders (default: runs)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="DIR", help="the same as RUN")
    parser.add_argument("--port", type=int, default=8000, help="0: any free one (default: 8000)")
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS",
        help="address to listen on (default: 127.0.0.1, this machine alone)",
    )  # fmt: skip
    parser.add_argument(
        "--name", action="append", default=[],
        help="further name of this machine by which clients call it; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N",
        help="processes that compute answers; 1: the server itself (default: 1)",
    )  # fmt: skip
    parser.add_argument(
        "--server", choices=("threaded", "waitress"), default="threaded",
        help="of the standard library, or waitress (pip install 'pmt-apps[serve]')",
    )  # fmt: skip
    options = parser.parse_args(argv)
    if options.run is not None and options.out is not None:
        raise SettingsError("RUN and --out are the same; give one of them")
    if not 0 <= options.port < 1 << 16:
        raise SettingsError(f"--port: expected 0 to 65535, got {options.port}")
    folder = checked_folder(options.run or options.out or Path("runs"))
    limits = ServeLimits()
    if options.server == "waitress":  # which has a thread for each of few requests
        limits = replace(limits, streams=_WAITRESS_THREADS // 2)
    pool = _pool(folder, check_worker_count(options.workers), limits)
    app = ServeApp(RunStore(folder, limits, pool), limits, host_names(options.host, options.name))
    if not is_loopback(options.host):
        warn(
            f"warning: --host {options.host} opens this server to others: whoever reaches this "
            "machine there can use its models, without a password and without encryption"
        )
    start = _with_waitress if options.server == "waitress" else _threaded
    try:
        with Workers(1):  # the BLAS has one thread for each that computes
            start(app, options.host, options.port, limits)
    finally:
        app.close()


def _pool(folder: Path, count: int, limits: ServeLimits) -> WorkerPool | None:
    """Return processes that compute; None if this one does, or the system starts none."""
    if count == 1:
        return None
    try:
        return WorkerPool(folder, count, limits.seconds)
    except StateError as error:
        warn(f"warning: --workers {count}: {error}; this process computes all answers itself")
        return None


def checked_folder(folder: Path) -> Path:
    """Return a folder that can be served: it need not exist yet, but must be no file."""
    if folder.exists() and not folder.is_dir():
        raise FileProblem(
            f"expected the folder of a run, or of such folders, got the file {str(folder)!r}"
        )
    if not folder.exists() and folder.name != "runs":
        raise FileProblem(
            f"there is no folder {str(folder)!r}; train a run first, or check the path"
        )
    return folder


def host_names(host: str, names: Sequence[str] = ()) -> list[str]:
    """Return the names by which clients may call a server that listens on `host`.

    An address that all interfaces share has those of this machine.
    """
    known = [*LOOPBACK_NAMES, host, *names]
    if host in _ANY:
        known += [socket.gethostname(), *_addresses()]
    return sorted({name.lower() for name in known if name not in _ANY})


def _addresses() -> list[str]:
    try:
        entries = socket.getaddrinfo(socket.gethostname(), None)
    except OSError:
        return []
    return [str(entry[4][0]) for entry in entries]


def _threaded(app: ServeApp, host: str, port: int, limits: ServeLimits) -> None:
    server = ThreadedServer(app, host, port, limits)
    _on_signals(lambda number, frame: server.stop())
    _say_address(app, server.host, server.port)
    server.serve()
    say("stopped")


def _on_signals(handle: Callable[[int, FrameType | None], None]) -> None:
    """Handle Ctrl-C and SIGTERM, if this is the main thread."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, handle)


def _with_waitress(app: ServeApp, host: str, port: int, limits: ServeLimits) -> None:
    try:
        import waitress
    except ImportError as error:
        raise SettingsError(
            "--server waitress needs the package waitress: pip install 'pmt-apps[serve]'"
        ) from error
    run: Callable[..., Any] = waitress.serve
    _on_signals(signal.default_int_handler)  # which ends `run`
    _say_address(app, host, port)
    run(
        app, host=host, port=port, threads=_WAITRESS_THREADS, ident="pmt",
        max_request_body_size=limits.body, connection_limit=limits.connections,
        channel_timeout=int(limits.arrival),
    )  # fmt: skip
    say("stopped")


def _say_address(app: ServeApp, host: str, port: int) -> None:
    name = f"[{host}]" if ":" in host else host
    n = len(app.store.folders())
    runs = "1 run" if n == 1 else f"{n} runs"
    say(f"{runs} of {app.store.folder}: http://{name}:{port} (API: /docs; Ctrl-C ends)")
