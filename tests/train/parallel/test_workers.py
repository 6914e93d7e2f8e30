"""Worker threads, prediction by threads, and memory that stays with the process."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from pmt_autograd import is_recording
from pmt_core import SettingsError
from pmt_train import Workers, check_worker_count, core_count, max_workers, predict_batches
from pmt_train.parallel import workers as workers_module


def test_results_come_in_order_from_several_threads():
    names, all_threads = set(), threading.Barrier(3, timeout=600)

    def work(i: int) -> int:
        names.add(threading.current_thread().name)
        if i < 3:
            all_threads.wait()
        return i * i

    with Workers(3) as workers:
        assert workers.map(work, range(20)) == [i * i for i in range(20)]
    assert len(names) == 3


def test_the_first_error_is_raised_after_all_threads_have_stopped():
    running, all_threads, failed = set(), threading.Barrier(3, timeout=600), threading.Event()

    def work(i: int) -> None:
        running.add(i)
        all_threads.wait()
        if i == 0:
            failed.wait(600)
            time.sleep(0.05)  # the others have stopped by now, or later
        running.discard(i)
        if i in (1, 2):
            failed.set()
            raise ValueError(str(i))

    with Workers(3) as workers:
        with pytest.raises(ValueError, match="1"):
            workers.map(work, range(3))
        assert not running
        assert workers.map(abs, [-1, -2]) == [1, 2]  # it can still be used


def test_it_may_be_entered_again_and_outside_it_works_alone():
    workers = Workers(2)
    name = threading.current_thread().name
    assert workers.map(lambda _: threading.current_thread().name, range(3)) == [name] * 3
    with workers:
        with workers:
            pass
        assert workers.map(abs, [-1, -2, -3]) == [1, 2, 3]
    with workers:
        assert workers.map(abs, [-1, -2, -3]) == [1, 2, 3]


def test_blas_has_one_thread_meanwhile():
    threadpoolctl = pytest.importorskip("threadpoolctl", reason="extra [parallel] not installed")
    np.ones((2, 2)) @ np.ones((2, 2))

    def threads() -> set[int]:
        return {
            i["num_threads"] for i in threadpoolctl.threadpool_info() if i["user_api"] == "blas"
        }

    with threadpoolctl.threadpool_limits(2, "blas"):
        before = threads()
        with Workers(2) as workers:
            assert all(counts == {1} for counts in workers.map(lambda _: threads(), range(4)))
        assert threads() == before


def test_without_threadpoolctl_one_worker_and_a_note_with_the_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)  # importing it fails
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    workers = Workers(2)
    assert (workers.requested, workers.count) == (2, 1)
    assert "pip install" in workers.note
    assert Workers(1).note is None
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    assert (Workers(2).count, Workers(2).note) == (2, None)


def test_the_number_is_checked_and_defaults_to_the_cores(monkeypatch):
    monkeypatch.setattr(workers_module, "core_count", lambda: 5)
    assert Workers().requested == 5
    assert core_count() >= 1
    with pytest.raises(SettingsError, match="at least 1"):
        Workers(0)
    assert max_workers() >= 4 * core_count()
    assert check_worker_count(max_workers()) == max_workers()
    cores = os.cpu_count()
    with pytest.raises(SettingsError, match=f"100,000 workers are too many for the {cores} cores"):
        Workers(100_000)


@pytest.mark.parametrize("n", [1, 3])
def test_predictions_come_in_order_without_a_tape(n):
    def work(batch: int) -> tuple[int, bool]:
        time.sleep(0.002 * (batch % 3))
        return batch, is_recording()

    results = predict_batches(work, iter(range(25)), n)
    assert results == [(i, False) for i in range(25)]
    assert is_recording()


def test_batches_are_made_as_they_are_needed():
    made, most_ahead = [], []

    def batches():
        for i in range(30):
            made.append(i)
            yield i

    done = []

    def work(batch: int) -> None:
        most_ahead.append(len(made) - len(done))
        done.append(batch)

    predict_batches(work, batches(), 2)
    assert max(most_ahead) <= 4


def test_an_error_in_a_batch_ends_prediction():
    seen = []

    def work(batch: int) -> None:
        seen.append(batch)
        if batch == 3:
            raise ValueError("batch 3")

    with pytest.raises(ValueError, match="batch 3"):
        predict_batches(work, range(10_000), 2)
    assert len(seen) < 10_000


_SCRIPT = """
import resource, sys
import numpy as np
from pmt_train import Workers, keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def work(i):
    arrays = [np.ones(1_000_000, np.float32) for _ in range(8)]
apply = Workers(1).map if sys.argv[1] == "workers" else map
list(apply(work, [0])); before = faults()
for i in range(20):
    list(apply(work, [i]))
print(faults() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
def test_arrays_of_a_step_are_reused_in_the_next() -> None:
    def faults(mode: str) -> int:
        run = subprocess.run(
            [sys.executable, "-c", _SCRIPT, mode], capture_output=True, text=True, check=True
        )
        return int(run.stdout)

    default = faults("default")
    assert faults("keep") * 5 < default
    assert faults("workers") * 5 < default  # without `with`, as in a loop of `Trainer.step`
