"""Whether operations are recorded: a switch of each thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Recording(threading.local):
    """Thread-local, so that one thread may predict while another one trains."""

    on = True


recording = _Recording()


@contextmanager
def no_grad() -> Iterator[None]:
    """Within this context nothing is recorded, so nothing is kept for a backward pass.

    Counts for the calling thread alone.
    """
    before = recording.on
    recording.on = False
    try:
        yield
    finally:
        recording.on = before


def is_recording() -> bool:
    """Whether the calling thread records operations (False under `no_grad`)."""
    return recording.on
