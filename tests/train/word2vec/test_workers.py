"""Worker processes: they learn as well as one, and leave nothing behind however they end."""

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
from types import SimpleNamespace

import numpy as np
import pytest
from topic_sampler import TopicSampler, topic_contrast, topic_model

from pmt_core import SettingsError, StateError
from pmt_train import FitOptions, History, TrainingLoop, Word2VecSettings, Word2VecTrainer
from pmt_train.word2vec import worker_process
from pmt_train.word2vec.chunk_trainer import update_size
from pmt_train.word2vec.worker_process import WorkerProcess

MODELS = [(model, loss) for model in ("skipgram", "cbow") for loss in ("ns", "hs")]
LINUX = sys.platform == "linux"


@pytest.fixture(scope="module")
def sampler() -> TopicSampler:
    return TopicSampler(88_000, 10_000)


def fit(trainer: Word2VecTrainer, epochs: int = 2, **options) -> History:
    options = FitOptions(epochs=epochs, quiet=True, **options)
    return TrainingLoop(trainer, trainer.sampler, options).run()


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 600  # far more than any machine needs
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def shared_descriptors() -> list[str]:
    links = [os.path.join("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]
    return [link for link in links if os.path.islink(link) and "pmt" in os.readlink(link)]


# --- learning -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "loss"), MODELS)
def test_workers_learn_as_well_as_one(sampler, model: str, loss: str) -> None:
    alone, together = (topic_model(model=model, loss=loss) for _ in range(2))
    with Word2VecTrainer(alone, sampler) as trainer:
        expected = fit(trainer)
    with Word2VecTrainer(together, sampler, workers=3) as trainer:
        history = fit(trainer)
    assert history.examples == expected.examples == 2 * 88_000
    # So few words are in every update of every worker: much of what one writes another overwrites.
    np.testing.assert_allclose(
        history.column("train_loss")[-1], expected.column("train_loss")[-1], rtol=0.06
    )
    assert topic_contrast(together) > 0.5


@pytest.mark.parametrize(("model", "loss"), MODELS)
def test_the_loss_is_the_mean_over_every_prediction(sampler, model: str, loss: str) -> None:
    """Weights that hardly move: whoever trains on which chunk when, the sum is that of one."""
    rates = {"learning_rate": 1e-30, "last_learning_rate": 0.0}
    models = [topic_model(model=model, loss=loss, **rates) for _ in range(2)]
    rng = np.random.default_rng(1)
    for first, second in zip(*(m.tables for m in models), strict=True):
        first[:-1] = second[:-1] = rng.normal(size=first[:-1].shape)
    results = []
    for m, workers in zip(models, (1, 2), strict=True):
        with Word2VecTrainer(m, sampler, workers=workers) as trainer:
            results.append(trainer.step(*trainer.sampler.epoch(0)))
    np.testing.assert_allclose(results[1].loss, results[0].loss, rtol=1e-6)
    assert results[1].count == results[0].count
    assert results[1].examples == 88_000


def test_resumed_with_other_workers_every_chunk_is_trained_once(sampler, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"

    class Stop(Exception):
        pass

    def stop(event) -> None:
        raise Stop

    with Word2VecTrainer(topic_model(), sampler, workers=2) as trainer:
        trainer.accumulate = 4
        with pytest.raises(Stop):
            fit(
                trainer,
                checkpoint_path=path,
                checkpoint_seconds=0.0,
                callbacks={"checkpoint": stop},
            )
    with Word2VecTrainer(topic_model(), sampler, workers=3) as trainer:
        history = fit(trainer, checkpoint_path=path, resume=True)
    assert history.examples == 2 * 88_000
    assert history.column("step") == [2, 3]


def test_divergence_is_an_error(sampler) -> None:
    wild = topic_model(learning_rate=100.0, update_blocks=4)
    with (
        pytest.raises(StateError, match="lower the learning rate"),
        Word2VecTrainer(wild, sampler, workers=2) as trainer,
    ):
        fit(trainer)


def test_workers_share_what_keeps_an_update_stable() -> None:
    counts = np.array([1000, 300, 50, 7, 1])
    settings = Word2VecSettings(block_words=1, learning_rate=0.01)
    text = SimpleNamespace(
        counts=counts, keep_probabilities=np.ones(5), noise_weights=counts**0.75, window=5
    )
    sizes = [update_size(settings, text, 6.0, workers) for workers in (1, 3, 7)]
    # The busiest word is 1000 of 1358, in 6 contexts, with 6 targets each: 26.5 terms a word, so 15
    # words have 400 = 4 / 0.01. Three and seven workers share them.
    assert sizes == [(1, 15), (1, 5), (1, 2)]


# --- what they leave ------------------------------------------------------------------------------


def test_nothing_is_left_and_the_weights_stay(sampler) -> None:
    model = topic_model()
    before = shared_descriptors() if LINUX else []
    with Word2VecTrainer(model, sampler, workers=2) as trainer:
        pids = trainer.pids
        assert len(pids) == 2
        assert all(map(runs, pids))
        trainer.step(*trainer.sampler.epoch(0))
    assert not any(map(runs, pids))
    assert np.isfinite(model.vectors).all()
    trained = model.vectors.copy()
    with Word2VecTrainer(model, sampler) as trainer:  # by this process, on the same memory
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
def test_a_killed_worker_is_an_error_that_says_so(sampler) -> None:
    with Word2VecTrainer(topic_model(), sampler, workers=2) as trainer:
        trainer.accumulate = 4
        pids = trainer.pids

        def kill(event) -> None:
            os.kill(pids[0], signal.SIGKILL)

        with pytest.raises(StateError, match=f"worker process {pids[0]} was killed by signal 9"):
            fit(trainer, callbacks={"step": kill})
    assert not any(map(runs, pids))


@pytest.fixture
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may give a worker no time for long, so the limit on that stays as it is."""
    for name, seconds in (("_LOOK", 0.05), ("_STOPPED", 0.5)):
        monkeypatch.setattr(worker_process, f"{name}_SECONDS", seconds)


@pytest.mark.skipif(not LINUX, reason="the state of a process")
@pytest.mark.usefixtures("short_limits")
def test_a_stopped_worker_is_an_error_that_names_it(sampler) -> None:
    with Word2VecTrainer(topic_model(), sampler, workers=2) as trainer:
        trainer.accumulate = 4
        pids = trainer.pids

        def stop(event) -> None:
            os.kill(pids[1], signal.SIGSTOP)

        with pytest.raises(StateError, match=rf"worker process {pids[1]} .* stopped \(SIGSTOP\)"):
            fit(trainer, callbacks={"step": stop})
    assert not any(map(runs, pids))


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
    assert not runs(worker.pid)


def test_the_class_of_the_sampler_must_be_importable(sampler) -> None:
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
        wait_for(lambda: not any(map(runs, pids)))
        assert program.stderr.read() == ""
