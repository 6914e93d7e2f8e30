"""The encoder classifier of `step.py` and its batches, for benchmarks that go without torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pmt_autograd import Tensor
from pmt_nn import (
    Embedding,
    LearnedPositions,
    Linear,
    Module,
    TransformerConfig,
    TransformerEncoder,
    cross_entropy,
    masked_mean,
)

VOCABULARY = 10_000
CLASSES = 2


@dataclass(frozen=True)
class Size:
    """(d, heads, layers, hidden width f, batch b, length t)."""

    d: int
    heads: int
    layers: int
    f: int
    b: int
    t: int

    def __str__(self) -> str:
        return f"({self.d},{self.heads},{self.layers},{self.f},{self.b},{self.t})"


SIZES = [
    Size(64, 4, 2, 256, 32, 32),
    Size(128, 4, 2, 512, 64, 48),
    Size(128, 4, 4, 512, 64, 64),
    Size(256, 4, 4, 1024, 32, 64),
    Size(512, 8, 6, 2048, 16, 64),
]


@dataclass(frozen=True)
class Batch:
    """ids (b, t), mask (b, t), labels (b,)."""

    ids: np.ndarray
    mask: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)


class Classifier(Module):
    def __init__(self, size: Size, dropout: float) -> None:
        rng = np.random.default_rng(0)
        self.words = Embedding(VOCABULARY, size.d, rng)
        self.positions = LearnedPositions(size.t, size.d, rng)
        self.encoder = TransformerEncoder(
            TransformerConfig(
                width=size.d, heads=size.heads, hidden=size.f, layers=size.layers, dropout=dropout
            ),
            rng,
        )
        self.classify = Linear(size.d, CLASSES, rng)

    def forward(self, batch: Batch, rng: np.random.Generator | None = None) -> Tensor:
        x = self.positions(self.words(batch.ids))
        return self.classify(masked_mean(self.encoder(x, batch.mask, rng=rng), batch.mask))


def make_batch(size: Size) -> Batch:
    rng = np.random.default_rng(1)
    lengths = rng.integers(size.t * 3 // 4, size.t + 1, size.b)
    lengths[0] = size.t
    return Batch(
        rng.integers(0, VOCABULARY, (size.b, size.t)),
        np.arange(size.t) < lengths[:, None],
        rng.integers(0, CLASSES, size.b),
    )


def loss(model: Classifier, batch: Batch, rng: np.random.Generator) -> tuple[Tensor, int]:
    return cross_entropy(model(batch, rng), batch.labels, reduction="sum"), len(batch)
