"""Quiet exit on Ctrl-C while the imports of a program still run."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType


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
