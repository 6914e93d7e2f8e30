"""`RunLock`: keeps two processes from writing to one run."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from pmt_core import FileProblem, StateError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class RunLock:
    """Within this context no other process can hold the lock on `path`.

    The operating system gives the lock up when the process ends, however it ends, so a killed
    run never locks its folder for good. Raises StateError where another process has it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = -1

    def __enter__(self) -> Self:
        while True:
            try:
                self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            except OSError as error:
                raise FileProblem.from_os_error("write", self.path, error) from error
            if not _lock(self._file):
                os.close(self._file)
                raise StateError(
                    f"another process is writing to {self.path.parent} just now; "
                    "wait for it to end, or name another folder by --out"
                )
            if self._still_there():
                return self
            os.close(self._file)  # its last holder removed it before we had it: make a new one

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if sys.platform == "win32":
            os.close(self._file)  # Windows removes no open file
        with suppress(OSError):
            os.unlink(self.path)
        if sys.platform != "win32":
            os.close(self._file)

    def _still_there(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._file), os.stat(self.path))
        except FileNotFoundError:
            return False


def _lock(file: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        # Windows reports a lock held by another as "permission denied"; elsewhere any other
        # error means a file system without locks, where there is nothing to go by.
        return sys.platform != "win32" and not isinstance(error, PermissionError)
    return True
