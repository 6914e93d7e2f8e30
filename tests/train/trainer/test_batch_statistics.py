"""Running statistics of batch normalization in training by several threads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from pmt_autograd import Tensor
from pmt_core import GradientError
from pmt_nn import BatchNorm1d, Linear, Sequential
from pmt_train import Trainer


@dataclass(frozen=True)
class Points:
    x: np.ndarray

    def __len__(self) -> int:
        return len(self.x)


def build():
    return Sequential(BatchNorm1d(3), Linear(3, 1, np.random.default_rng(0)))


def loss(model, batch, rng):
    y = model(Tensor(batch.x))
    return (y * y).sum(), len(batch)


def points(n: int = 24) -> np.ndarray:
    return np.random.default_rng(1).normal(2, 3, (n, 3)).astype(np.float32)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_shards_give_the_statistics_of_the_whole_batch(workers: int) -> None:
    model, x = build(), points()
    trainer = Trainer(model, loss, workers=workers)
    with trainer.workers:
        trainer.step(Points(x))
    norm = model[0]
    np.testing.assert_allclose(norm.running_mean.data, 0.1 * x.mean(0), rtol=1e-5)
    np.testing.assert_allclose(norm.running_variance.data, 0.9 + 0.1 * x.var(0, ddof=1), rtol=1e-5)


def test_the_same_bits_however_the_threads_run() -> None:
    states = []
    for _ in range(4):
        model = build()
        trainer = Trainer(model, loss, workers=3)
        with trainer.workers:
            for step in range(20):
                trainer.step(Points(points() + step))
        states.append(model.state_dict())
    for state in states[1:]:
        for name, array in state.items():
            np.testing.assert_array_equal(array, states[0][name], err_msg=name)


def test_a_step_that_fails_leaves_them_alone() -> None:
    model, x = build(), points()
    before = model.state_dict()
    x[3, 1] = np.inf
    with pytest.raises(GradientError):
        Trainer(model, loss).step(Points(x))
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)
