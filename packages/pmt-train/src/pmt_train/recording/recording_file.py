"""`RecordingFile`: appends lines to a recording a few times a second, or writes it anew."""

from __future__ import annotations

import json
import time
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import FileIO
from pathlib import Path

from pmt_core import PmtError, atomic_file
from pmt_train.recording.line_checker import RecordedLine
from pmt_train.trainer.progress import warn

_PERIOD = 0.2  # seconds between writes
_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


class RecordingFile:
    """Writes whole lines. If it cannot, it prints one warning, and writes nothing any more.

    Lines that wait are written even if the training fails, and lost if the process is killed.

    Args:
        path: of the file.
        is_writer: False: writes nothing, as on other ranks than the first.
    """

    def __init__(self, path: Path, is_writer: bool = True) -> None:
        self.is_writing = is_writer
        self._path = path
        self._file: FileIO | None = None
        self._close_file: Callable[[], object]
        self._pending: list[RecordedLine] = []  # many are encoded faster than one at a time
        self._flushed = 0.0

    def append(self, lines: Iterable[RecordedLine], *, at_once: bool) -> None:
        """Add lines to the file. at_once: write them now, not with later ones."""
        if not self.is_writing:
            return
        self._pending += lines
        if at_once or time.perf_counter() - self._flushed >= _PERIOD:
            self.flush()

    def flush(self) -> None:
        """Write the lines that wait, all by one call: the file has no half lines."""
        self._flushed = time.perf_counter()
        if not self._pending:
            return
        data = b"".join(map(_encoded, self._pending))
        self._pending.clear()
        try:
            if self._file is None:
                self._file = open(self._path, "ab", buffering=0)  # noqa: SIM115  for many steps
                self._close_file = weakref.finalize(self, _finish, self._file, self._pending)
            self._file.write(data)
        except OSError as error:
            self._fail(error)

    def rewrite(self, lines: Iterable[RecordedLine]) -> None:
        """Write all lines into a new file, which takes the place of the old one."""
        if not self.is_writing:
            return
        self._pending.clear()  # they are among all lines
        self.close()
        try:
            with atomic_file(self._path) as file:
                file.writelines(map(_encoded, lines))
        except (OSError, PmtError) as error:
            self._fail(error)

    def close(self) -> None:
        """Write the lines that wait, and close the file."""
        self.flush()
        if self._file is not None:
            self._close_file()
            self._file = None

    def _fail(self, error: Exception) -> None:
        self.is_writing = False
        self._pending.clear()
        self.close()
        warn(f"warning: the training is not recorded any more: {error}")


def _finish(file: FileIO, pending: list[RecordedLine]) -> None:
    """Write what waits, and close the file: also if the training failed."""
    with suppress(OSError), file:
        file.write(b"".join(map(_encoded, pending)))


def _encoded(line: RecordedLine) -> bytes:
    return f"{_encode(line)}\n".encode()
