"""Prediction over many batches, in threads, without a tape."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sized
from typing import TypeVar

from pmt_autograd import no_grad
from pmt_train.parallel.workers import Workers
from pmt_train.trainer.progress import progress_bar

B = TypeVar("B")
R = TypeVar("R")


def predict_batches(
    function: Callable[[B], R],
    batches: Iterable[B],
    workers: Workers | int | None = 1,
    *,
    description: str = "predicting",
) -> list[R]:
    """`function` of every batch, in the order of the batches, under `no_grad`.

    function: the model's work on one batch; called by several threads at once, so it keeps
    nothing outside of itself. Switch the model to `eval()` before.
    workers: threads, or their number. Batches are made one by one, as threads become free.
    """
    team = workers if isinstance(workers, Workers) else Workers(workers)
    numbered = enumerate(batches)
    results: dict[int, R] = {}
    turn = threading.Lock()
    failed = threading.Event()
    total = len(batches) if isinstance(batches, Sized) else None

    def work(_: int) -> None:
        with no_grad():
            while not failed.is_set():
                with turn:
                    item = next(numbered, None)
                if item is None:
                    return
                results[item[0]] = function(item[1])
                with turn:
                    bar.update(1)

    def work_or_fail(worker: int) -> None:
        try:
            work(worker)
        except BaseException:
            failed.set()
            raise

    with team, progress_bar(total, description) as bar:
        team.map(work_or_fail, range(team.count if total is None else min(team.count, total)))
    return [results[i] for i in range(len(results))]
