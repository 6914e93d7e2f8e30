"""`TimeBudget`: keeps what a recorder does within a share of the time of the training."""

from __future__ import annotations

import math
import time

_FAR = 1 << 40  # steps
_MARGIN = 1.25  # as the look at the budget takes time, too
_SMOOTHING = 0.1  # weight of the newest step in the usual time


class TimeBudget:
    """Measures the time of a recorder between the steps, and within some of them.

    What looking at a step takes is what it took more than other steps, as hooks slow down more than
    themselves. What is spent is counted by the clock, so waiting for a disk counts. What it is a
    share of is counted by the clock or by the processor time of the process, whichever is less:
    else a recorder would take more of the processor when other programs leave little of it.

    Args:
        share: of the time of the training, that may be spent; 1: there is no limit.

    Attributes:
        now: on the clock, when the last step or the work between two steps ended.
    """

    def __init__(self, share: float) -> None:
        self.now = self._begun = self._last = time.perf_counter()
        self._processor_begun = time.process_time()
        self._elapsed = 0.0
        self._share = share
        self._usual: float | None = None  # seconds of a step that nobody looked at
        self._looking = self._writing = 0.0
        self._n_steps = 0

    @property
    def allows_look(self) -> bool:
        """Whether there is time to look at the next step."""
        allowed = self._share * self._elapsed
        spent = self._looking + min(self._writing, allowed / 2)
        return self._share >= 1 or spent <= allowed

    @property
    def allows_line(self) -> bool:
        """Whether writing lines has taken less than half of the share."""
        return self._share >= 1 or 2 * self._writing <= self._share * self._elapsed

    @property
    def steps_until_line(self) -> int:
        """Number of steps until `allows_line`, of the mean length, if little is done meanwhile."""
        missing = 2 * self._writing - self._share * self._elapsed
        gain = self._share * self._elapsed / max(self._n_steps, 1)
        return math.ceil(min(_MARGIN * missing / gain, _FAR)) if gain else _FAR

    def restart(self, start: float) -> None:
        """Count the work since a time that was between two steps; begin to measure the next one."""
        self.now = self._last = time.perf_counter()
        self._writing += self.now - start

    def end_step(self, looking: float, n: int = 1) -> None:
        """Count a step, or `n` steps since the last call.

        looking: seconds that looking at the step took at least; 0 if nobody did.
        """
        self.now = time.perf_counter()
        self._n_steps += n
        processor = time.process_time() - self._processor_begun
        self._elapsed = min(self.now - self._begun, processor)
        seconds = (self.now - self._last) / n
        usual = seconds if self._usual is None else self._usual
        if looking:
            self._looking += max(looking, seconds - usual)
        else:
            self._usual = usual + _SMOOTHING * (seconds - usual)

    def end_work(self) -> None:
        """Count the time since the step has ended, and begin to measure the next one."""
        self._last = time.perf_counter()
        self._writing += self._last - self.now
