"""Several worker processes: they learn as one does, and leave nothing behind however they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from pmt_core import RandomStream, SettingsError, StateError, load_archive, save_archive
from pmt_text import (
    TextCorpus,
    Word2Vec,
    Word2VecProgress,
    Word2VecSettings,
    Word2VecTraining,
    WordCounts,
    count_words,
)
from pmt_text.word2vec.training import training as word2vec_training
from pmt_text.word2vec.training.schedule import update_size
from pmt_text.word2vec.workers import shared_array
from pmt_text.word2vec.workers.shared_array import SharedArray
from pmt_text.word2vec.workers.worker_process import WorkerProcess

FORMS = [(model, loss) for model in ("skipgram", "cbow") for loss in ("ns", "hs")]
LINUX = sys.platform == "linux"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> TextCorpus:
    """Two topics of twenty words that never meet in a sentence, 88,000 words: nine pieces."""
    rng = np.random.default_rng(0)
    topic = rng.integers(0, 2, 8800)
    words = np.char.add(
        np.where(topic, "x", "y")[:, np.newaxis], rng.integers(0, 20, (8800, 10)).astype(str)
    )
    path = tmp_path_factory.mktemp("text") / "topics.txt"
    path.write_text("\n".join(" ".join(line) for line in words))
    return TextCorpus(path, sentences="lines")


@pytest.fixture(scope="module")
def counts(corpus: TextCorpus) -> WordCounts:
    return count_words(corpus, min_count=1)


@pytest.fixture
def short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word2vec_training, "ROUND_EACH", 2)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files; nothing may be left in it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def model_of(counts: WordCounts, **changes) -> Word2Vec:
    settings = {"dimension": 16, "epochs": 2, "subsample": 1e-2, "learning_rate": 0.05} | changes
    return Word2Vec(Word2VecSettings(**settings), counts, RandomStream(7, "word2vec"))


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def shared_descriptors() -> list[str]:
    links = [os.path.join("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]
    return [link for link in links if os.path.islink(link) and "pmt" in os.readlink(link)]


# --- learning -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "loss"), FORMS)
def test_workers_learn_as_well_as_one(corpus, counts, model: str, loss: str) -> None:
    alone = model_of(counts, model=model, loss=loss)
    together = model_of(counts, model=model, loss=loss)
    with Word2VecTraining(together, corpus, workers=3) as training:
        for _ in range(2):
            expected, found = alone.train_epoch(corpus), training.train_epoch()
            # The draws are those of one worker; only the order of the updates differs.
            assert found.predictions == expected.predictions
            assert (found.words, found.trained_words) == (88_000, expected.trained_words)
    # So few words are in every update of every worker: much of what one writes another overwrites.
    np.testing.assert_allclose(found.loss, expected.loss, rtol=0.06)
    unit = together.vectors / np.linalg.norm(together.vectors, axis=1, keepdims=True)
    is_x = np.array([word[0] == "x" for word in counts.words])
    cosines = unit @ unit.T
    same = is_x[:, np.newaxis] == is_x
    assert cosines[same].mean() > cosines[~same].mean() + 0.5


@pytest.mark.parametrize(("model", "loss"), FORMS)
def test_the_loss_is_the_mean_over_every_prediction(
    corpus, counts, short_rounds, model: str, loss: str
) -> None:
    """Weights that hardly move: whoever learns which piece when, the sum is that of one worker."""
    still = {"model": model, "loss": loss, "learning_rate": 1e-30, "last_learning_rate": 0.0}
    alone, together = model_of(counts, **still), model_of(counts, **still)
    rng = np.random.default_rng(1)
    for of_alone, of_both in zip(alone.tables, together.tables, strict=True):
        of_alone[:-1] = of_both[:-1] = rng.normal(size=of_alone[:-1].shape)
    seen: list[Word2VecProgress] = []
    found = together.train_epoch(corpus, workers=2, progress=seen.append)
    expected = alone.train_epoch(corpus)
    np.testing.assert_allclose(found.loss, expected.loss, rtol=1e-6)
    assert found.predictions == expected.predictions
    assert [one.words for one in seen] == [40_000, 80_000, 88_000]
    assert seen[-1].loss == found.loss


def test_broken_off_and_resumed_every_piece_is_learned_once(
    corpus, counts, short_rounds, tmp_path: Path
) -> None:
    class Stop(Exception):
        pass

    def stop(progress: Word2VecProgress) -> None:
        raise Stop

    broken = model_of(counts)
    with Word2VecTraining(broken, corpus, workers=2) as training:
        with pytest.raises(Stop):
            training.train_epoch(stop)
        save_archive(tmp_path / "state.npz", broken.state())
        assert training.train_epoch().words == 88_000  # as if nothing had been
    resumed = model_of(counts)
    resumed.load_state(load_archive(tmp_path / "state.npz")[0])
    assert (resumed.epoch, resumed.pieces, resumed.sums.words) == (0, 4, 40_000)
    whole = model_of(counts).train_epoch(corpus)
    with Word2VecTraining(resumed, corpus, workers=3) as training:
        found = training.train_epoch()
        assert (found.words, found.predictions) == (88_000, whole.predictions)
        assert training.train_epoch().epoch == 2


def test_divergence_is_an_error(corpus, counts, temporary: Path) -> None:
    wild = model_of(counts, learning_rate=100.0, update_blocks=4)
    with (
        pytest.raises(StateError, match="lower the learning rate"),
        Word2VecTraining(wild, corpus, workers=2) as training,
    ):
        for _ in range(2):
            training.train_epoch()


def test_workers_share_what_keeps_an_update_stable() -> None:
    counts = np.array([1000, 300, 50, 7, 1])
    settings = Word2VecSettings(subsample=0, block_words=1, learning_rate=0.01)
    sizes = [update_size(settings, counts, 6.0, workers) for workers in (1, 3, 7)]
    # The busiest word is 1000 of 1358, and 6 words see it, 6 answers from each: 26.5 terms a
    # word, so 15 words have 400 = 4 / 0.01. Three and seven workers share them.
    assert sizes == [(1, 15), (1, 5), (1, 2)]


# --- what they leave ------------------------------------------------------------------------------


def test_nothing_is_left_and_the_weights_stay(corpus, counts, temporary: Path) -> None:
    model = model_of(counts)
    before = shared_descriptors() if LINUX else []
    with Word2VecTraining(model, corpus, workers=2) as training:
        pids = training.pids
        assert len(pids) == 2
        assert all(map(runs, pids))
        training.train_epoch()
        if os.name == "posix":
            assert list(temporary.iterdir()) == []  # not even the text has a name any more
    assert not any(map(runs, pids))
    assert np.isfinite(model.vectors).all()
    trained = model.vectors.copy()
    model.train_epoch(corpus)  # by this process, on the same memory
    assert not np.array_equal(model.vectors, trained)
    if LINUX:  # its two tables are all that is left, and go with it
        assert len(shared_descriptors()) == len(before) + 2
        del model, training
        assert shared_descriptors() == before


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_an_interrupt_does_not_reach_a_worker_at_any_time() -> None:
    worker = WorkerProcess({"arrays": {}}, [])
    for _ in range(10):
        os.kill(worker.pid, signal.SIGINT)  # from the moment it is started
        time.sleep(0.03)
    with pytest.raises(StateError, match="KeyError"):  # it lived to answer
        worker.wait_ready()
    worker.close()
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_killed_worker_is_an_error_that_says_so(
    corpus, counts, short_rounds, temporary: Path
) -> None:
    training = Word2VecTraining(model_of(counts), corpus, workers=2)

    def kill(progress: Word2VecProgress) -> None:
        os.kill(training.pids[0], signal.SIGKILL)

    with training:
        pids = training.pids
        with pytest.raises(StateError, match=f"worker process {pids[0]} was killed by signal 9"):
            training.train_epoch(kill)
    assert not any(map(runs, pids))


def test_a_worker_that_fails_tells_why(tmp_path: Path) -> None:
    worker = WorkerProcess({"arrays": {}}, [])
    with pytest.raises(StateError, match="a worker process failed: KeyError: 'inputs'"):
        worker.wait_ready()
    worker.close()
    assert not runs(worker.pid)
    with pytest.raises(SettingsError, match="workers must be at least 1, got 0"):
        Word2VecTraining(model_of(WordCounts(["a", "b"], [2, 1], 3)), TextCorpus("x"), workers=0)


SCRIPT = """
import sys, time
from pmt_core import RandomStream
from pmt_text import TextCorpus, Word2Vec, Word2VecSettings, Word2VecTraining, count_words

