from __future__ import annotations

import functools
import math

import numpy as np
import pytest

from pmt_autograd import gradients
from pmt_core import (
    DataError,
    GradientError,
    RandomStream,
    SettingsError,
    ShapeError,
    load_archive,
)
from pmt_train import (
    AdamW,
    EarlyStopping,
    FitOptions,
    FlatParameters,
    Trainer,
    clip_factor,
    constant_schedule,
    cosine_schedule,
    global_norm,
    warmup,
)


def weights(model):
    return {name: p.data.copy() for name, p in model.named_parameters()}


def assert_equal_weights(one, two):
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)


def test_a_loop_written_out_gives_the_same_numbers(toys):
    """All that a Trainer does, in a few lines."""
    trainer = toys.trainer()
    history = trainer.fit(toys.data(), epochs=3, quiet=True)

    model, data = toys.model(), toys.data()
    flat = FlatParameters(model.named_parameters())
    optimizer, schedule, step = AdamW(flat), warmup(cosine_schedule(0.02, 60), 5), 0
    losses = []
    for epoch in range(3):
        model.train()
        total = count = 0
        for batch in data.epoch(epoch):
            rng = RandomStream(11, "dropout", step, 0).generator()
            loss, n = toys.loss(model, batch, rng)
            found = flat.gather([gradients(loss)])
            scale = clip_factor(global_norm(found, 1 / n), 1.0) / n
            optimizer.step(found, schedule(step), scale=scale)
            step, total, count = step + 1, total + loss.item(), count + n
        losses.append(total / count)

    assert history.column("train_loss") == losses
    assert_equal_weights(weights(trainer.model), weights(model))


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


@pytest.mark.parametrize("n", [2, 3, 50])
def test_shards_add_up_to_the_batch(toys, n):
    """Without dropout any number of workers learns the same, to the rounding."""
    results = []
    for workers in (1, n):
        trainer = toys.trainer(workers=workers, rate=0.0)
        assert trainer.workers.count == workers
        trainer.fit(toys.data(80), epochs=1, quiet=True)  # 50 workers: some shards are empty
        results.append(weights(trainer.model))
    for name in results[0]:
        np.testing.assert_allclose(results[0][name], results[1][name], rtol=2e-3, atol=2e-5)


def test_the_same_seed_and_workers_give_the_same_bits(toys):
    results = []
    for seed in (11, 11, 12):
        trainer = toys.trainer(workers=2, seed=seed)
        trainer.fit(toys.data(), epochs=2, quiet=True)
        results.append(weights(trainer.model))
    assert_equal_weights(results[0], results[1])
    assert not np.array_equal(results[0]["out.weight"], results[2]["out.weight"])


def test_every_shard_has_its_own_dropout(toys):
    seen = []

    def loss(model, batch, rng):
        seen.append(rng.random())
        return toys.loss(model, batch, rng)

    trainer = Trainer(toys.model(), loss, workers=2)
    trainer.fit(toys.data(64), epochs=2, quiet=True)
    assert len(seen) == len(set(seen)) == 2 * 2 * 2


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


def test_a_loss_that_is_not_finite_stops_before_any_damage(toys, tmp_path):
    def loss(model, batch, rng):
        total, n = toys.loss(model, batch, rng)
        return (total * math.nan if trainer.step_count == 9 else total), n

    trainer = Trainer(toys.model(), loss, workers=2)
    checkpoint = tmp_path / "checkpoint.npz"
    with pytest.raises(GradientError, match="loss became nan at step 9") as caught:
        trainer.fit(toys.data(), FitOptions(epochs=5, checkpoint_path=checkpoint, quiet=True))
    for part in ("epoch 2, batch 3", "learning rate 0.001", "Cures", str(checkpoint)):
        assert part in str(caught.value)
    assert all(np.isfinite(p.data).all() for p in trainer.model.parameters())
    assert checkpoint.exists()  # of the first epoch
    assert trainer.optimizer.steps == 9


def test_a_gradient_that_is_not_finite_is_named(toys):
    def steep(factor):
        def loss(model, batch, rng):
            total, n = toys.loss(model, batch, rng)
            return total + model.out.bias.sum() * 3e38 * factor, n  # the bias is 0, so is this

        return Trainer(toys.model(), loss)

    assert steep(1.0).step(toys.rows(4)).grad_norm == pytest.approx(
        math.sqrt(2) * 3e38 / 4, rel=1e-5
    )
    trainer = steep(3e38)
    before = weights(trainer.model)
    with pytest.raises(GradientError, match=r"gradient became inf \(in out.bias\) at step 0"):
        trainer.step(toys.rows(4))
    assert_equal_weights(before, weights(trainer.model))


def test_gradients_are_clipped_to_the_norm(toys):
    """Sums of 1,000 rows and Adam's first step would hide it, so the optimizer tells."""
    scales = []

    class Spy(AdamW):
        def step(self, gradients, lr, *, scale=1.0, workers=None):
            scales.append((global_norm(gradients), scale))
            super().step(gradients, lr, scale=scale, workers=workers)

    trainer = Trainer(toys.model(), toys.loss, optimizer=Spy, clip=0.01)
    result = trainer.step(toys.rows(50))
    ((norm, scale),) = scales
    assert result.grad_norm == pytest.approx(norm / 50)
    assert norm * scale == pytest.approx(0.01)


def test_a_batch_with_nothing_to_count_changes_nothing(toys):
    trainer = Trainer(toys.model(), lambda m, b, r: (toys.loss(m, b, r)[0] * 0, 0))
    before = weights(trainer.model)
    result = trainer.step(toys.rows(4))
    assert (result.count, result.loss, trainer.step_count) == (0, 0, 1)
    assert_equal_weights(before, weights(trainer.model))


def test_callbacks_are_told_by_name(toys, tmp_path):
    told = []
    trainer = toys.trainer()
    history = trainer.fit(
        toys.data(100, batch_size=50),
        FitOptions(
            epochs=2,
            evaluate=toys.evaluate(trainer),
            checkpoint_path=tmp_path / "c.npz",
            callbacks={
                name: functools.partial(lambda n, e: told.append((n, e.name, e.step)), name)
                for name in ("start", "step", "epoch", "checkpoint", "end")
            },
            quiet=True,
        ),
    )
    assert all(a == b for a, b, _ in told)
    assert [(name, step) for _, name, step in told] == [
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


def test_wrong_use_is_explained(toys):
    trainer = toys.trainer()
    with pytest.raises(SettingsError, match="1 or more"):
        trainer.fit(toys.data(), epochs=0)
    with pytest.raises(SettingsError, match="'accuracy'; it returned f1"):
        trainer.fit(toys.data(), epochs=1, evaluate=lambda: {"f1": 1.0}, quiet=True)
    with pytest.raises(SettingsError, match="contradict"):
        trainer.fit(toys.data(), FitOptions(epochs=1, mode="min", early_stopping=EarlyStopping()))
    with pytest.raises(ShapeError, match="single number"):
        Trainer(toys.model(), lambda m, b, r: (m(b.ids, r), 1)).step(toys.rows(4))
    with pytest.raises(SettingsError, match="above 0"):
        Trainer(toys.model(), toys.loss, clip=0.0)


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
