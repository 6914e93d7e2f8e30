"""A run that was stopped and resumed is, bit for bit, the run that was not."""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import pytest
from stopped_run import EPOCHS, STEPS, assert_same, everything, fit, stop_at

from pmt_core import load_archive
from pmt_train import EarlyStopping, FitOptions, TrainingInterrupted, load_checkpoint


@pytest.mark.parametrize("workers", [1, 2])
def test_stopped_at_random_steps(toys, tmp_path, workers):
    straight = toys.trainer(workers)
    expected = everything(straight, fit(straight, toys, tmp_path / "straight.npz"))

    rng = np.random.default_rng(workers)
    stops = sorted({*rng.integers(1, STEPS, 5), 7, STEPS})  # 7: the last step of an epoch
    path = tmp_path / "stopped.npz"
    for step in stops:
        with pytest.raises(TrainingInterrupted) as caught:
            trainer = toys.trainer(workers)
            fit(trainer, toys, path, resume=True, callbacks=stop_at(step))
        assert (caught.value.step, caught.value.signal) == (step, signal.SIGINT)
        assert str(path) in str(caught.value)
        assert load_checkpoint(path).state.step == step
    trainer = toys.trainer(workers)
    history = fit(trainer, toys, path, resume=True)
    assert_same(everything(trainer, history), expected)
    assert history.seconds > 0


def test_killed_between_checkpoints(toys, tmp_path):
    """No last checkpoint: what was done since the one before is done again."""
    straight = toys.trainer()
    expected = everything(straight, fit(straight, toys, tmp_path / "straight.npz"))
    path = tmp_path / "killed.npz"

    class Killed(BaseException):
        pass

    def kill(event):
        if event.step == 17:
            raise Killed

    with pytest.raises(Killed):
        fit(toys.trainer(), toys, path, callbacks={"step": kill})
    assert load_checkpoint(path).state.step == 14
    trainer = toys.trainer()
    assert_same(everything(trainer, fit(trainer, toys, path, resume=True)), expected)


def test_checkpoints_within_an_epoch(toys, tmp_path):
    path = tmp_path / "c.npz"
    steps = []
    fit(
        toys.trainer(),
        toys,
        path,
        checkpoint_seconds=0.0,
        callbacks={"checkpoint": lambda event: steps.append(event.step)},
    )
    assert sorted(set(steps)) == list(range(1, STEPS + 1))


def test_stopped_while_evaluating(toys, tmp_path):
    """Evaluation is broken off at once, and done again by the resumed run."""
    straight = toys.trainer()
    expected = everything(straight, fit(straight, toys, tmp_path / "straight.npz"))
    path = tmp_path / "c.npz"
    trainer = toys.trainer()
    real, calls = toys.evaluate(trainer), []

    def evaluate():
        calls.append(1)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
            raise AssertionError("this line is not reached")
        return real()

    with pytest.raises(TrainingInterrupted) as caught:
        trainer.fit(
            toys.data(),
            FitOptions(
                epochs=EPOCHS,
                evaluate=evaluate,
                early_stopping=EarlyStopping(patience=3),
                checkpoint_path=path,
                quiet=True,
            ),
        )
    assert (caught.value.step, caught.value.signal) == (14, signal.SIGTERM)
    state = load_checkpoint(path).state
    assert (state.epoch, state.batch) == (1, 7)
    trainer = toys.trainer()
    assert_same(everything(trainer, fit(trainer, toys, path, resume=True)), expected)


def test_best_weights_of_before_the_stop_are_those_at_the_end(toys, tmp_path):
    path, best = tmp_path / "c.npz", tmp_path / "model.npz"
    seen = {}

    def run(**kwargs):
        trainer = toys.trainer()

        def evaluate():
            seen[trainer.step_count] = trainer.model.state_dict()
            return {"accuracy": -trainer.step_count}

        kwargs |= {"checkpoint_path": path, "best_model_path": best, "quiet": True}
        return trainer, trainer.fit(
            toys.data(), FitOptions(epochs=EPOCHS, evaluate=evaluate, **kwargs)
        )

    with pytest.raises(TrainingInterrupted):
        run(callbacks=stop_at(17))
    best.unlink()  # the checkpoint alone is enough
    trainer, history = run(resume=True)
    assert (history.best_epoch, history.best) == (1, {"accuracy": -7})
    for state in (trainer.model.state_dict(), load_archive(best)[0]):
        for name, array in state.items():
            np.testing.assert_array_equal(array, seen[7][name])


def test_clocks_and_counts_go_on(toys, tmp_path):
    path = tmp_path / "c.npz"

    def slow(event):
        time.sleep(0.02)
        stop_at(17)["step"](event)

    with pytest.raises(TrainingInterrupted):
        fit(toys.trainer(), toys, path, callbacks={"step": slow})
    before = load_checkpoint(path).state
    assert before.seconds > 17 * 0.02
    history = fit(toys.trainer(), toys, path, resume=True)
    assert history.seconds > before.seconds
    assert history.training_seconds > before.training_seconds
    assert history.examples == 200 * EPOCHS
    assert history.column("seconds") == sorted(history.column("seconds"))


def test_a_model_that_was_damaged_is_written_again(toys, tmp_path):
    paths = {"checkpoint_path": tmp_path / "c.npz", "best_model_path": tmp_path / "best.npz"}
    toys.trainer().fit(toys.data(), FitOptions(epochs=2, **paths, quiet=True))
    whole = paths["best_model_path"].read_bytes()
    paths["best_model_path"].write_bytes(whole[: len(whole) // 2])
    toys.trainer().fit(toys.data(), FitOptions(epochs=2, **paths, resume=True, quiet=True))
    assert paths["best_model_path"].read_bytes() == whole


def test_a_finished_run_is_only_loaded(toys, tmp_path):
    path = tmp_path / "c.npz"
    first = toys.trainer()
    expected = everything(first, fit(first, toys, path))
    again = toys.trainer()
    steps = []
    loaded = fit(again, toys, path, resume=True, callbacks={"step": steps.append})
    assert not steps
    assert_same(everything(again, loaded), expected)
    assert loaded.seconds == load_checkpoint(path).state.seconds


def test_resume_without_a_checkpoint_begins(toys, tmp_path):
    trainer = toys.trainer()
    assert len(fit(trainer, toys, tmp_path / "c.npz", resume=True).rows) == EPOCHS
