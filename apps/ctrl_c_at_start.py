"""Imported first by every program: Ctrl-C while the others are imported ends it quietly, too.

The imports take a second, and `run_app`, which answers signals from then on, is one of them.
Nothing is open and nothing is written yet, so the process may end where it stands.
"""

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


if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, _leave)
