"""Time of the processor, which a busy machine hardly changes, as a ratio of two amounts of work."""

from __future__ import annotations

import time
from collections.abc import Callable

SMALL, LARGE = 2_000, 40_000


def growth(work: Callable[[int], Callable[[], object]], *, repeats: int = 5) -> float:
    """How much longer a unit takes in LARGE units than in SMALL: 1 is linear, 20 quadratic.

    work: prepares a number of units, and returns the function to measure.
    """
    return _seconds(work, LARGE, repeats) / LARGE / (_seconds(work, SMALL, repeats) / SMALL)


def _seconds(work: Callable[[int], Callable[[], object]], units: int, repeats: int) -> float:
    """The shortest of several measurements: nothing makes code faster than it is."""
    seconds = []
    for _ in range(repeats):
        function = work(units)
        start = time.process_time()
        function()
        seconds.append(time.process_time() - start)
    return max(min(seconds), 1e-6)
