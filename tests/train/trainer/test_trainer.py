"""`Trainer.step`: losses, shards, random numbers, clipping, errors; and its arguments."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
from toys import assert_equal_weights, weights

from pmt_core import GradientError, SettingsError, ShapeError
from pmt_nn import cross_entropy
from pmt_train import SGD, AdamW, Clipping, FitOptions, Loss, Trainer, batches_of, global_norm


@pytest.mark.parametrize("n", [2, 3, 16])
def test_shards_add_up_to_the_batch(toys, n):
    """Without dropout any number of workers learns the same, to the rounding."""
    results = []
    for workers in (1, n):
        trainer = toys.trainer(workers=workers, rate=0.0)
        assert trainer.workers.count == workers
        trainer.fit(toys.data(72), epochs=1, quiet=True)  # 16 workers: some shards are empty
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
    """Adam's first step does not depend on the scale, so a subclass records it."""
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


@pytest.mark.parametrize("workers", [1, 2])
def test_accumulated_batches_are_one_large_batch(toys, workers):
    large, small = (
        Trainer(toys.model(rate=0.0), toys.loss, schedule=0.02, workers=workers) for _ in range(2)
    )
    rows = toys.rows(96)
    for _ in range(5):
        parts = [toys.Rows(rows.ids[i : i + 32], rows.labels[i : i + 32]) for i in (0, 32, 64)]
        whole, parted = large.step(rows), small.step(*parts)
        assert (parted.count, parted.lr) == (96, whole.lr)
        assert parted.loss == pytest.approx(whole.loss, rel=1e-5)
        assert parted.grad_norm == pytest.approx(whole.grad_norm, rel=1e-4)
    for name, value in large.model.state_dict().items():
        np.testing.assert_allclose(small.model.state_dict()[name], value, atol=2e-5, err_msg=name)


def test_clip_value_bounds_what_a_step_changes(toys):
    trainer = Trainer(
        toys.model(rate=0.0),
        toys.loss,
        optimizer=SGD,
        schedule=1.0,
        clip=Clipping(norm=None, value=1e-4),
    )
    before = trainer.model.state_dict()
    trainer.step(toys.rows(64))
    for name, value in trainer.model.state_dict().items():
        assert 0 < np.abs(value - before[name]).max() <= 1.01e-4


@pytest.mark.parametrize("workers", [1, 3])
def test_a_mean_is_a_sum_and_its_count(toys, workers):
    """A loss of examples that count alike: the last shard may be smaller."""

    def mean(model, batch, rng):
        return cross_entropy(model(batch.ids, rng), batch.labels)

    results = []
    for loss in (mean, toys.loss):
        trainer = Trainer(toys.model(rate=0.0), loss, schedule=0.02, workers=workers)
        history = trainer.fit(toys.data(100), epochs=2, quiet=True)
        results.append((history.column("train_loss"), weights(trainer.model)))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-5)
    for name, value in results[0][1].items():
        np.testing.assert_allclose(value, results[1][1][name], atol=2e-5, err_msg=name)


@pytest.mark.parametrize("workers", [1, 2])
def test_plain_arrays_and_functions_are_enough(toys, workers):
    rows = toys.rows(100)
    batches = batches_of(rows.ids, rows.labels, batch_size=32, rng=np.random.default_rng(0))

    def loss(model, batch, rng):
        ids, labels = batch
        return cross_entropy(model(ids, rng), labels)

    trainer = Trainer(toys.model(), loss, workers=workers)
    history = trainer.fit(batches, epochs=2, quiet=True)
    assert history.examples == 200
    in_order = batches_of(rows.ids, batch_size=32)
    logits = np.concatenate(trainer.predict(lambda batch: trainer.model(batch[0]).data, in_order))
    np.testing.assert_allclose(logits, trainer.model(rows.ids).data, rtol=1e-5, atol=1e-6)


def test_a_rate_of_the_optimizer_is_that_of_the_schedule(toys):
    optimizer = functools.partial(SGD, lr=0.25)
    assert Trainer(toys.model(), toys.loss, optimizer=optimizer).step(toys.rows(4)).lr == 0.25
    trainer = Trainer(toys.model(), toys.loss, optimizer=optimizer, schedule=0.5)
    assert trainer.step(toys.rows(4)).lr == 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"optimizer": "adam"}, r"got 'adam'; e.g. optimizer=AdamW"),
        ({"optimizer": None}, "expected optimizer to be a class or a function"),
        ({"model": "model"}, "expected model to be a pmt_nn.Module"),
        ({"loss": 3}, r"function \(model, batch, rng\) -> mean or \(sum, count\), got 3"),
        ({"schedule": "cosine"}, "expected schedule to be a learning rate or a function"),
        ({"clip": 0.0}, "above 0"),
        ({"clip": -1.0}, "above 0"),
        ({"accumulate": 0}, "1 or more batches"),
    ],
)
def test_wrong_arguments_name_the_cure(toys, arguments, message):
    arguments = {"model": toys.model(), "loss": toys.loss} | arguments
    with pytest.raises(SettingsError, match=message):
        Trainer(**arguments)


def test_an_optimizer_that_is_made_already_is_refused(toys):
    model = toys.model()
    with pytest.raises(SettingsError, match="got a AdamW; e.g. optimizer=AdamW"):
        Trainer(model, toys.loss, optimizer=AdamW(model.parameters()))


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (lambda loss: 0.5, SettingsError),
        (lambda loss: (loss, "4"), SettingsError),
        (lambda loss: (loss, 4, 4), SettingsError),
    ],
)
def test_a_loss_that_returns_something_else_is_explained(toys, result, error):
    def loss(model, batch, rng):
        return result(toys.loss(model, batch, rng)[0])

    with pytest.raises(error, match=r"returns the mean as a tensor, or \(sum, count\)"):
        Trainer(toys.model(), loss).step(toys.rows(4))


def test_a_loss_per_example_is_refused(toys):
    for loss in (lambda m, b, r: m(b.ids, r), lambda m, b, r: (m(b.ids, r), 1)):
        with pytest.raises(ShapeError, match="single number"):
            Trainer(toys.model(), loss).step(toys.rows(4))


def test_help_explains_the_loss():
    assert "(model, batch, rng) -> mean, or (sum, count)" in Loss.__doc__
