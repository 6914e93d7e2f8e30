"""Learning-rate schedules one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from pmt_core import SettingsError
from pmt_train.schedule import Schedule


def in_sequence(parts: Sequence[tuple[Schedule, int]]) -> Schedule:
    """Each schedule for its number of steps, counted from 0 again; the last one goes on.

    parts: (schedule, steps), in order, e.g. one for each phase of a curriculum.
    """
    if not parts:
        raise SettingsError("a sequence of schedules needs at least one")

    def rate(step: int) -> float:
        for schedule, steps in parts[:-1]:
            if step < steps:
                return schedule(step)
            step -= steps
        return parts[-1][0](step)

    return rate
