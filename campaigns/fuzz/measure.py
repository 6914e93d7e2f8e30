"""Measure what a call takes: growth of memory and processor time, both with a limit."""

from __future__ import annotations

import ctypes
import gc
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

MAX_GROWTH = 200e6  # bytes
_AGAIN = 0.5  # seconds
_ADDRESS_SPACE = 3 << 30  # bytes beyond those at the start; more is a MemoryError
_TRIM = 32e6  # bytes of freed memory that are given back before the next call

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True, slots=True)
class Limits:
    """Processor time of a call, in seconds.

    Attributes:
        call: after which it is ended by an exception.
        kill: after which the system ends its process, if it does not return to Python.
    """

    call: float = 10.0
    kill: float = 15.0


USUAL_LIMITS = Limits()


class TooSlow(BaseException):
    """A call took more processor time than it may."""


class Meter:
    """Measures calls of this process.

    limits: of each call.

    Attributes:
        seconds: processor time of the last call.
        growth: its largest memory beyond that before it, in bytes.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.seconds = 0.0
        self.growth = 0.0
        self._floor = _resident()[0]
        self._resets = _reset_peak()

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Measure what is called within this context. Raises TooSlow in it."""
        if _resident()[0] > self._floor + _TRIM:
            _give_back()  # takes 40 ms
            self._floor = _resident()[0]  # samples and modules of further readers stay
        self._resets = self._resets and _reset_peak()
        before, peak = _resident()
        if not self._resets:
            before = peak  # the peak can only be seen to rise
        used = time.process_time()
        # The system ends a process that goes on without returning to Python: the signal keeps its
        # default action. RLIMIT_CPU would not do: the system compares it with a clock of ticks,
        # which drifts away from `process_time` by seconds in a campaign of half an hour.
        signal.setitimer(signal.ITIMER_VIRTUAL, self.limits.kill)
        # Again and again: where a destructor runs, an exception is lost.
        signal.setitimer(signal.ITIMER_PROF, self.limits.call, _AGAIN)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            self.seconds = time.process_time() - used
            self.growth = max(_resident()[1] - before, 0)


@contextmanager
def limited_process() -> Iterator[None]:
    """Limit this process within the context: its address space, and calls, see TooSlow."""
    kinds = (resource.RLIMIT_CORE, resource.RLIMIT_AS)
    limits = {kind: resource.getrlimit(kind) for kind in kinds}
    handler = signal.signal(signal.SIGPROF, _raise_too_slow)
    try:
        _set_limit(resource.RLIMIT_CORE, 0)
        if sys.platform == "linux":
            _set_limit(resource.RLIMIT_AS, int(_status("VmSize")) + _ADDRESS_SPACE)
        yield
    finally:
        signal.signal(signal.SIGPROF, handler)
        for kind, limit in limits.items():
            resource.setrlimit(kind, limit)


def _set_limit(kind: int, most: int) -> None:
    """Set a limit that can be raised again."""
    hard = resource.getrlimit(kind)[1]
    is_allowed = hard == resource.RLIM_INFINITY or 0 <= most < hard
    resource.setrlimit(kind, (most if is_allowed else hard, hard))


def _raise_too_slow(number: int, frame: FrameType | None) -> None:
    raise TooSlow


def _resident() -> tuple[float, float]:
    """Return the present and the peak resident memory in bytes."""
    if _STATUS.exists():
        return _status("VmRSS"), _status("VmHWM")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak), float(peak)


def _status(name: str) -> float:
    text = _STATUS.read_text()
    return float(text[text.index(f"{name}:") :].split(None, 2)[1]) * 1024


def _reset_peak() -> bool:
    """Let the peak begin anew; return whether the system can."""
    try:
        _CLEAR.write_text("5")
    except OSError:
        return False
    return True


def _give_back() -> None:
    """Give freed memory back to the system, so that it is not reused unseen."""
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
