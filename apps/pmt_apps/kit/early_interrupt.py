"""Quiet exit: on Ctrl-C while imports still run, and where nobody reads standard output."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from types import FrameType

BROKEN_PIPE = 128 + 13  # exit code; signal.SIGPIPE is not everywhere


def _leave(number: int, frame: FrameType | None) -> None:
    sys.stderr.write("\nstopped\n")
    sys.stderr.flush()
    # sys.exit raises, and an exception may be lost or changed within an import.
    os._exit(128 + number)


def exit_quietly_on_interrupt() -> None:
    """Exit on Ctrl-C with one line and no traceback, until `run_app` handles signals.

    Call this first: the imports of a program take a second. Nothing is open and nothing is
    written by then, so the process may exit at any point.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, _leave)


def discard_output() -> int:
    """Write standard output to the null device from now on; return the exit code `BROKEN_PIPE`.

    Python flushes standard output once more at exit, which then succeeds.
    """
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE
