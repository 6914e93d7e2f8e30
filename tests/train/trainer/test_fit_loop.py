"""`Trainer.fit`: history, best weights, early stopping, callbacks, progress."""

from __future__ import annotations

import functools
import io
import math
import sys

import numpy as np
import pytest
from toys import assert_equal_weights, weights

from pmt_core import DataError, SettingsError, load_archive
from pmt_train import (
    EarlyStopping,
    FitOptions,
    ReduceOnPlateau,
    Trainer,
    constant_schedule,
    progress_bar,
)
from pmt_train.trainer import progress


def test_the_model_learns(toys):
    trainer = toys.trainer()
    history = trainer.fit(toys.data(400), epochs=10, evaluate=toys.evaluate(trainer), quiet=True)
    losses = history.column("train_loss")
    assert losses[-1] < 0.6 * losses[0]
    assert max(history.column("dev_accuracy")) > 0.75


def test_the_printed_loss_is_the_mean_over_examples_not_over_batches(toys):
    """The last batch is a small one and counts no more than its examples."""
    trainer = toys.trainer(rate=0.0)
    trainer.schedule = constant_schedule(
        0.0
    )  # weights stay, so the mean can be computed afterwards
    history = trainer.fit(toys.data(100), epochs=1, quiet=True)
    rows = toys.rows(100)
    expected, _ = toys.loss(trainer.model, rows, np.random.default_rng(0))
    assert history.rows[0]["train_loss"] == pytest.approx(expected.item() / 100, rel=1e-5)


def test_the_best_weights_are_kept_restored_and_saved(toys, tmp_path):
    trainer = toys.trainer()
    scores = iter([0.2, 0.9, 0.5, 0.9])
    seen = []

    def evaluate():
        assert not trainer.model.training
        seen.append(weights(trainer.model))
        return {"accuracy": next(scores), "other": 1}

    history = trainer.fit(
        toys.data(),
        FitOptions(
            epochs=4,
            evaluate=evaluate,
            best_model_path=tmp_path / "model.npz",
            best_model_meta={"vocabulary": ["a", "b"]},
            quiet=True,
        ),
    )
    assert (history.best_epoch, history.best) == (2, {"accuracy": 0.9, "other": 1})
    assert_equal_weights(weights(trainer.model), seen[1])
    arrays, meta = load_archive(tmp_path / "model.npz")
    assert_equal_weights(arrays, seen[1])
    assert meta == {"vocabulary": ["a", "b"]}
    assert not trainer.model.training


def test_lower_may_be_better_and_patience_ends_the_run(toys):
    trainer = toys.trainer()
    scores = iter([3.0, 2.0, 2.5, 2.0, 1.0])
    history = trainer.fit(
        toys.data(),
        FitOptions(
            epochs=5,
            evaluate=lambda: {"loss": next(scores)},
            monitor="loss",
            early_stopping=EarlyStopping(patience=2, mode="min"),
            quiet=True,
        ),
    )
    assert (len(history.rows), history.best_epoch, history.stopped_early) == (4, 2, True)


@pytest.mark.parametrize("what", ["error", "keyboard"])
def test_the_best_weights_are_restored_on_every_way_out(toys, what):
    trainer = toys.trainer()
    seen = []

    def evaluate():
        if len(seen) == 2:
            raise RuntimeError if what == "error" else KeyboardInterrupt
        seen.append(weights(trainer.model))
        return {"accuracy": 1 - len(seen) / 10}

    with pytest.raises((RuntimeError, KeyboardInterrupt)):
        trainer.fit(toys.data(), epochs=5, evaluate=evaluate, quiet=True)
    assert_equal_weights(weights(trainer.model), seen[0])


def test_callbacks_are_called_by_event(toys, tmp_path):
    events = []
    trainer = toys.trainer()
    history = trainer.fit(
        toys.data(100, batch_size=50),
        FitOptions(
            epochs=2,
            evaluate=toys.evaluate(trainer),
            checkpoint_path=tmp_path / "c.npz",
            callbacks={
                name: functools.partial(lambda n, e: events.append((n, e.name, e.step)), name)
                for name in ("start", "step", "epoch", "checkpoint", "end")
            },
            quiet=True,
        ),
    )
    assert all(a == b for a, b, _ in events)
    assert [(name, step) for _, name, step in events] == [
        ("start", 0),
        *[("step", 1), ("step", 2), ("checkpoint", 2), ("epoch", 2)],
        *[("step", 3), ("step", 4), ("checkpoint", 4), ("epoch", 4)],
        ("end", 4),
    ]
    assert [row["step"] for row in history.rows] == [2, 4]
    with pytest.raises(SettingsError, match=r"no event 'epochs'; events are start, step"):
        trainer.fit(toys.data(), FitOptions(epochs=1, callbacks={"epochs": print}))


def test_any_reiterable_will_do_and_what_can_be_read_once_will_not(toys):
    batches = list(toys.data())
    history = toys.trainer().fit(batches, epochs=2, quiet=True)
    assert [row["step"] for row in history.rows] == [len(batches), 2 * len(batches)]
    with pytest.raises(SettingsError, match="can be read only once"):
        toys.trainer().fit(iter(batches), epochs=2)
    with pytest.raises(DataError, match="no batches"):
        toys.trainer().fit([], epochs=2, quiet=True)


