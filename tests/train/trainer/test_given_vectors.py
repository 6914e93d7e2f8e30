"""An embedding of given vectors in training: frozen it stays, to the bit; else it learns."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_autograd import Tensor
from pmt_nn import Embedding, Linear, Sequential, cross_entropy
from pmt_train import FitOptions, Trainer

IDS = np.array([0, 1, 2, 3, 0, 2])
LABELS = np.array([0, 1, 0, 1, 0, 0])


class Batch:
    def __len__(self) -> int:
        return len(IDS)

    def shard(self, i: int, n: int) -> Batch:
        raise AssertionError("one worker")


def loss(model: Sequential, batch: Batch, rng: np.random.Generator) -> tuple[Tensor, int]:
    return cross_entropy(model(IDS), LABELS, reduction="sum"), len(batch)


@pytest.mark.parametrize("trainable", [True, False])
def test_only_trainable_vectors_change_and_both_are_saved(trainable: bool, tmp_path) -> None:
    vectors = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    table = Embedding.from_vectors(vectors, trainable=trainable)
    model = Sequential(table, Linear(3, 2, np.random.default_rng(1)))
    trainer = Trainer(model, loss, schedule=0.05, workers=1)
    assert trainer.flat.size == 3 * 2 + 2 + (15 if trainable else 0)
    first = trainer.step(Batch()).loss
    for _ in range(50):
        last = trainer.step(Batch()).loss
    assert last < 0.7 * first
    changed = (table.weight.data != vectors).any(axis=1)
    assert changed.tolist() == [trainable] * 4 + [False]  # no batch named the last row
    path = tmp_path / "checkpoint.npz"
    trainer.fit([Batch()], FitOptions(epochs=1, checkpoint_path=path, quiet=True))
    again = Trainer(
        Sequential(
            Embedding.from_vectors(np.zeros((5, 3)), trainable=trainable),
            Linear(3, 2, np.random.default_rng(2)),
        ),
        loss,
        schedule=0.05,
        workers=1,
    )
    again.fit([Batch()], FitOptions(epochs=1, checkpoint_path=path, resume=True, quiet=True))
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(again.model.state_dict()[name], array)
