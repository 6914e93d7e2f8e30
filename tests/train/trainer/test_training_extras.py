"""Accumulation, clipping by value, averaged weights, plateaus, and the search for a rate."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import RowSparse, SettingsError, load_archive
from pmt_nn import Parameter
from pmt_train import (
    SGD,
    Clipping,
    EarlyStopping,
    FitOptions,
    FlatParameters,
    LearningRateSearch,
    ReduceOnPlateau,
    Trainer,
    WeightAverage,
    clip_values,
    constant_schedule,
    global_norm,
    learning_rate_plot,
    one_cycle_schedule,
    search_learning_rate,
)


def trainer_of(toys, **kwargs):
    kwargs = {"schedule": 0.02, "seed": 11} | kwargs
    return Trainer(toys.model(rate=kwargs.pop("rate", 0.0)), toys.loss, **kwargs)


@pytest.mark.parametrize("workers", [1, 2])
def test_accumulated_batches_are_one_large_batch(toys, workers):
    large, small = (trainer_of(toys, workers=workers) for _ in range(2))
    rows = toys.rows(96)
    for _ in range(5):
        parts = [toys.Rows(rows.ids[i : i + 32], rows.labels[i : i + 32]) for i in (0, 32, 64)]
        one, three = large.step(rows), small.step(*parts)
        assert (three.count, three.lr) == (96, one.lr)
        assert three.loss == pytest.approx(one.loss, rel=1e-5)
        assert three.grad_norm == pytest.approx(one.grad_norm, rel=1e-4)
    for name, value in large.model.state_dict().items():
        np.testing.assert_allclose(small.model.state_dict()[name], value, atol=2e-5, err_msg=name)


def test_gathering_onto_earlier_gradients_adds_every_kind():
    """Dense after rows, rows after dense, and parameters that take part only once."""
    rng = np.random.default_rng(0)
    a, b, c, d = (Parameter(np.zeros((6, 2))) for _ in range(4))
    flat = FlatParameters([("a", a), ("b", b), ("c", c), ("d", d)])
    rows = [RowSparse(rng.integers(0, 6, 4), rng.normal(size=(4, 2)), (6, 2)) for _ in range(4)]
    dense = [rng.normal(size=(6, 2)) for _ in range(4)]
    found = flat.gather([{a: rows[0], b: dense[0], c: rows[1]}])
    found = flat.gather([{a: dense[1], b: rows[2], c: rows[3]}, {b: dense[2]}], onto=found)
    found = flat.gather([{d: dense[3]}], onto=found)
    expected = [
        rows[0].to_dense() + dense[1],
        dense[0] + rows[2].to_dense() + dense[2],
        rows[1].to_dense() + rows[3].to_dense(),
        dense[3],
    ]
    for slot, value in zip(flat.slots, expected, strict=True):
        got = found.of(slot)
        got = got.to_dense() if isinstance(got, RowSparse) else got
        np.testing.assert_allclose(got, value, err_msg=slot.name)
    assert [slot.name for slot, _ in found.sparse] == ["c"]
    assert global_norm(found) == pytest.approx(np.sqrt(sum((e**2).sum() for e in expected)))


def test_fit_draws_batches_together(toys):
    trainer = trainer_of(toys, accumulate=3)
    counts = []
    history = trainer.fit(
        toys.data(),
        FitOptions(epochs=2, quiet=True, callbacks={"step": lambda e: counts.append(e.step)}),
    )
    assert counts == [1, 2, 3, 4, 5, 6]  # 7 batches an epoch: 3 + 3 + 1
    assert history.examples == 400


def test_clipping_by_value_comes_before_the_norm(toys):
    p = Parameter(np.zeros(4))
    table = Parameter(np.zeros((5, 2)))
    flat = FlatParameters([("p", p), ("table", table)])
    rows = RowSparse(np.array([1, 1]), np.array([[4.0, -1.0], [4.0, 0.0]]), (5, 2))
    found = flat.gather([{p: np.array([8.0, -8.0, 1.0, 0.0]), table: rows}])
    clipped = clip_values(found, 0.5, scale=1 / 4)  # elements beyond 2 are cut to 2
    np.testing.assert_array_equal(clipped.of(flat.slots[1]), [2.0, -2.0, 1.0, 0.0])
    np.testing.assert_array_equal(clipped.of(flat.slots[0]).values, [[2.0, -1.0]])
    assert global_norm(clipped) == pytest.approx(np.sqrt(4 + 4 + 1 + 4 + 1))
    with pytest.raises(SettingsError, match="above 0"):
        trainer_of(toys, clip=Clipping(value=0.0))


def test_clip_value_bounds_what_a_step_changes(toys):
    trainer = trainer_of(toys, optimizer=SGD, schedule=1.0, clip=Clipping(norm=None, value=1e-4))
    before = trainer.model.state_dict()
    trainer.step(toys.rows(64))
    for name, value in trainer.model.state_dict().items():
        assert 0 < np.abs(value - before[name]).max() <= 1.01e-4


# --- averaged weights ---------------------------------------------------------------------------


def test_the_average_is_the_weighted_mean_of_all_weights():
    """A dense parameter and a table, against the definition."""
    rng = np.random.default_rng(0)
    w, table = Parameter(rng.normal(size=(4, 3))), Parameter(rng.normal(size=(9, 2)))
    flat = FlatParameters([("w", w), ("table", table)])
    optimizer, average = SGD(flat), WeightAverage(flat, decay=0.8)
    seen = []
    for step in range(25):
        rows = RowSparse(rng.integers(0, 9, 2), rng.normal(size=(2, 2)), (9, 2))
        found = {w: rng.normal(size=(4, 3))}
        if step % 6 != 5:  # steps in which the table takes no part
            found[table] = rows.to_dense() if step % 9 == 8 else rows
        gathered = flat.gather([found])
        average.before_step(gathered)
        optimizer.step(gathered, 0.1)
        average.after_step(gathered)
        seen.append((w.data.copy(), table.data.copy()))
        shares = 0.8 ** np.arange(len(seen))[::-1]
        with average.applied():
            for now, values in ((w, [s[0] for s in seen]), (table, [s[1] for s in seen])):
                expected = np.tensordot(shares, np.array(values), 1) / shares.sum()
                np.testing.assert_allclose(now.data, expected, atol=1e-12)
        np.testing.assert_array_equal(table.data, seen[-1][1])


def test_the_average_is_evaluated_and_kept_as_the_best(toys, tmp_path):
    trainer = trainer_of(toys, average=0.9)
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
    with pytest.raises(SettingsError, match="0 < decay < 1"):
        trainer_of(toys, average=1.0)


# --- plateau, one cycle, search -----------------------------------------------------------------


def test_plateau_by_hand():
    plateau = ReduceOnPlateau(patience=2, factor=0.1, cooldown=1, min_scale=0.05)
    scales = []
    for score in [1.0, 2.0, 2.0, 1.5, 1.0, 1.0, float("nan"), 3.0, 0.0]:
        plateau = plateau.update(score)
        scales.append(plateau.scale)
    # 2.0 and 1.5 do not improve; the next score is the cooldown's; two more: lowest
    assert scales == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05])
    assert ReduceOnPlateau.from_dict(plateau.to_dict()) == plateau
    for wrong in ({"patience": 0}, {"factor": 1.0}, {"cooldown": -1}, {"mode": "up"}):
        with pytest.raises(SettingsError):
            ReduceOnPlateau(**wrong)


def test_fit_lowers_the_rate_on_a_plateau(toys):
    trainer = trainer_of(toys)
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


def test_one_cycle_by_hand():
    schedule = one_cycle_schedule(1.0, 11, rise=0.5454545454545454, start=0.1, final=0.0)
    assert [schedule(i) for i in (0, 5, 10, 99)] == pytest.approx([0.1, 1.0, 0.0, 0.0])
    assert schedule(8) == pytest.approx((1 + np.cos(np.pi * 3 / 5)) / 2)
    for wrong in ((1.0, 1), (-1.0, 10)):
        with pytest.raises(SettingsError):
            one_cycle_schedule(*wrong)


def test_the_search_finds_where_the_loss_falls_and_leaves_no_trace(toys, tmp_path):
    trainer = trainer_of(toys, optimizer=SGD, clip=None, average=0.9, rate=0.3)
    trainer.step(toys.rows(32))
    before = trainer.model.state_dict(), trainer.optimizer.state_dict(), trainer.step_count
    found = search_learning_rate(trainer, toys.data(), min_lr=1e-4, max_lr=1e5, steps=60)
    assert found.rates[0] == pytest.approx(1e-4)
    assert found.rates == sorted(found.rates)
    assert found.diverged
    assert len(found.rates) < 60
    assert 1e-4 < found.suggestion < found.rates[-1]
    after = trainer.model.state_dict(), trainer.optimizer.state_dict(), trainer.step_count
    assert before[2] == after[2]
    for one, two in zip(before[:2], after[:2], strict=True):
        for name, value in one.items():
            np.testing.assert_array_equal(two[name], value)
    assert trainer.schedule(0) == constant_schedule(0.02)(0)

    path = tmp_path / "rates.png"
    learning_rate_plot(path, found)
    assert path.read_bytes()[:4] == b"\x89PNG"
    learning_rate_plot(path, LearningRateSearch())
    with pytest.raises(SettingsError):
        search_learning_rate(trainer, toys.data(), min_lr=1.0, max_lr=0.1)
