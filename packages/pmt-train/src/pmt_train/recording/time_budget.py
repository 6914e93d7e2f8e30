"""`TimeBudget`: keeps what a recorder does within a share of the time of the training."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

_SMOOTHING = 0.1  # weight of the newest step in the usual time


class TimeBudget:
    """Measures the time of a recorder between the steps, and within some of them.

    What looking at a step takes is what it took more than other steps, as hooks slow down more than
    themselves. The clock is one that needs no call of the operating system: asking for processor
    time takes longer than what is measured.

    Args:
        share: of the time of the training, that may be spent.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._begun = self._last = time.perf_counter()
        self._usual: float | None = None  # seconds of a step that nobody looked at
        self._looking = self._writing = 0.0

    @property
    def is_left(self) -> bool:
        """Whether there is time to look at the next step."""
        allowed = self._allowed
        return self._looking + min(self._writing, allowed / 2) <= allowed

    @property
    def lines_take_too_long(self) -> bool:
        """Whether writing lines alone takes half of the time."""
        return self._writing > self._allowed / 2

    def restart(self) -> None:
        """Begin to measure the next step."""
        self._last = time.perf_counter()

    @contextmanager
    def after_step(self, looking: float) -> Iterator[None]:
        """Count the step before this block, and the time of the block.

        looking: seconds that looking at the step has taken at least; 0 if nobody did.
        """
        start = time.perf_counter()
        seconds = start - self._last
        if looking:
            self._looking += max(
                looking, seconds - (seconds if self._usual is None else self._usual)
            )
        else:
            usual = seconds if self._usual is None else self._usual
            self._usual = usual + _SMOOTHING * (seconds - usual)
        try:
            yield
        finally:
            self._last = time.perf_counter()
            self._writing += self._last - start

    @property
    def _allowed(self) -> float:
        return self._share * (time.perf_counter() - self._begun)
