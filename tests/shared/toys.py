"""A small model and made data that several tests train."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pmt_autograd import Tensor
from pmt_core import RandomStream
from pmt_nn import Dropout, Embedding, LayerNorm, Linear, Module, cross_entropy
from pmt_train import Trainer, cosine_schedule, warmup


@dataclass(frozen=True)
class Rows:
    """A batch: ids (b, t) and labels (b,)."""

    ids: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


class Shuffled:
    """Data with an order of its own for every epoch, as `BucketBatches` has."""

    def __init__(self, rows: Rows, batch_size: int, seed: int) -> None:
        self.rows, self.batch_size, self.seed = rows, batch_size, seed

    def epoch(self, n: int) -> Iterator[Rows]:
        order = RandomStream(self.seed, "order", n).generator().permutation(len(self.rows))
        for start in range(0, len(order), self.batch_size):
            pick = order[start : start + self.batch_size]
            yield Rows(self.rows.ids[pick], self.rows.labels[pick])

    def __iter__(self) -> Iterator[Rows]:
        return self.epoch(0)

    def __len__(self) -> int:
        return -(-len(self.rows) // self.batch_size)


class Classifier(Module):
    """An embedding table (row-sparse gradients), a norm, dropout, a linear layer."""

    def __init__(self, rng: np.random.Generator, rate: float = 0.3) -> None:
        self.words = Embedding(60, 8, rng, std=0.3)
        self.norm = LayerNorm(8)
        self.dropout = Dropout(rate)
        self.out = Linear(8, 2, rng)

    def forward(self, ids: np.ndarray, rng: np.random.Generator | None = None) -> Tensor:
        return self.out(self.dropout(self.norm(self.words(ids).mean(axis=1)), rng))


def summed_loss(model: Classifier, batch: Rows, rng: np.random.Generator) -> tuple[Tensor, int]:
    return cross_entropy(model(batch.ids, rng), batch.labels, reduction="sum"), len(batch)


def make_rows(n: int = 200, seed: int = 5) -> Rows:
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, 60, (n, 5))
    return Rows(ids, (ids.sum(axis=1) > 150).astype(np.int64))


class Toys:
    """The model, its data and its loss, in one namespace."""

    Rows, Shuffled, Classifier = Rows, Shuffled, Classifier
    loss = staticmethod(summed_loss)
    rows = staticmethod(make_rows)

    @staticmethod
    def data(n: int = 200, batch_size: int = 32, seed: int = 7) -> Shuffled:
        return Shuffled(make_rows(n), batch_size, seed)

    @staticmethod
    def model(seed: int = 3, rate: float = 0.3) -> Classifier:
        return Classifier(np.random.default_rng(seed), rate)

    @staticmethod
    def trainer(workers: int = 1, seed: int = 11, rate: float = 0.3) -> Trainer[Classifier, Rows]:
        model = Toys.model(rate=rate)
        schedule = warmup(cosine_schedule(0.02, 60), 5)
        return Trainer(model, summed_loss, schedule=schedule, seed=seed, workers=workers)

    @staticmethod
    def evaluate(trainer: Trainer[Classifier, Rows]):
        dev = list(Shuffled(make_rows(100, seed=6), 32, 0))

        def evaluate() -> dict[str, float]:
            logits = np.concatenate(trainer.predict(lambda b: trainer.model(b.ids).data, dev))
            labels = np.concatenate([b.labels for b in dev])
            return {"accuracy": float(np.mean(logits.argmax(axis=1) == labels))}

        return evaluate


def weights(model: Module) -> dict[str, np.ndarray]:
    """Return copies of all parameters, by name."""
    return {name: p.data.copy() for name, p in model.named_parameters()}


def assert_equal_weights(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> None:
    """Check that two sets of weights are equal to the bit."""
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)
