"""Whether a process exists, and how to wait until it does not."""

from __future__ import annotations

import os
import select
from contextlib import suppress


def wait_for_end(pid: int) -> None:
    """Wait until a process, which may be no child of this one, is gone or a zombie."""
    with suppress(ProcessLookupError):
        process = os.pidfd_open(pid)  # readable when it ends
        try:
            select.select([process], [], [])
        finally:
            os.close(process)


def exists(pid: int) -> bool:
    """Return whether there is a process, be it a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
