"""`ThreadPool`: every job runs, threads are used again, and end when they are idle."""

from __future__ import annotations

import threading

import pytest

from pmt_apps.server.network import thread_pool
from pmt_apps.server.network.thread_pool import ThreadPool


def test_a_thread_is_used_again() -> None:
    pool, seen = ThreadPool(), set[int]()
    for _ in range(20):
        done = threading.Event()

        def job(done: threading.Event = done) -> None:
            seen.add(threading.get_ident())
            done.set()

        pool.run(job)
        assert done.wait(600)
        while not pool._idle:  # it waits for the next job at once
            pass
    assert len(seen) == 1


def test_jobs_run_at_once_and_none_is_lost() -> None:
    """Each waits for all others, so none may wait for a thread."""
    pool, barrier, results = ThreadPool(), threading.Barrier(30, timeout=600), list[int]()
    finished = threading.Semaphore(0)

    def job(number: int) -> None:
        barrier.wait()
        results.append(number)
        finished.release()

    for turn in range(3):
        for i in range(30):
            pool.run(lambda i=i: job(i))  # type: ignore[misc]
        for _ in range(30):
            assert finished.acquire(timeout=600)
        assert len(results) == 30 * (turn + 1)


def test_idle_threads_end_and_others_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread_pool, "_IDLE", 0.0)
    pool, finished = ThreadPool(), threading.Semaphore(0)
    for _ in range(500):
        pool.run(finished.release)  # a thread may be about to end when it is given a job
    for _ in range(500):
        assert finished.acquire(timeout=600)
