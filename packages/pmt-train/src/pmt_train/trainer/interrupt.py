"""Signals during training: `Interrupt` sets a flag; `TrainingInterrupted` is raised for it."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """A context in which the first SIGINT or SIGTERM only sets a flag.

    `requested` is then the number of the signal. The second signal raises KeyboardInterrupt
    immediately. Within `at_once()` the first one does, too. Signals reach only the main thread:
    in other threads this context does nothing.

    Examples:
        >>> import signal
        >>> from pmt_train import Interrupt
        >>> with Interrupt() as interrupt:
        ...     for batch in range(1000):
        ...         if batch == 3:
        ...             signal.raise_signal(signal.SIGTERM)  # as `kill` does; Ctrl-C is SIGINT
        ...         if interrupt.requested:
        ...             print("stop after batch", batch)
        ...             break
        stop after batch 3
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

    def __exit__(self, *exception: object) -> None:
        _restore(self._before)
        self._before.clear()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Raise KeyboardInterrupt at the first signal, also for one that came before."""
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
    """Raised for SIGTERM. The attribute `signal` is the number of the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.signal = number


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Raise KeyboardInterrupt for SIGINT and `Stopped` for SIGTERM within this context.

    So cleanup code runs, which the default action of SIGTERM skips. SIGINT is handled even if it
    was ignored, as it is in background jobs that a shell script starts. If SIGTERM was ignored,
    it still is.

    Examples:
        >>> import signal
        >>> from pmt_train import stopped_by_signals
        >>> try:
        ...     with stopped_by_signals():
        ...         signal.raise_signal(signal.SIGTERM)
        ... except KeyboardInterrupt as error:
        ...     print("clean up:", error)
        clean up: stopped by SIGTERM
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
        _restore(before)


def _restore(handlers: dict[int, Any]) -> None:
    for number, handler in handlers.items():
        # None: a handler that was not installed from Python cannot be restored.
        signal.signal(number, signal.SIG_DFL if handler is None else handler)


class TrainingInterrupted(KeyboardInterrupt):
    """Raised when Ctrl-C or SIGTERM stopped training, after a checkpoint was saved.

    Attributes:
        signal: number of the signal.
        step, epoch: number of steps and of whole epochs done.
        checkpoint: the file to resume from; None if no checkpoint path was given.

    Examples:
        >>> import signal
        >>> from pmt_train import TrainingInterrupted
        >>> try:
        ...     raise TrainingInterrupted(signal.SIGTERM, step=120, epoch=3, checkpoint="run.npz")
        ... except TrainingInterrupted as error:
        ...     print(error.step, error.epoch, error.checkpoint)
        120 3 run.npz
    """

    def __init__(self, number: int, step: int, epoch: int, checkpoint: str | None) -> None:
        saved = f"saved in {checkpoint}" if checkpoint else "not saved: no checkpoint path given"
        super().__init__(f"training stopped after step {step} (epoch {epoch + 1}), {saved}")
        self.signal = number
        self.step = step
        self.epoch = epoch
        self.checkpoint = checkpoint
