"""The table at the end of the campaign: a row for each case."""

from __future__ import annotations

from collections.abc import Sequence

from campaigns.kills.cases import Case
from campaigns.kills.trial import Trial
from pmt_apps.kit.text_table import text_table

_COLUMNS = ("case", "runs", "right", "kills", "by file event", "by time", "by worker",
            "in a save", "temporary files")  # fmt: skip


def summary_table(cases: Sequence[Case], trials: Sequence[Trial]) -> str:
    """Return the table as text.

    "in a save" counts the kills that left an unfinished file in the folder of the run, "temporary
    files" is the highest number of files that a kill left in the folder for temporary files.
    """
    rows = [_row(case.name, [t for t in trials if t.case == case.name]) for case in cases]
    return text_table([_COLUMNS, *rows, _row("all", trials)], header=True)


def _row(name: str, trials: Sequence[Trial]) -> list[str]:
    kinds = [moment.kind for trial in trials for moment in trial.moments]
    numbers = [
        len(trials),
        sum(not trial.problems for trial in trials),
        len(kinds),
        *(kinds.count(kind) for kind in ("file event", "time", "worker")),
        sum(trial.in_a_save for trial in trials),
        max((trial.in_temporary for trial in trials), default=0),
    ]
    return [name, *map(str, numbers)]