corpus = TextCorpus(sys.argv[1], sentences="lines")
counts = count_words(corpus, min_count=1)
model = Word2Vec(Word2VecSettings(epochs=100000), counts, RandomStream(1))
with Word2VecTraining(model, corpus, workers=2) as training:
    print(*training.pids, flush=True)
    while True:
        training.train_epoch()
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_a_killed_program(corpus, tmp_path: Path, how: signal.Signals) -> None:
    """The script has no `if __name__`: it is not imported again."""
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "temporary").mkdir()
    program = subprocess.Popen(
        [sys.executable, str(tmp_path / "script.py"), corpus.path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path / "temporary")},
    )
    with program:
        pids = [int(pid) for pid in program.stdout.readline().split()]
        assert len(pids) == 2
        program.send_signal(how)
        program.wait(60)
        wait_for(lambda: not any(map(runs, pids)))
        assert program.stderr.read() == ""
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="Windows has named mappings")
@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_a_shared_array_is_the_same_memory_elsewhere(
    platform: str, monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    if platform == "linux" and not LINUX:
        pytest.skip("needs Linux")
    monkeypatch.setattr(shared_array.sys, "platform", platform)
    shared = SharedArray.zeros((3, 5), np.float32)
    assert not shared.array.any()
    other = SharedArray.attach(**shared.describe())
    other.array[2, 4] = 7
    assert shared.array[2, 4] == 7
    shared.close()
    shared.array[0, 0] = 3  # good after it is closed
    assert other.array[0, 0] == 3
