"""`predict_batches`: prediction for many batches by threads, without a tape."""

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
    """Return `function` of each batch, in the order of the batches, under `no_grad`.

    Several threads call the function at once, so it must not change shared state. Switch the
    model to `eval()` before. A batch is drawn when a thread becomes free. The progress bar has a
    total if `batches` has a length.
    """
    pool = workers if isinstance(workers, Workers) else Workers(workers)
    numbered = enumerate(batches)
    results: dict[int, R] = {}
    lock = threading.Lock()
    failed = threading.Event()
    total = len(batches) if isinstance(batches, Sized) else None

    def work(_: int) -> None:
        with no_grad():
            while not failed.is_set():
                with lock:
                    item = next(numbered, None)
                if item is None:
                    return
                results[item[0]] = function(item[1])
                with lock:
                    bar.update(1)

    def work_or_fail(worker: int) -> None:
        try:
            work(worker)
        except BaseException:
            failed.set()
            raise

    with pool, progress_bar(total, description) as bar:
        pool.map(work_or_fail, range(pool.count if total is None else min(pool.count, total)))
    return [results[i] for i in range(len(results))]
