"""`Interrupt`: Ctrl-C turned into a flag that is looked at between steps; and what it raises."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """Within this context the first SIGINT or SIGTERM only sets `requested`; the second one
    raises KeyboardInterrupt where the program stands.

    Work that may be broken off anywhere runs within `at_once()`, where the first raises too.
    Signals reach the main thread alone: in another one this context does nothing.

    Attributes:
        requested: the signal's number once one came, else None.
    """

    def __init__(self) -> None:
        self.requested: int | None = None
        self._before: dict[int, Any] = {}
        self._raises = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                # A signal that is ignored (nohup, background jobs) stays ignored.
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            # None: a handler that was not installed from Python cannot be put back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before.clear()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Within this context the first signal raises KeyboardInterrupt; so does an earlier one."""
        if self.requested is not None:
            raise KeyboardInterrupt
        self._raises = True
        try:
            yield
        finally:
            self._raises = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        again = self.requested is not None
        self.requested = number
        if again or self._raises:
            raise KeyboardInterrupt
        sys.stderr.write("\nstopping after this step ... (once more: at once)\n")
        sys.stderr.flush()


class Stopped(KeyboardInterrupt):
    """A signal other than Ctrl-C's asked the program to end. signal: its number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.signal = number


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Within this context SIGINT raises KeyboardInterrupt, and SIGTERM `Stopped`.

    Nothing that cleans up after itself is skipped then, as it would be where SIGTERM simply ends
    the process. SIGINT counts even where it was ignored: a shell starts background jobs of a
    script like that, and who sends one means it. SIGTERM stays ignored where it was.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped(number)

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            before[signal.SIGTERM] = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


class TrainingInterrupted(KeyboardInterrupt):
    """Training was stopped by Ctrl-C or SIGTERM, after saving a checkpoint if it has a place.

    Attributes:
        signal: the number of the signal.
        step, epoch: steps and whole epochs done.
        checkpoint: where to go on from; None where no checkpoint path was given.
    """

    def __init__(self, number: int, step: int, epoch: int, checkpoint: str | None) -> None:
        saved = f"saved in {checkpoint}" if checkpoint else "not saved: no checkpoint path given"
        super().__init__(f"training stopped after step {step} (epoch {epoch + 1}), {saved}")
        self.signal = number
        self.step = step
        self.epoch = epoch
        self.checkpoint = checkpoint
