"""Run the trials of a campaign, in this process or in several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context, set_start_method
from pathlib import Path

from campaigns.kills.cases import CASES, Case
from campaigns.kills.process import import_applications
from campaigns.kills.trial import Trial, Trials


def run_trials(
    folder: Path, seed: int, cases: Sequence[Case], numbers: Sequence[int], jobs: int
) -> Iterator[Trial]:
    """Yield the results of the trials of these numbers, as they end.

    Args:
        folder: for data and runs; everything in it may be deleted at the end.
        seed: of all random choices.
        cases: trial n is of case n modulo their number.
        numbers: of the trials.
        jobs: number of processes.
    """
    if jobs == 1:
        _initialize(folder, seed)
        for number in numbers:
            yield _run_trial(number, cases[number % len(cases)].name)
        return
    # A new interpreter for each: it has one thread, so it can be forked.
    with ProcessPoolExecutor(jobs, get_context("spawn"), _initialize, (folder, seed)) as pool:
        results = [pool.submit(_run_trial, n, cases[n % len(cases)].name) for n in numbers]
        for result in as_completed(results):
            yield result.result()


_trials: list[Trials] = []  # those of this process


def _initialize(folder: Path, seed: int) -> None:
    # As in an application: elsewise the locks of tqdm are registered with the parent's tracker.
    set_start_method("fork", force=True)
    import_applications()
    _trials[:] = [Trials(folder, seed)]


def _run_trial(number: int, name: str) -> Trial:
    (case,) = (case for case in CASES if case.name == name)
    return _trials[0].run(number, case)
