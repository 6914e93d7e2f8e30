"""The checkpoint of a resumed run: of another run, damaged, not saved, of an earlier version."""

from __future__ import annotations

import numpy as np
import pytest
from stopped_run import assert_same, everything, fit, stop_at

from pmt_core import ArchiveError, SettingsError, load_archive, save_archive
from pmt_train import EarlyStopping, FitOptions, Trainer, TrainingInterrupted, load_checkpoint


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
