"""Imported first by every program: Ctrl-C while the others are imported ends it quietly, too.

The imports take a second, and `run_app`, which answers signals from then on, is one of them.
Nothing is open and nothing is written yet, so there is nothing to save.
"""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType


def _leave(number: int, frame: FrameType | None) -> None:
    sys.stderr.write("\nstopped\n")
    sys.exit(128 + number)


if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, _leave)
