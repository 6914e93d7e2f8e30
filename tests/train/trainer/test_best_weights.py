"""Best weights: of a finite score, with finite numbers; and what a run without them says."""

from __future__ import annotations

import numpy as np
import pytest
from toys import assert_equal_weights, weights

from pmt_core import GradientError, SettingsError, load_archive, save_archive
from pmt_train import (
    EarlyStopping,
    FitOptions,
    ReduceOnPlateau,
    load_checkpoint,
    search_learning_rate,
)

NAN, INF = float("nan"), float("inf")


def fit(trainer, toys, scores, **options):
    """Train an epoch for each score; return the history and the weights after each epoch."""
    seen, left = [], iter(scores)

    def evaluate():
        seen.append(weights(trainer.model))
        return {"accuracy": next(left)}

    options = {"quiet": True} | options
    fit_options = FitOptions(epochs=len(scores), evaluate=evaluate, **options)
    return trainer.fit(toys.data(), fit_options), seen


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
@pytest.mark.parametrize("mode", ["max", "min"])
def test_first_evaluation_that_is_not_finite_is_not_the_best(toys, tmp_path, bad, mode):
    path = tmp_path / "model.npz"
    trainer = toys.trainer()
    history, seen = fit(
        trainer,
        toys,
        [bad, 0.3, bad],
        mode=mode,
        best_model_path=path,
        checkpoint_path=path.parent / "c.npz",
    )
    assert (history.best_epoch, history.best) == (2, {"accuracy": 0.3})
    assert_equal_weights(weights(trainer.model), seen[1])
    assert_equal_weights(load_archive(path)[0], seen[1])
    assert load_checkpoint(tmp_path / "c.npz").state.stopping.best == 0.3


def test_without_a_finite_score_there_are_no_best_weights(toys, tmp_path, capsys):
    trainer = toys.trainer()
    improved = []
    history, seen = fit(
        trainer,
        toys,
        [NAN, -INF, INF],
        best_model_path=tmp_path / "model.npz",
        checkpoint_path=tmp_path / "c.npz",
        callbacks={"improved": improved.append},
        quiet=False,
    )
    assert (history.best_epoch, history.best, improved) == (None, {}, [])
    assert not (tmp_path / "model.npz").exists()
    assert_equal_weights(weights(trainer.model), seen[2])
    assert load_checkpoint(tmp_path / "c.npz").best is None
    out, err = capsys.readouterr()
    assert "*" not in out
    assert "no epoch had a finite accuracy, so there are no best weights" in err


def test_patience_counts_scores_that_are_not_finite(toys):
    stopping = EarlyStopping(patience=2)
    history, _ = fit(toys.trainer(), toys, [NAN] * 5, early_stopping=stopping)
    assert (len(history.rows), history.stopped_early) == (2, True)
    plateau = ReduceOnPlateau(patience=2)
    for score in (INF, -INF):
        plateau = plateau.update(score)
    assert (plateau.best, plateau.scale) == (None, 0.5)


def test_a_resumed_run_of_an_earlier_version_forgets_a_best_that_is_not_finite(toys, tmp_path):
    path = tmp_path / "c.npz"
    fit(toys.trainer(), toys, [0.5], checkpoint_path=path)
    arrays, meta = load_archive(path)
    meta["state"]["stopping"] |= {"best": "-inf"}
    save_archive(path, arrays, meta)
    assert load_checkpoint(path).state.stopping == EarlyStopping(rounds=1, improved=True)
    trainer = toys.trainer()
    options = FitOptions(
        epochs=2,
        evaluate=lambda: {"accuracy": 0.1},
        checkpoint_path=path,
        resume=True,
        best_model_path=tmp_path / "model.npz",
        quiet=True,
    )
    history = trainer.fit(toys.data(), options)
    assert (history.best_epoch, history.best) == (2, {"accuracy": 0.1})


@pytest.mark.parametrize("scores", [[0.5, 0.6], [0.5, 0.4], None])
def test_weights_that_are_not_finite_are_neither_the_best_nor_saved(toys, tmp_path, scores):
    """The bias becomes infinite after the last loss of the second epoch of seven steps."""
    trainer = toys.trainer()
    path = tmp_path / "c.npz"

    def spoil(event):
        if event.step == 14:
            trainer.model.out.bias.data[0] = INF

    left = iter(scores or ())
    options = FitOptions(
        epochs=3,
        evaluate=(lambda: {"accuracy": next(left)}) if scores else None,
        checkpoint_path=path,
        best_model_path=tmp_path / "model.npz",
        quiet=True,
        callbacks={"step": spoil},
    )
    with pytest.raises(GradientError, match=r"out.bias is not finite .*the last good checkpoint"):
        trainer.fit(toys.data(), options)
    assert load_checkpoint(path).state.epoch == 1
    for array in (*load_archive(tmp_path / "model.npz")[0].values(), trainer.model.out.bias.data):
        assert np.isfinite(array).all()


def test_a_state_that_does_not_fit_changes_no_part_of_the_trainer(toys):
    trainer = toys.trainer()
    other = toys.trainer(seed=12)
    fit(other, toys, [0.1])
    good, before = other.state(), trainer.state()
    for part, name in (("model", "out.bias"), ("optimizer", "v.out.bias"), ("optimizer", "steps")):
        array = np.array(good[part][name])
        array[...] = -5 if name == "steps" else np.nan
        state = {**good, part: {**good[part], name: array}}
        with pytest.raises(ValueError, match=name):
            trainer.load_state(state, 7)
        for kind, arrays in trainer.state().items():
            assert_equal_weights(arrays, before[kind])
    with pytest.raises(ValueError, match="missing"):
        trainer.load_state({}, 7)
    trainer.load_state(good, 7)
    assert trainer.step_count == 7


@pytest.mark.parametrize("rates", [(1.0, INF), (5e-324, 1.0), (0, 1), (NAN, 1), (1, NAN)])
def test_learning_rates_without_a_finite_ratio_are_refused(toys, rates):
    low, high = rates
    with pytest.raises(SettingsError, match="0 < min_lr < max_lr"):
        search_learning_rate(toys.trainer(), toys.data(), min_lr=low, max_lr=high, steps=20)


def test_search_of_rates_that_are_equal_after_rounding(toys):
    high = float(np.nextafter(1e-3, 1))
    result = search_learning_rate(toys.trainer(), toys.data(), min_lr=1e-3, max_lr=high, steps=20)
    assert len(result.rates) == 20
