"""The histories of several stages as one."""

from __future__ import annotations

from collections.abc import Mapping

from pmt_train.history import History, Row


def join_histories(stages: Mapping[str, History]) -> History:
    """The rows of all stages in order, with a column `stage` (1, 2, ...).

    Epochs, steps and seconds go on counting from stage to stage. What was best is what was best
    in the last stage.
    """
    whole = History()
    for number, part in enumerate(stages.values(), start=1):
        before: Row = whole.rows[-1] if whole.rows else {}
        epochs = int(before.get("epoch", 0))
        for row in part.rows:
            counted: Row = {
                name: row[name] + before.get(name, 0)
                for name in ("epoch", "step", "seconds")
                if name in row
            }
            whole.rows.append({"stage": number, **row, **counted})
        best = None if part.best_epoch is None else epochs + part.best_epoch
        whole = History(
            rows=whole.rows,
            best_epoch=best,
            best=part.best,
            seconds=whole.seconds + part.seconds,
            training_seconds=whole.training_seconds + part.training_seconds,
            examples=whole.examples + part.examples,
            stopped_early=part.stopped_early,
        )
    return whole
