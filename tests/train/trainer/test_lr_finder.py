"""The learning rate finder."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import SettingsError
from pmt_train import SGD, Trainer, search_learning_rate


def test_the_search_finds_where_the_loss_falls_and_leaves_no_trace(toys):
    trainer = Trainer(
        toys.model(), toys.loss, schedule=0.02, seed=11, optimizer=SGD, clip=None, average=0.9
    )
    trainer.step(toys.rows(32))
    before = trainer.model.state_dict(), trainer.optimizer.state_dict(), trainer.step_count
    search = search_learning_rate(trainer, toys.data(), min_lr=1e-4, max_lr=1e5, steps=60)
    assert search.rates[0] == pytest.approx(1e-4)
    assert search.rates == sorted(search.rates)
    assert search.diverged
    assert len(search.rates) < 60
    assert 1e-4 < search.suggestion < search.rates[-1]
    after = trainer.model.state_dict(), trainer.optimizer.state_dict(), trainer.step_count
    assert before[2] == after[2]
    for first, second in zip(before[:2], after[:2], strict=True):
        for name, value in first.items():
            np.testing.assert_array_equal(second[name], value)
    assert trainer.schedule(0) == 0.02

    with pytest.raises(SettingsError, match="min_lr < max_lr"):
        search_learning_rate(trainer, toys.data(), min_lr=1.0, max_lr=0.1)


def test_a_step_without_predictions_has_no_loss(toys):
    """Every second batch counts nothing; a loss of 0 would look like the best rate."""

    def loss(model, batch, rng):
        total, count = toys.loss(model, batch, rng)
        return (total * 0.0, 0) if batch.ids[0, 0] % 2 else (total, count)

    trainer = Trainer(toys.model(), loss, schedule=0.02, optimizer=SGD, clip=None)
    search = search_learning_rate(trainer, toys.data(), min_lr=1e-4, max_lr=1.0, steps=20)
    assert 0 < len(search.losses) == len(search.rates) < 20
    assert min(search.losses) > 0
