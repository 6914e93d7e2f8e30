"""The program of a process that computes answers; `WorkerProcess` is its other end.

    python -m pmt_apps.server.worker_main FOLDER

It reads lines of JSON, {"run", "task", "what": "predict" or "explain", "inputs"}, and answers each
with a line for each input, or an error: `!` and {"kind", "message"}. It ends with its input.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from pathlib import Path

from pmt_apps.server.batching.worker_pool import ERROR
from pmt_apps.server.network.http import HttpError
from pmt_apps.server.runs import RunStore
from pmt_core import DataError, JsonLimits, PmtError, StateError, field, parse_json
from pmt_train import Workers

_LIMITS = JsonLimits(bytes=1 << 30, elements=1 << 30, depth=16)  # the server checked the inputs


def main() -> int:
    """Answer the lines of standard input."""
    store = RunStore(Path(sys.argv[1]))
    target, sys.stdout = sys.stdout.buffer, sys.stderr  # what a library prints is no answer
    with Workers(1):
        for line in sys.stdin.buffer:
            if not line.endswith(b"\n"):
                break  # the server was killed while it wrote
            try:
                target.write(b"".join(answered(store, line)))
                target.flush()
            except OSError:  # the server is gone
                os._exit(0)  # Python would try to write the rest
    return 0


def answered(store: RunStore, line: bytes) -> Iterator[bytes]:
    """Yield the lines that answer one."""
    try:
        for answer in _answers(store, line):
            yield answer + b"\n"
    except Exception as error:
        yield _error_line(error)


def _answers(store: RunStore, line: bytes) -> Iterable[bytes]:
    content = parse_json(line, "a line of the server", _LIMITS)
    name = field(content, "run", str)
    run = store.at_hand(name) or store.get(name)
    if run.task != field(content, "task", str):
        raise StateError(f"the run {name!r} was replaced just now; try again")
    inputs = field(content, "inputs", list)
    if field(content, "what", str) == "explain":
        return run.explained(inputs)
    return run.predictor.encoded_answers(run.predictor.checked_inputs(inputs))


def _error_line(error: Exception) -> bytes:
    """Return an error as `RemoteModel` reads it."""
    if isinstance(error, HttpError):
        kind = str(int(error.status))
    elif isinstance(error, PmtError):
        kind = "DataError" if isinstance(error, DataError) else "PmtError"
    else:
        traceback.print_exception(error, file=sys.stderr)
        kind = str(int(HTTPStatus.INTERNAL_SERVER_ERROR))
        error = RuntimeError("an error of the server; see its log")
    return ERROR + json.dumps({"kind": kind, "message": str(error)}).encode() + b"\n"


if __name__ == "__main__":
    sys.exit(main())
