"""A run that was stopped and resumed is, bit for bit, the run that was not."""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import pytest

from pmt_core import ArchiveError, SettingsError, load_archive, save_archive
from pmt_train import EarlyStopping, FitOptions, Trainer, TrainingInterrupted, load_checkpoint

EPOCHS = 4
STEPS = 7 * EPOCHS


def stop_at(step, number=signal.SIGINT):
    def callback(event):
        if event.step == step:
            os.kill(os.getpid(), number)

    return {"step": callback}


def everything(trainer, history):
    """All that a run leaves behind, clocks aside."""
    arrays = {f"model.{k}": v for k, v in trainer.model.state_dict().items()}
    arrays |= {f"optimizer.{k}": v for k, v in trainer.optimizer.state_dict().items()}
    clocks = ("seconds", "examples_per_second")
    rows = [{k: v for k, v in row.items() if k not in clocks} for row in history.rows]
    return arrays, (rows, history.best_epoch, history.best, history.examples)


def assert_same(first, second):
    assert first[1] == second[1]
    assert first[0].keys() == second[0].keys()
    for name in first[0]:
        np.testing.assert_array_equal(first[0][name], second[0][name], err_msg=name)


def fit(trainer, toys, path, **kwargs):
    return trainer.fit(
        toys.data(),
        FitOptions(
            epochs=EPOCHS,
            evaluate=toys.evaluate(trainer),
            early_stopping=EarlyStopping(patience=3),
            checkpoint_path=path,
            quiet=True,
            **kwargs,
        ),
    )


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


def test_a_nan_in_the_history_survives(toys, tmp_path):
    path = tmp_path / "c.npz"
    trainer = toys.trainer()
    scores = iter([float("nan"), 0.5, float("inf")])
    trainer.fit(
        toys.data(),
        FitOptions(
            epochs=3, evaluate=lambda: {"accuracy": next(scores)}, checkpoint_path=path, quiet=True
        ),
    )
    state = load_checkpoint(path).state
    column = [row["dev_accuracy"] for row in state.rows]
    assert np.isnan(column[0])
    assert column[1:] == [0.5, np.inf]
    assert (state.stopping.best, state.stopping.best_round) == (0.5, 2)


def test_a_checkpoint_of_another_run_is_refused(toys, tmp_path):
    path = tmp_path / "c.npz"
    fit(toys.trainer(), toys, path, fingerprint={"train": "sha-1"})
    with pytest.raises(SettingsError, match="train was 'sha-1' and is 'sha-2' now"):
        fit(toys.trainer(), toys, path, resume=True, fingerprint={"train": "sha-2"})
    with pytest.raises(SettingsError, match="seed was 11 and is 12"):
        fit(toys.trainer(seed=12), toys, path, resume=True, fingerprint={"train": "sha-1"})
    trainer = Trainer(toys.model().out, lambda m, b, r: (m.bias.sum(), 1), seed=11)
    with pytest.raises(ArchiveError, match="another model.*missing weight"):
        trainer.fit(
            toys.data(),
            FitOptions(
                epochs=4,
                checkpoint_path=path,
                resume=True,
                fingerprint={"train": "sha-1"},
                early_stopping=EarlyStopping(patience=3),
                evaluate=lambda: {},
                quiet=True,
            ),
        )


def test_another_number_of_workers_goes_on_with_a_note(toys, tmp_path, capsys):
    path = tmp_path / "c.npz"
    with pytest.raises(TrainingInterrupted):
        fit(toys.trainer(1), toys, path, callbacks=stop_at(9))
    capsys.readouterr()
    fit(toys.trainer(2), toys, path, resume=True)
    assert "1 workers and has 2 now" in capsys.readouterr().err


def test_what_is_no_checkpoint_is_refused(toys, tmp_path):
    path = tmp_path / "c.npz"
    np.savez(path, a=np.ones(3))
    with pytest.raises(ArchiveError, match="not a checkpoint"):
        fit(toys.trainer(), toys, path, resume=True)
    path.write_bytes(b"PK\x03\x04 nonsense")
    with pytest.raises(ArchiveError):
        fit(toys.trainer(), toys, path, resume=True)


def test_a_failed_save_leaves_the_checkpoint_before(toys, tmp_path, monkeypatch):
    """A full disk: the error says so, and the run goes on from what was saved before."""
    from pmt_core import FileProblem
    from pmt_train.trainer import checkpoint as module

    path = tmp_path / "c.npz"
    straight = toys.trainer()
    expected = everything(straight, fit(straight, toys, tmp_path / "straight.npz"))
    real, calls = module.save_archive, []

    def failing(target, arrays, meta):
        calls.append(1)
        if len(calls) == 3:

            class Bad(dict):
                def items(self):
                    raise OSError(28, "No space left on device")

            return real(target, Bad(), meta)
        return real(target, arrays, meta)

    monkeypatch.setattr(module, "save_archive", failing)
    with pytest.raises((FileProblem, OSError)):
        fit(toys.trainer(), toys, path)
    monkeypatch.undo()
    assert load_checkpoint(path).state.epoch == 2
    trainer = toys.trainer()
    assert_same(everything(trainer, fit(trainer, toys, path, resume=True)), expected)


def test_a_checkpoint_of_an_earlier_version_resumes(toys, tmp_path):
    """The state had other keys, and a norm's weight was called gain."""
    path = tmp_path / "c.npz"
    straight = toys.trainer()
    expected = everything(straight, fit(straight, toys, tmp_path / "straight.npz"))
    with pytest.raises(TrainingInterrupted):
        fit(toys.trainer(), toys, path, fingerprint={"train": "sha-1"}, callbacks=stop_at(17))
    arrays, meta = load_archive(path)
    state = meta["state"]
    state["epoch_steps"] = state.pop("norm_count")
    new = state.pop("fingerprint")
    state |= {"accumulate": new.pop("accumulate"), "averages": new.pop("average of the weights")}
    state["about"] = new
    old = {name.replace("norm.weight", "norm.gain"): array for name, array in arrays.items()}
    assert {"model.norm.gain", "optimizer.m.norm.gain", "best.norm.gain"} <= old.keys()
    save_archive(path, old, meta)
    with pytest.raises(SettingsError, match="train was 'sha-1' and is 'sha-2' now"):
        fit(toys.trainer(), toys, path, resume=True, fingerprint={"train": "sha-2"})
    trainer = toys.trainer()
    history = fit(trainer, toys, path, resume=True, fingerprint={"train": "sha-1"})
    assert_same(everything(trainer, history), expected)
