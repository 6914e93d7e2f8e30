"""Count what a process does to files, and act at the k-th of these events.

An event is an audited call (`open` for writing, `os.rename`, `os.remove`, the start of a process,
...), an `fsync`, or a write to a file. A kill at each event leaves every state of the disk that a
kill at any moment can leave.
"""

from __future__ import annotations

import builtins
import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

_CHANGES = {
    "os.chmod", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink",
    "os.truncate", "os.utime", "subprocess.Popen",
}  # fmt: skip
_FOR_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_NO_FILES = ("/dev/", "/proc/")


class FileEvents:
    """A counter of the events of this process, for the rest of its life.

    Attributes:
        count: number of events so far.
        processes: ids of the processes that were started.
    """

    def __init__(self, act_at: int, act: Callable[[], None], *, ends: bool = True) -> None:
        """Count from now on.

        Args:
            act_at: number of the event, from 1, before which `act` is called; 0: never.
            act: what to do then.
            ends: whether `act` ends this process: then half of the data of a write is written.
        """
        self.count = 0
        self._ends = ends
        self.processes: list[int] = []
        self._act_at = act_at
        self._act = act
        self._lock = threading.Lock()
        self._patch()
        sys.addaudithook(self._audit)

    def event(self, write_half: Callable[[], object] | None = None) -> None:
        """Count an event. write_half: writes half of the data, if the event is a write."""
        with self._lock:
            self.count += 1
            is_last = self.count == self._act_at
        if is_last:
            if write_half is not None and self._ends:
                write_half()
            self._act()

    def _audit(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name in _CHANGES or (name == "open" and _is_for_writing(*arguments)):
            self.event()

    def _patch(self) -> None:
        """Replace the functions that have no audit event."""
        events, fsync, open_, start = self, os.fsync, io.open, subprocess.Popen.__init__

        def counted_fsync(descriptor: int) -> None:
            events.event()
            fsync(descriptor)

        def counted_open(
            file: Any, mode: str = "r", buffering: int = -1, *arguments: Any, **keywords: Any
        ) -> Any:
            if not set(mode) & set("wax+") or buffering == 0 or "opener" in keywords:
                return open_(file, mode, buffering, *arguments, **keywords)
            raw_mode = mode.replace("b", "").replace("t", "")
            raw = _CountedFile(file, raw_mode, keywords.pop("closefd", True))
            raw.events = events
            binary = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
            return binary if "b" in mode else io.TextIOWrapper(binary, *arguments, **keywords)

        def counted_start(process: Any, *arguments: Any, **keywords: Any) -> None:
            start(process, *arguments, **keywords)
            events.processes.append(process.pid)

        for module, name, replacement in (
            (os, "fsync", counted_fsync),
            (io, "open", counted_open),
            (builtins, "open", counted_open),
            (subprocess.Popen, "__init__", counted_start),
        ):
            setattr(module, name, replacement)


class _CountedFile(io.FileIO):
    """A file whose writes are events; a kill at one of them leaves half of its data."""

    events: FileEvents

    def write(self, data: Any) -> int:
        half = memoryview(data).cast("B")[: memoryview(data).nbytes // 2]
        self.events.event(lambda: super(_CountedFile, self).write(half))
        return super().write(data)


def _is_for_writing(path: object, mode: str | None, flags: int) -> bool:
    if isinstance(path, str) and path.startswith(_NO_FILES):
        return False
    return bool(flags & _FOR_WRITING) and not isinstance(path, int)
