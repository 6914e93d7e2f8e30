"""Worker processes: they leave nothing behind, however they or their program end."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np
import pytest
from process_state import exists
from topic_sampler import TopicSampler, topic_model, train

from pmt_core import SettingsError, StateError
from pmt_train import Word2VecTrainer
from pmt_train.word2vec import worker_process
from pmt_train.word2vec.worker_process import WorkerProcess

LINUX = sys.platform == "linux"


def wait_for(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 600  # far more than any machine needs
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def shared_descriptors() -> list[str]:
    links = [os.path.join("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]
    return [link for link in links if os.path.islink(link) and "pmt" in os.readlink(link)]


def test_nothing_is_left_and_the_weights_stay(long_sampler) -> None:
    model = topic_model()
    before = shared_descriptors() if LINUX else []
    with Word2VecTrainer(model, long_sampler, workers=2) as trainer:
        pids = trainer.pids
        assert len(pids) == 2
        assert all(map(exists, pids))
        trainer.step(*trainer.sampler.epoch(0))
    assert not any(map(exists, pids))
    assert np.isfinite(model.vectors).all()
    trained = model.vectors.copy()
    with Word2VecTrainer(model, long_sampler) as trainer:  # by this process, on the same memory
        trainer.step(*trainer.sampler.epoch(0))
    assert not np.array_equal(model.vectors, trained)
    if LINUX:  # its two tables are all that is left, and go with it
        assert len(shared_descriptors()) == len(before) + 2
        del model, trainer
        assert shared_descriptors() == before


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_an_interrupt_does_not_reach_a_worker_at_any_time() -> None:
    worker = WorkerProcess({}, [])
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(worker.receive)
        while not answer.done():  # from the moment it is started until it has answered
            os.kill(worker.pid, signal.SIGINT)
            wait([answer], timeout=0.01)
    with pytest.raises(StateError, match="KeyError"):  # it lived to answer
        answer.result()
    worker.close()
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.parametrize("message", [b"", b'{"settings"', b'{"unknown": 1}\n'])
def test_a_worker_whose_parent_is_killed_ends_quietly(message: bytes) -> None:
    """Within a message, before it, or before the answer is read."""
    reading, writing = os.pipe()
    os.close(reading)  # nobody reads the answers
    done = subprocess.run(
        [sys.executable, "-m", "pmt_train.word2vec.worker_main"],
        input=message,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_killed_worker_is_an_error_that_says_so(long_sampler) -> None:
    with Word2VecTrainer(topic_model(), long_sampler, workers=2) as trainer:
        trainer.accumulate = 4
        pids = trainer.pids

        def kill(event) -> None:
            os.kill(pids[0], signal.SIGKILL)

        with pytest.raises(StateError, match=f"worker process {pids[0]} was killed by signal 9"):
            train(trainer, callbacks={"step": kill})
    assert not any(map(exists, pids))


@pytest.fixture
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may give a worker no time for long, so the limit on that stays as it is."""
    for name, seconds in (("_LOOK", 0.05), ("_STOPPED", 0.5)):
        monkeypatch.setattr(worker_process, f"{name}_SECONDS", seconds)


@pytest.mark.skipif(not LINUX, reason="the state of a process")
@pytest.mark.usefixtures("short_limits")
def test_a_stopped_worker_is_an_error_that_names_it(long_sampler) -> None:
    with Word2VecTrainer(topic_model(), long_sampler, workers=2) as trainer:
        trainer.accumulate = 4
        pids = trainer.pids

        def stop(event) -> None:
            os.kill(pids[1], signal.SIGSTOP)

        with pytest.raises(StateError, match=rf"worker process {pids[1]} .* stopped \(SIGSTOP\)"):
            train(trainer, callbacks={"step": stop})
    assert not any(map(exists, pids))


@pytest.mark.skipif(not LINUX, reason="the state of a process")
@pytest.mark.usefixtures("short_limits")
def test_a_worker_that_goes_on_in_time_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is stopped more often than the limit allows at once."""
    worker = WorkerProcess({}, [])
    looks = []

    def look(pid: int) -> bool:
        is_stopped = stopped(pid)
        looks.append(is_stopped)
        if len(looks) < 40:
            os.kill(pid, signal.SIGSTOP if len(looks) % 9 < 8 else signal.SIGCONT)
        else:
            os.kill(pid, signal.SIGCONT)
        return is_stopped

    stopped = worker_process.is_stopped
    monkeypatch.setattr(worker_process, "is_stopped", look)
    with pytest.raises(StateError, match="KeyError: 'tables'"):  # its answer
        worker.receive()
    assert sum(looks) > 10
    worker.close()


@pytest.mark.skipif(not LINUX, reason="the state of a process")
@pytest.mark.usefixtures("short_limits")
def test_a_worker_that_hangs_is_an_error_and_one_that_works_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_process, "_IDLE_SECONDS", 0.5)
    worker = WorkerProcess({}, [])
    os.kill(worker.pid, signal.SIGSTOP)
    monkeypatch.setattr(worker_process, "is_stopped", lambda pid: False)
    with pytest.raises(StateError, match=f"worker process {worker.pid} hangs"):
        worker.receive()
    seconds = itertools.count()

    def work(pid: int) -> float:
        second = next(seconds)
        if second == 20:
            os.kill(pid, signal.SIGCONT)
        return second

    monkeypatch.setattr(worker_process, "cpu_seconds", work)
    with pytest.raises(StateError, match="KeyError: 'tables'"):
        worker.receive()
    worker.close()


def test_a_worker_that_fails_says_why() -> None:
    worker = WorkerProcess({}, [])
    with pytest.raises(StateError, match="a worker process failed: KeyError: 'tables'"):
        worker.receive()
    worker.close()
    assert not exists(worker.pid)


def test_the_class_of_the_sampler_must_be_importable(long_sampler) -> None:
    class Local(TopicSampler):
        pass

    with (
        pytest.raises(SettingsError, match="define it at the top of a module"),
        Word2VecTrainer(topic_model(), Local(), workers=2),
    ):
        pass


SCRIPT = """
from topic_sampler import TopicSampler, topic_model
from pmt_train import Word2VecTrainer

with Word2VecTrainer(topic_model(), TopicSampler(88_000), workers=2) as trainer:
    print(*trainer.pids, flush=True)
    while True:
        trainer.step(*trainer.sampler.epoch(0))
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_a_killed_program(tmp_path: Path, how: signal.Signals) -> None:
    """The script has no `if __name__`: it is not imported again."""
    (tmp_path / "script.py").write_text(SCRIPT)
    program = subprocess.Popen(
        [sys.executable, str(tmp_path / "script.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    with program:
        pids = [int(pid) for pid in program.stdout.readline().split()]
        assert len(pids) == 2
        program.send_signal(how)
        program.wait(600)
        wait_for(lambda: not any(map(exists, pids)))
        assert program.stderr.read() == ""