def test_a_line_per_epoch(toys, capsys):
    trainer = toys.trainer()
    trainer.fit(toys.data(), epochs=2, evaluate=toys.evaluate(trainer))
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["epoch 1/2", "epoch 2/2"]
    assert "train loss" in lines[0]
    assert "dev accuracy" in lines[0]
    assert err == ""  # no bar: standard error is no terminal
    trainer.fit(toys.data(), epochs=1, quiet=True)
    assert capsys.readouterr() == ("", "")


def test_accumulated_batches_are_one_step(toys):
    trainer = Trainer(toys.model(), toys.loss, accumulate=3)
    counts = []
    history = trainer.fit(
        toys.data(),
        FitOptions(epochs=2, quiet=True, callbacks={"step": lambda e: counts.append(e.step)}),
    )
    assert counts == [1, 2, 3, 4, 5, 6]  # 7 batches an epoch: 3 + 3 + 1
    assert history.examples == 400


def test_the_average_is_evaluated_and_kept_as_the_best(toys, tmp_path):
    trainer = Trainer(toys.model(rate=0.0), toys.loss, schedule=0.02, average=0.9)
    seen = []

    def evaluate():
        seen.append(trainer.model.state_dict())
        return {"accuracy": float(len(seen))}

    trained = {}

    def keep(event):
        trained.update(trainer.model.state_dict())

    trainer.fit(
        toys.data(),
        FitOptions(
            epochs=2,
            evaluate=evaluate,
            best_model_path=tmp_path / "model.npz",
            callbacks={"epoch": keep},
            quiet=True,
        ),
    )
    for name, value in load_archive(tmp_path / "model.npz")[0].items():
        np.testing.assert_array_equal(value, seen[-1][name])
        np.testing.assert_array_equal(value, trainer.model.state_dict()[name])
        assert np.abs(trained[name] - value).max() > 1e-4, name


def test_fit_lowers_the_rate_on_a_plateau(toys):
    trainer = Trainer(toys.model(rate=0.0), toys.loss, schedule=0.02)
    history = trainer.fit(
        toys.data(),
        FitOptions(
            epochs=5,
            evaluate=lambda: {"accuracy": 0.5},
            plateau=ReduceOnPlateau(patience=1, factor=0.5),
            quiet=True,
        ),
    )
    assert history.column("lr") == pytest.approx([0.02, 0.02, 0.01, 0.005, 0.0025])
    with pytest.raises(SettingsError, match="contradict"):
        trainer.fit(
            toys.data(),
            FitOptions(
                epochs=1,
                early_stopping=EarlyStopping(mode="min"),
                plateau=ReduceOnPlateau(),
                quiet=True,
            ),
        )


def test_options_and_shortcuts(toys):
    trainer = toys.trainer()
    options = FitOptions(epochs=9, quiet=True)
    assert len(trainer.fit(toys.data(64), options, epochs=2).rows) == 2
    with pytest.raises(SettingsError, match=r"expected a number of epochs, got none; use fit\("):
        trainer.fit(toys.data())
    with pytest.raises(SettingsError, match="expected 1 or more epochs, got 0"):
        trainer.fit(toys.data(), epochs=0)
    with pytest.raises(SettingsError, match="'accuracy'; it returned f1"):
        trainer.fit(toys.data(64), epochs=1, evaluate=lambda: {"f1": 1.0}, quiet=True)
    with pytest.raises(SettingsError, match="contradict"):
        FitOptions(epochs=1, mode="min", early_stopping=EarlyStopping())
    with pytest.raises(SettingsError, match="make them from arrays by batches_of"):
        trainer.fit(17, epochs=1)


def terminal_of_bars(monkeypatch) -> io.StringIO:
    """Make standard error a terminal, on which bars appear at once, and return it."""

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setitem(progress_bar.__kwdefaults__, "delay", 0.0)
    monkeypatch.setitem(progress._OPTIONS, "mininterval", 0)  # seconds between two updates
    return terminal


class Circular(dict):
    """A dict that contains itself."""

    def __init__(self) -> None:
        self["self"] = self


@pytest.mark.parametrize(
    "value", [{1, 2}, np.float32(1), np.arange(3), math.nan, math.inf, b"x", [object()], Circular()]
)
@pytest.mark.parametrize("name", ["fingerprint", "best_model_meta"])
def test_what_is_not_json_is_named_by_its_key(name, value):
    with pytest.raises(SettingsError, match=rf"JSON in {name} .*'bad'"):
        FitOptions(epochs=1, **{name: {"good": [1, "a", None], "bad": value}})
    with pytest.raises(SettingsError, match=f"{name} is a dict"):
        FitOptions(epochs=1, **{name: [1]})


def test_the_bar_of_an_epoch_without_predictions_shows_no_loss(monkeypatch):
    terminal = terminal_of_bars(monkeypatch)
    bar = progress.EpochProgress("epoch 1/1", 3, 0, 0)
    for loss in (math.nan, math.nan, 0.5):
        bar.update(loss, 1e-3, 10.0)
    bar.close()
    assert "no predictions, lr 1.0e-03" in terminal.getvalue()
    assert "nan" not in terminal.getvalue()


def test_the_bar_has_a_total_and_the_time_left(toys, monkeypatch):
    terminal = terminal_of_bars(monkeypatch)
    toys.trainer().fit(toys.data(96), FitOptions(epochs=2))
    lines = terminal.getvalue().split("\r")
    line = next(line for line in lines if line.startswith("epoch 1/2") and "2/3, loss" in line)
    assert "left 00:0" in line  # of all epochs
